"""eSMS: what stands around its messages."""

from __future__ import annotations

from ....core import errors
from ...documenting import refusals
from ...documenting.operations import NOTHING, Example, Operation, Upload
from ...documenting.sandbox_values import PHONE
from ...documenting.shapes import either, exactly
from .. import schemas
from . import shapes

CSV = "phone,name,city\r\n+256712345678,Ann,Kampala\r\n+254712345678,Chebet,Nairobi\r\n"
UNKNOWN_LIST = errors.GroupNotFound()
INVALID_SENDER = errors.InvalidInput("1 to 11 letters and digits", {"name": ["1 to 11 letters and digits"]})
NOT_A_PHONE = errors.InvalidRecipient("Not a phone number")
INVALID_URL = errors.InvalidInput("Not a valid URL", {"url": ["Not a valid URL"]})

OPERATIONS = {
    "Contact lists": {
        "POST /contact-lists": Operation(
            "Upload a contact list",
            {200: shapes.UPLOADED},
            body=Upload({"name": "Customers", "tags": "vip,2026"}, CSV),
            description="CSV in any usual encoding and delimiter, or an Excel workbook (.xlsx). The phone column is named phone,"
            " phone_number, mobile, msisdn, to or number. At most 50 MB, 500,000 rows and 100 columns; a field"
            " keeps 4,000 characters.",
            examples=(Example(keep={"list_id": "id"}),),
        ),
        "GET /contact-lists": Operation(
            "List the contact lists", {200: {"lists": [shapes.LIST], "total": 1}}, query=schemas.LONG_PAGE
        ),
        "GET /contact-lists/{list_id}": Operation("Show a contact list", {200: shapes.LIST}, (UNKNOWN_LIST,)),
        "GET /contact-lists/{list_id}/contacts": Operation(
            "List its contacts", {200: {"contacts": [shapes.CONTACT], "total": 1}}, (UNKNOWN_LIST,), query=schemas.LONG_PAGE
        ),
        "DELETE /contact-lists/{list_id}": Operation("Delete a contact list", {204: NOTHING}, (UNKNOWN_LIST,)),
    },
    "Sender IDs": {
        "POST /sender-ids": Operation(
            "Ask for a sender ID",
            {200: shapes.SENDER},
            (INVALID_SENDER,),
            body=schemas.NEW_SENDER,
            examples=(Example(body={"name": "MYSHOP", "countries": ["UG", "KE"], "use_case": "Order updates"}),),
        ),
        "GET /sender-ids": Operation("List the sender IDs", {200: [shapes.SENDER]}),
    },
    "Opt-outs": {
        "POST /opt-outs": Operation(
            "Send nothing more to a phone",
            {200: shapes.OPT_OUT},
            (NOT_A_PHONE,),
            body=schemas.OPT_OUT,
            examples=(Example(body={"phone": "+254712000099"}),),
        ),
        "GET /opt-outs": Operation(
            "List who has opted out, newest first", {200: {"opt_outs": [shapes.OPT_OUT], "total": 1}}, query=schemas.OPT_OUTS
        ),
        "DELETE /opt-outs/{phone}": Operation(
            "Send to a phone again",
            {200: {"phone": PHONE, "status": exactly("removed")}},
            (errors.OptOutNotFound(),),
            description="A test key takes back what a test key entered, and nothing else.",
            examples=(Example(path={"phone": "+254712000099"}),),
        ),
    },
    "Account": {
        "GET /auth/me": Operation("Show the key, and whose it is", {200: shapes.ME}),
        "GET /workspace": Operation("Show the account", {200: shapes.WORKSPACE}),
    },
    "Balance": {
        "GET /balance": Operation("Show the balance", {200: shapes.BALANCE}),
        "GET /balance/transactions": Operation(
            "List what moved the balance, newest first",
            {200: {"transactions": [shapes.TRANSACTION], "total": 1, "page": 0, "limit": 20}},
            query=schemas.PAGE,
        ),
        "POST /balance/topup": Operation(
            "Top up by mobile money",
            {200: either(shapes.CHARGED, shapes.CHECKOUT)},
            refusals.TOPUP,
            body=schemas.TOP_UP,
            body_required=False,
            description="Without a body: the address of the page to top up on.",
            examples=(Example("By phone", {"amount": 500, "phone": "+254712345678"}), Example("By page", {})),
        ),
    },
    "Routes": {
        "GET /routes": Operation("List the routes", {200: [shapes.ROUTE]}),
        "GET /routes/health": Operation("Show how the routes deliver", {200: [shapes.HEALTH]}),
        "GET /routes/{code}": Operation(
            "Show a route", {200: shapes.ROUTE}, (errors.RouteNotFound(),), examples=(Example(path={"code": "ESMS_UG"}),)
        ),
        "GET /pricing": Operation("List the prices", {200: [shapes.ROUTE]}),
    },
    "Webhooks": {
        "PUT /webhooks": Operation(
            "Set the webhooks",
            {200: {"status": exactly("updated")}},
            (INVALID_URL,),
            body=schemas.WEBHOOKS,
            description="What is left out stays as it is.",
            examples=(Example(body={"dlr_url": "https://example.com/esms/receipts", "is_active": False}),),
        ),
        "GET /webhooks": Operation("Show the webhooks", {200: shapes.WEBHOOKS}),
        "POST /webhooks/rotate-secret": Operation("Make a new signing secret", {200: {"signing_secret": shapes.SECRET}}),
    },
}
