"""Wesendall's operations and answers."""

from __future__ import annotations

from typing import Any

from ...contacts.service import DUPLICATE, INVALID_PHONE
from ...core import errors
from ..documenting import refusals
from ..documenting.operations import NOTHING, Document, Example, Operation, Scheme, Webhook
from ..documenting.sandbox_values import GROUP, KENYAN, NATIONAL, PHONE, SENDER
from ..documenting.shapes import VISIBLE, WHEN, either, exactly, like, mapping, named, null_or, number, one_of
from . import schemas
from .access import SANDBOX

WALLET = SANDBOX.wallet_uid

ID = "01990b6e-7c1f-7a3e-9f51-2d4c8a6b7e10"
STATUS = one_of(schemas.STATUSES, "sent")
ERROR = null_or("invalid_recipient", shown=False)
PAGINATION = named("Pagination", {"current_page": 1, "per_page": 20, "total": 1, "last_page": 1})
RESULT = named(
    "Result", {"message_id": null_or(ID), "recipient": PHONE, "status": STATUS, "segments": 1, "cost": number(35), "error": ERROR}
)


def done(data: Any, **more: Any) -> dict[str, Any]:
    return {"success": exactly(True), **more, "data": data}


def sent(**more: Any) -> dict[str, Any]:
    return done(
        {
            "batch_id": ID,
            "wallet_id": WALLET,
            "total_recipients": 1,
            "successful": 1,
            "failed": 0,
            "segments": 1,
            "total_cost": number(35),
            "refunded": number(0),
            "currency": "UGX",
            "remaining_balance": number(4930),
            "results": [RESULT],
            **more,
        },
        message="1 message sent",
    )


HISTORY_ENTRY = named(
    "HistoryEntry",
    {
        "message_id": ID,
        "recipient": PHONE,
        "message": "Hello from wesend",
        "sender_id": null_or(SENDER),
        "status": STATUS,
        "segments": 1,
        "cost": number(35),
        "currency": "UGX",
        "error": ERROR,
        "created_at": WHEN,
        "delivered_at": null_or(WHEN),
    },
)
GROUP_SHAPE = named(
    "Group", {"id": GROUP, "name": "Customers", "description": null_or("Since 2024"), "contact_count": 2, "created_at": WHEN}
)
DEPOSIT = named(
    "Deposit",
    {
        "deposit_id": "dep_01990b6e7c1f7a3e9f512d4c8a6b7e10",
        "reference": "5b0c8c1e-1f5e-4c57-9a39-0f4a8f0e9d11",
        "status": one_of(("pending", "successful", "failed", "expired"), "pending"),
        "amount": number(5000),
        "currency": "UGX",
        "phone": PHONE,
        "provider": null_or("MTN"),
    },
)
ADDED = {
    "group_id": GROUP,
    "added": 2,
    "skipped": [{"phone": "12", "reason": one_of((INVALID_PHONE, DUPLICATE), INVALID_PHONE)}],
    "contact_count": 2,
}

DATA = {
    "validation_error": {"fields": mapping(["Missing data for required field."], message=["This field may not be empty."])},
    "insufficient_balance": {"wallet_id": WALLET, "balance": number(20), "required": number(35), "currency": "UGX"},
    "provider_rejected": {"refunded": number(35)},
}
"""Error code → its ``data``; the others have none."""


def refusal(_status: int, bodies: list[dict]) -> Any:
    codes = dict.fromkeys(body["error"] for body in bodies)
    return either(
        *(
            named(
                f"error {code}".title().replace(" ", "").replace("_", ""),
                {
                    "success": exactly(False),
                    "error": exactly(code),
                    "message": "A sentence that says what went wrong.",
                    **({"data": DATA[code]} if code in DATA else {}),
                },
            )
            for code in codes
        )
    )


WALLET_REFUSALS = (errors.WalletNotFound(), errors.WalletForbidden())
SEND_REFUSALS = (
    *WALLET_REFUSALS,
    refusals.NO_RECIPIENT,
    refusals.TOO_LONG,
    refusals.UNKNOWN_SENDER,
    *refusals.BOUNDED,
    refusals.low_balance(WALLET, "UGX"),
    refusals.REJECTED,
    refusals.NO_ROUTE,
    refusals.STORAGE,
)
GROUP_REFUSALS = (*WALLET_REFUSALS, errors.GroupNotFound())
OURS = {"walletId": WALLET}

