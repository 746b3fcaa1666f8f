"""World Ledgers' operations and answers."""

from __future__ import annotations

from typing import Any

from ...core import errors
from ..documenting import refusals
from ..documenting.operations import Document, Example, Operation, Scheme, Webhook
from ..documenting.sandbox_values import SENDER
from ..documenting.shapes import Leaf, exactly, like, mapping, named, null_or, number, one_of, optional
from . import schemas
from .credits import STATUSES as PAYMENTS
from .webhook import RECEIVED, WorldLedgersFormat
from .words import CODES, REASONS, STATUSES

PHONE, MAIL = "254712345678", "customer@example.com"
BATCH = "01990b6e-7c1f-7a3e-9f51-2d4c8a6b7e10"
RATE = null_or(number(1.8))
PAYMENT = one_of((*PAYMENTS.values(),), "Pending")
IN_ZONE = Leaf({"type": "string", "format": "date-time"}, "2026-06-10T14:05:00+03:00")


def done(data: Any, **more: Any) -> dict[str, Any]:
    return {"status": exactly("success"), **more, "data": data}


def accepted(prefix: str, sentence: str, recipient: str) -> dict[str, Any]:
    return done(
        {
            "blast_id": like(f"^{prefix}-", f"{prefix}-{BATCH}"),
            "scheduled": 1,
            "skipped": [{"recipient": recipient, "reason": one_of(REASONS.values(), "duplicate")}],
            "reference": null_or("invoice-reminder-42"),
            "message_ids": [123],
        },
        message=exactly(sentence),
    )


def status_data(channel: str, recipient: str) -> dict:
    return {
        "type": exactly(channel),
        "event": one_of([f"communication.{channel}.{word}" for word in STATUSES], f"communication.{channel}.delivered"),
        "message_id": 123,
        "blast_id": f"{'SMS' if channel == 'sms' else 'MAIL'}-{BATCH}",
        "reference": null_or("invoice-reminder-42"),
        "recipient": recipient,
        "status": one_of(STATUSES, "delivered"),
        "status_code": one_of(CODES.values(), CODES["delivered"]),
        "response": "Success",
    }


PURCHASED = {"payment_status": PAYMENT, "amount_kes": number(500), "sms_rate": RATE}
ERROR = named(
    "Error",
    {
        "status": exactly("error"),
        "message": "A sentence that says what went wrong.",
        "errors": optional(mapping(["Missing data for required field."], message=["Missing data for required field."])),
    },
)
BLAST_REFUSALS = (refusals.NO_RECIPIENT, refusals.TOO_LONG, refusals.NO_ROUTE, refusals.STORAGE)

