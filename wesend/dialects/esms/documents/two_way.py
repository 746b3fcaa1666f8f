"""eSMS: `/two-way`. In the order in which they can be tried: a request is approved by the sandbox itself."""

from __future__ import annotations

from ....core import errors
from ....two_way import errors as two_way
from ....two_way.services import STATUSES
from ...documenting import refusals
from ...documenting.operations import Example, Operation
from ...documenting.shapes import WHEN, exactly, named, null_or, number, one_of, optional
from .. import schemas
from ..words import STATUSES as MESSAGE_STATUSES
from . import shapes
from .messages import LOW_BALANCE, NOT_E164

UNKNOWN = two_way.ServiceNotFound()
ENDED = two_way.InvalidState()
WRITER = "+256712345678"
USE_CASE = "Customers write to us, and we answer"
URL = "https://example.com/two-way"
PRICE, KIND = null_or(number(0.0094)), one_of(("dedicated", "shared"), "shared")
COUNTRY = {
    "country_code": "UG",
    "country_name": "Uganda",
    "setup_fee_usd": number(0),
    "monthly_fee_usd": number(0),
    "shared_keyword_monthly_fee_usd": number(0),
    "sms_basic_price_usd": PRICE,
    "networks": ["MTN"],
    "price_source": one_of(("basic", "custom"), "basic"),
    "inbound_price_usd": PRICE,
    "outbound_price_usd": PRICE,
    "toll_free_available": False,
    "toll_free_inbound_price_usd": PRICE,
    "is_available": True,
}
STEP = {
    "key": "requested",
    "label": "Requested",
    "at": null_or(WHEN),
    "state": one_of(("done", "current", "upcoming", "failed"), "done"),
}
SERVICE = named(
    "TwoWayService",
    {
        "id": 1,
        "country_code": "UG",
        "country_name": "Uganda",
        "type": KIND,
        "keyword": shapes.KEYWORD,
        "toll_free": False,
        "status": one_of(STATUSES, "active"),
        "number": null_or("32811"),
        "use_case": USE_CASE,
        "company_name": "My shop",
        "kyc_document_urls": ["https://example.com/registration.pdf"],
        "kyc_documents": ["none"],
        "webhook_url": null_or(URL),
        "effective_webhook_url": null_or(URL),
        "webhook_signing": {
            "header": exactly("X-Webhook-Signature"),
            "algorithm": exactly("HMAC-SHA256"),
            "format": exactly("sha256=<hex of raw body>"),
            "secret_hint": "whsec_...9f3a",
        },
        "auto_reply_enabled": True,
        "auto_reply_text": null_or("Thank you"),
        "forward_email": null_or("desk@example.com"),
        "rejection_reason": null_or("The use case is not clear", shown=False),
        "suspend_reason": null_or("The monthly fee was not paid", shown=False),
        "fees": {"setup_fee_usd": number(0), "monthly_fee_usd": number(0), "inbound_price_usd": PRICE, "outbound_price_usd": PRICE},
        "setup_charged": True,
        "activated_at": null_or(WHEN),
        "next_billing_at": null_or(WHEN),
        "past_due_since": shapes.NEVER,
        "suspended_at": shapes.NEVER,
        "cancelled_at": shapes.NEVER,
        "created_at": WHEN,
        "timeline": [STEP],
        "stats": {"inbound_total": 12, "inbound_30d": 4, "unbilled": 0},
    },
)
MESSAGE = {
    "id": shapes.INBOUND_ID,
    "direction": one_of(("inbound", "outbound"), "inbound"),
    "from": null_or(WRITER),
    "to": null_or("32811"),
    "text": "JOIN promo",
    "keyword": shapes.KEYWORD,
    "phone": WRITER,
    "status": one_of(("received", *MESSAGE_STATUSES), "received"),
    "billed": True,
    "cost": number(0),
    "auto_reply": False,
    "created_at": WHEN,
}
ANY_MESSAGE = {**MESSAGE, "id": shapes.ANY_ID}
REPLY = {
    "id": shapes.MESSAGE_ID,
    "status": one_of(MESSAGE_STATUSES, "submitted"),
    "segments": 1,
    "cost": number(1.213),
    "currency": "KES",
    "balance_after": number(49_998.787),
}
ASKED = {"country_code": "UG", "type": "dedicated", "use_case": USE_CASE, "company_name": "My shop"}