OPERATIONS = {
    "SMS": {
        "POST /sms/send": Operation(
            "Send to one phone or to many",
            {200: sent()},
            SEND_REFUSALS,
            body=schemas.SEND,
            description="What is no phone number is reported as `failed` and costs nothing; what the provider refuses"
            " is refunded in this same request. `total_cost` is what is kept.",
            examples=(
                Example("One phone", {**OURS, "message": "Hello from wesend", "recipient": NATIONAL}),
                Example(
                    "A list, with a sender ID",
                    {**OURS, "message": "Your code is 482910", "senderId": SENDER, "recipient": [PHONE, "+256772345678"]},
                ),
                Example(
                    "One string of many", {**OURS, "message": "Hello all", "recipient": "0712345678, 0772345678; +254712345678"}
                ),
            ),
        ),
        "GET /sms/history": Operation(
            "List what was sent, newest first",
            {200: done({"messages": [HISTORY_ENTRY], "pagination": PAGINATION})},
            WALLET_REFUSALS,
            query=schemas.HISTORY,
            examples=(Example(query=OURS),),
        ),
    },
    "Groups": {
        "POST /groups": Operation(
            "Create a group",
            {201: done(GROUP_SHAPE)},
            (*WALLET_REFUSALS, errors.GroupExists(), refusals.STORAGE),
            body=schemas.NEW_GROUP,
            examples=(Example(body={**OURS, "name": "Parents", "description": "Of class 7"}, keep={"group_id": "data.id"}),),
        ),
        "POST /groups/{group_id}/contacts": Operation(
            "Add contacts to a group",
            {201: done(ADDED)},
            (*GROUP_REFUSALS, refusals.STORAGE),
            body=schemas.NEW_CONTACTS,
            description="Any further field of a contact can be used as `{{field}}` in a message to its group.",
            examples=(
                Example(
                    "Several",
                    {
                        **OURS,
                        "contacts": [
                            {"phone": NATIONAL, "name": "Ann", "city": "Kampala"},
                            {"phone": "+256772345678", "name": "Ben"},
                        ],
                    },
                ),
                Example("One", {**OURS, "phone": KENYAN, "name": "Chebet"}),
            ),
        ),
        "GET /groups": Operation(
            "List the groups",
            {200: done({"groups": [GROUP_SHAPE], "pagination": PAGINATION})},
            WALLET_REFUSALS,
            query=schemas.PAGE,
            examples=(Example(query=OURS),),
        ),
        "GET /groups/{group_id}/contacts": Operation(
            "List a group's contacts",
            {200: done({"contacts": [{"id": 1, "phone": PHONE, "name": null_or("Ann")}], "pagination": PAGINATION})},
            GROUP_REFUSALS,
            query=schemas.PAGE,
            examples=(Example(query=OURS, keep={"contact_id": "data.contacts.0.id"}),),
        ),
        "POST /sms/group": Operation(
            "Send to a group",
            {200: sent(group_id=GROUP)},
            (*SEND_REFUSALS, errors.GroupNotFound()),
            body=schemas.SEND_GROUP,
            description="`{{name}}` and any other field is filled from each contact.",
            examples=(Example(body={**OURS, "message": "Hello {{name}}", "groupId": GROUP}),),
        ),
        "DELETE /groups/{group_id}/contacts/{contact_id}": Operation(
            "Delete a contact",
            {204: NOTHING},
            (*GROUP_REFUSALS, errors.ContactNotFound()),
            query=schemas.WALLET,
            examples=(Example(query=OURS),),
        ),
        "DELETE /groups/{group_id}": Operation(
            "Delete a group", {204: NOTHING}, GROUP_REFUSALS, query=schemas.WALLET, examples=(Example(query=OURS),)
        ),
    },
    "Account": {
        "GET /account/balance": Operation(
            "Show a wallet's balance",
            {200: done({"wallet_id": WALLET, "balance": number(4930), "currency": "UGX", "cost_per_sms": null_or(number(35))})},
            WALLET_REFUSALS,
            query=schemas.WALLET,
            examples=(Example(query=OURS),),
        ),
        "POST /account/topup": Operation(
            "Top up by mobile money",
            {202: done(DEPOSIT)},
            (*WALLET_REFUSALS, *refusals.TOPUP),
            body=schemas.TOP_UP,
            description="The payer confirms on the phone; the wallet is credited once, with what the provider confirms.",
            examples=(Example(body={**OURS, "amount": 5000, "phone": NATIONAL}, keep={"deposit_id": "data.deposit_id"}),),
        ),
        "GET /account/topup/{deposit_id}": Operation(
            "Show a top-up",
            {200: done(DEPOSIT)},
            (*WALLET_REFUSALS, errors.DepositNotFound()),
            query=schemas.WALLET,
            examples=(Example(query=OURS),),
        ),
    },
}
TEXT = {"type": "string", **VISIBLE}
HOOK = {
    "message_id": ID,
    "batch_id": ID,
    "wallet_id": WALLET,
    "recipient": PHONE,
    "segments": 1,
    "cost": number(35),
    "currency": "UGX",
    "timestamp": WHEN,
}
SIGNATURE = "X-Wesendall-Signature: `sha256=` and the hex HMAC-SHA256 of the raw body by the endpoint's secret."