OPERATIONS = {
    "SMS": {
        "POST /sms": Operation(
            "Send an SMS to one or more numbers",
            {202: accepted("SMS", "SMS scheduled successfully.", "0712345678")},
            (*BLAST_REFUSALS, refusals.UNKNOWN_SENDER, *refusals.BOUNDED, refusals.low_balance("", "SMS")),
            body=schemas.SMS,
            description="Placeholders `{first_name} {last_name} {name} {account_balance}`, and any other field, are"
            " filled from the contact with that number. Numbers that are no Kenyan mobile numbers, repeated or"
            " unsubscribed are told in `skipped`.",
            examples=(
                Example(
                    "With a placeholder",
                    {
                        "message": "Hello {name}, your payment is due.",
                        "recipients": [PHONE],
                        "reference": "demo-001",
                        "sender_id": SENDER,
                    },
                    keep={"sms_id": "data.message_ids.0"},
                ),
                Example("A number that is repeated", {"message": "Hello", "recipients": [PHONE, "0712345678"]}),
            ),
        ),
        "GET /sms/{message_id}": Operation(
            "Show the status of an SMS",
            {200: done(status_data("sms", PHONE))},
            (errors.MessageNotFound(),),
            examples=(Example(path={"message_id": "{{sms_id}}"}),),
        ),
    },
    "E-mail": {
        "POST /email": Operation(
            "Send an e-mail to one or more addresses",
            {202: accepted("MAIL", "Emails scheduled successfully.", MAIL)},
            BLAST_REFUSALS,
            body=schemas.EMAIL,
            description="HTML or plain text; one message a recipient; free.",
            examples=(
                Example(
                    body={
                        "subject": "Payment reminder",
                        "message": "<p>Hello {first_name}, please pay your invoice.</p>",
                        "recipients": [MAIL, "billing@example.com"],
                        "reference": "billing-campaign-june",
                    },
                    keep={"email_id": "data.message_ids.0"},
                ),
            ),
        ),
        "GET /email/{message_id}": Operation(
            "Show the status of an e-mail",
            {200: done(status_data("email", MAIL))},
            (errors.MessageNotFound(),),
            examples=(Example(path={"message_id": "{{email_id}}"}),),
        ),
    },
    "Credits": {
        "GET /sms-credits/balance": Operation(
            "Show the credits left",
            {200: done({"sms_credits": number(125.5), "sms_rate": RATE, "currency": "KES", "sandbox": optional(exactly(True))})},
        ),
        "POST /sms-credits/purchase": Operation(
            "Buy credits by M-Pesa",
            {
                202: done(
                    {
                        "payment_id": "dep_01990b6e7c1f7a3e9f512d4c8a6b7e10",
                        **PURCHASED,
                        "estimated_credits": null_or(number(277.7778)),
                        "phone": PHONE,
                    },
                    message=exactly("Confirm the payment on your phone."),
                )
            },
            refusals.TOPUP,
            body=schemas.PURCHASE,
            examples=(Example(body={"phone": "0712345678", "amount": 500}, keep={"payment_id": "data.payment_id"}),),
        ),
        "GET /sms-credits/purchase/{payment_id}": Operation(
            "Show a purchase",
            {
                200: done(
                    {
                        **PURCHASED,
                        "sms_credits_applied": null_or(number(277.7778)),
                        "firm_sms_credits": number(403.2778),
                        "estimated_credits": null_or(number(277.7778)),
                    }
                )
            },
            (errors.DepositNotFound(),),
        ),
    },
}
SIGNATURE = "X-WL-Signature: `sha256=` and the hex HMAC-SHA256 of the raw body; the event stands in `X-WL-Event` too."


INCOMING = {
    "event": exactly(RECEIVED),
    "type": exactly("sms"),
    "message_id": like("^mo_", f"mo_{BATCH}"),
    "sender": f"+{PHONE}",
    "recipient": null_or("32811"),
    "message": "JOIN promo",
    "firm_id": 1,
    "timestamp": IN_ZONE,
}


def webhook(event: str) -> Webhook:
    if event == RECEIVED:
        return Webhook("A phone wrote; only for endpoints that name `message.received`", SIGNATURE, INCOMING)
    _, channel, word = event.split(".")
    what = "An e-mail" if channel == "email" else "An SMS"
    data = status_data(channel, MAIL if channel == "email" else PHONE)
    return Webhook(f"{what} is {word}", SIGNATURE, {**data, "event": exactly(event), "firm_id": 1, "timestamp": IN_ZONE})


DOCUMENT = Document(
    "World Ledgers Communication API",
    """One key, in `X-API-Key` or as a bearer token. Answers are
`{"status": "success", "data": …}`. National numbers are Kenya's. 120 requests a minute a key, unless set otherwise.""",
    schemas,
    {
        "apiKey": Scheme({"type": "apiKey", "in": "header", "name": "X-API-Key"}, ("api_key",)),
        "bearer": Scheme({"type": "http", "scheme": "bearer"}, ("api_key",)),
    },
    (("apiKey",), ("bearer",)),
    OPERATIONS,
    lambda _status, _bodies: ERROR,
    parameters={
        "message_id": (123, "One of the `message_ids` of a send."),
        "payment_id": ("dep_01990b6e7c1f7a3e9f512d4c8a6b7e10", "The id that the purchase was answered with."),
    },
    notes={
        "message": "The text; of an SMS at most 1,000 characters.",
        "recipients": "`2547…`, `07…`, `7…` or `+2547…`; of an e-mail its addresses.",
        "send_at": "`YYYY-MM-DD HH:MM:SS` in the account's zone, or ISO 8601; at most 90 days ahead. In the past: now.",
        "valid_for": "Seconds, 60 to 172,800, from when a message is due: what has not left by then fails as `expired` and is"
        " refunded. The key's own when it is left out.",
        "reference": "Your own id, told again in webhooks.",
        "sender_id": "An approved sender ID.",
        "phone": "The payer's phone.",
        "amount": "In KES.",
        "subject": "One line.",
    },
    webhooks={event: webhook(event) for event in WorldLedgersFormat.events},
)