OPERATIONS = {
    "Two-way": {
        "GET /two-way/pricing": Operation(
            "Show what two-way SMS costs in each country",
            {200: {"currency": exactly("USD"), "countries": [COUNTRY]}},
            description="For everybody, without a key.",
        ),
        "GET /two-way/countries": Operation(
            "Show where a number can be asked for",
            {
                200: {
                    "countries": [
                        {
                            **COUNTRY,
                            "kyc_requirements": "Business registration",
                            "notes": null_or("", shown=False),
                            "shared_number_available": True,
                            "dedicated_number_available": True,
                        }
                    ]
                }
            },
        ),
        "GET /two-way/keywords/check": Operation(
            "Tell whether a keyword is free",
            {200: {"keyword": "VOTE", "available": True, "reason": null_or("Already taken", shown=False)}},
            query=schemas.KEYWORD_CHECK,
            examples=(Example(query={"keyword": "VOTE", "country_code": "UG"}),),
        ),
        "POST /two-way/services": Operation(
            "Ask for a number, or a keyword on a shared one",
            {201: SERVICE},
            (
                two_way.CountryUnavailable(),
                two_way.TollFreeUnavailable(),
                two_way.InvalidDocument(),
                two_way.KeywordUnavailable(),
                two_way.DuplicateRequest(),
            ),
            body=schemas.TWO_WAY_REQUEST,
            description="Nothing is charged before it is approved. The sandbox approves by itself.",
            examples=(Example(body=ASKED, keep={"requested_id": "id"}),),
        ),
        "GET /two-way/services": Operation(
            "List the services, newest first",
            {200: {"services": [SERVICE]}},
            examples=(Example(keep={"service_id": "services.-1.id"}),),
        ),
        "GET /two-way/services/{service_id}": Operation("Show a service", {200: SERVICE}, (UNKNOWN,)),
        "PATCH /two-way/services/{service_id}": Operation(
            "Change what a service does",
            {200: SERVICE},
            (UNKNOWN, ENDED),
            body=schemas.TWO_WAY_CHANGES,
            examples=(Example(body={"auto_reply_text": "Thank you", "auto_reply_enabled": True}),),
        ),
        "POST /two-way/services/{service_id}/reply": Operation(
            "Reply from the number",
            {200: REPLY},
            (
                UNKNOWN,
                two_way.ServiceNotActive(),
                two_way.NumberUnavailable(),
                NOT_E164,
                two_way.RecipientCountry("The number is of another country than the service"),
                errors.RecipientOptedOut(),
                two_way.ReplyTooLong("The message has 11 segments; at most 10 are allowed"),
                refusals.NO_ROUTE,
                LOW_BALANCE,
            ),
            body=schemas.TWO_WAY_REPLY,
            examples=(Example(body={"to": WRITER, "text": "Hello"}),),
        ),
        "GET /two-way/services/{service_id}/messages": Operation(
            "List what was written, either way, oldest first",
            {200: {"messages": [ANY_MESSAGE], "total": 1}},
            (UNKNOWN, NOT_E164),
            query=schemas.TWO_WAY_MESSAGES,
            description="The latest of them.",
        ),
        "POST /two-way/services/{service_id}/test-webhook": Operation(
            "Post a signed sample to where messages are told",
            {200: {"ok": True, "status": null_or(200), "url": URL, "error": optional("The address answered 500")}},
            (UNKNOWN, two_way.NoWebhook()),
            examples=(Example("None is set", status=400),),
        ),
        "POST /two-way/services/{service_id}/cancel": Operation(
            "End a service",
            {200: SERVICE},
            (UNKNOWN, ENDED),
            description="For good: the number or keyword is free at once.",
            examples=(Example(path={"service_id": "{{requested_id}}"}),),
        ),
    }
}