DOCUMENT = Document(
    "Wesendall API",
    """HTTP Basic: the API key is the username, the API secret the password. Every
call names the wallet that pays (`walletId`: in the body of a POST, in the query of a GET or DELETE). Fields are
camelCase in requests and snake_case in answers, inside `{"success": …, "data": …}`.""",
    schemas,
    {"basic": Scheme({"type": "http", "scheme": "basic"}, ("api_key", "api_secret"))},
    (("basic",),),
    OPERATIONS,
    refusal,
    parameters={
        "group_id": (GROUP, "A group's id."),
        "contact_id": (1, "A contact's id."),
        "deposit_id": ("dep_01990b6e7c1f7a3e9f512d4c8a6b7e10", "The id that the top-up was answered with."),
    },
    notes={
        "walletId": "The wallet that pays; one of the account's.",
        "message": "The text: at most 10 segments of 153 (GSM-7) or 67 (Unicode) characters.",
        "recipient": "Phones in E.164 or as national numbers of the account's country: one, a list, or one string"
        " with commas, spaces, semicolons or newlines between them.",
        "History.recipient": "Only messages to this phone.",
        "senderId": "An approved sender ID; the route's own when it is left out.",
        "groupId": "A group's id.",
        "valid_for": "Seconds, 60 to 172,800, from when a message is due: what has not left by then fails as `expired` and is"
        " refunded. The key's own when it is left out.",
        "page": "From 1.",
        "per_page": "Entries a page; `limit` is another name for it.",
        "status": "Only messages of this status.",
        "amount": "In the wallet's currency, at most 6 decimals.",
        "phone": "The payer's phone.",
        "provider": "The mobile-money network; told by the number when it is left out.",
        "contacts": "Each with a phone, maybe a name, and any field of its own.",
    },
    fields={
        schemas.Recipients: lambda field: {
            "anyOf": [TEXT, {"type": "array", "minItems": 1, "items": {"type": "string"}, "contains": TEXT}]
        },
        schemas.ContactFields: lambda field: {
            "type": "object",
            "required": ["phone"],
            "properties": {"phone": TEXT, "name": {"type": ["string", "null"]}},
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        },
    },
    amendments={
        "NewContacts": {
            "anyOf": [
                {"required": ["contacts"]},
                {"required": ["phone"], "properties": {"phone": TEXT, "name": {"type": ["string", "null"]}}},
            ],
            "properties": {
                "phone": {"description": "One contact without a list."},
                "name": {"description": "The name of that one contact."},
            },
        },
        "TopUp": {
            "required": ["amount", "walletId"],
            "anyOf": [{"required": ["phone"]}, {"required": ["phoneNumber"], "properties": {"phoneNumber": TEXT}}],
            "properties": {"phoneNumber": {"description": "Another name of `phone`."}},
        },
    },
    webhooks={
        "sms.delivered": Webhook(
            "A message was delivered",
            SIGNATURE,
            {"event": exactly("sms.delivered"), "status": exactly("delivered"), "error": exactly(None), **HOOK},
        ),
        "sms.failed": Webhook(
            "A message failed or was refused",
            SIGNATURE,
            {"event": exactly("sms.failed"), "status": exactly("failed"), "error": null_or("UNDELIV"), **HOOK},
        ),
        "sms.received": Webhook(
            "A phone wrote; only for endpoints that name `message.received`",
            SIGNATURE,
            {
                "event": exactly("sms.received"),
                "message_id": like("^mo_", "mo_01990b6e-7c1f-7a3e-9f51-2d4c8a6b7e10"),
                "wallet_id": null_or("wal_sandbox_wesendall"),
                "sender": "+256712345678",
                "recipient": null_or("32811"),
                "message": "JOIN promo",
                "keyword": null_or("JOIN"),
                "opt_out": False,
                "service_id": null_or(1),
                "timestamp": WHEN,
            },
        ),
    },
)
