"""Wasambazie's operations and answers."""

from __future__ import annotations

from typing import Any

from ...core import errors
from ..documenting import refusals
from ..documenting.field_errors import FIELD_ERRORS
from ..documenting.operations import Document, Example, Operation, Scheme, Webhook
from ..documenting.sandbox_values import SENDER
from ..documenting.shapes import WHEN, Leaf, either, exactly, like, named, null_or, one_of
from . import schemas
from .errors import ReportNotReady, SenderRequired
from .report import STATUSES

PHONE = "+255712345678"
BATCH = "01990b6e-7c1f-7a3e-9f51-2d4c8a6b7e10"
REPORT = {
    "message_batch_id": BATCH,
    "summary": {"total": 1, "delivered": 1, "failed": 0},
    "messages": [{"to_number": PHONE, "status": one_of(STATUSES, "delivered"), "delivered_at": null_or(WHEN)}],
}


def refusal(_status: int, bodies: list[dict]) -> Any:
    shapes = {True: FIELD_ERRORS, False: named("Error", {"detail": "A sentence that says what went wrong."})}
    return either(*(shapes[kind] for kind in dict.fromkeys(isinstance(body["detail"], list) for body in bodies)))


OPERATIONS = {
    "SMS": {
        "POST /sms/send": Operation(
            "Send to one phone or to many",
            {
                201: {
                    "status_code": exactly(201),
                    "success": exactly(True),
                    "message_batch_id": BATCH,
                    "message": exactly("Message submitted successfully."),
                }
            },
            (
                SenderRequired(),
                refusals.UNKNOWN_SENDER,
                *refusals.BOUNDED,
                errors.InvalidRecipient("Not a valid phone number: 12"),
                refusals.TOO_LONG,
                refusals.low_balance("", "SMS"),
                refusals.REJECTED,
                refusals.NO_ROUTE,
                refusals.STORAGE,
            ),
            body=schemas.SEND,
            description="Costs one credit a segment and recipient. One number that is not valid refuses the whole"
            " request; a provider that refuses all of them costs nothing.",
            examples=(
                Example(
                    "One phone",
                    {"to_number": PHONE, "message": "Hello from wesend", "sender_id": SENDER},
                    keep={"batch_id": "message_batch_id"},
                ),
                Example(
                    "A comma-separated list",
                    {
                        "to_number": "+255712345678,+255722345678,+255732345679",
                        "message": "Your order has been confirmed.",
                        "sender_id": SENDER,
                    },
                ),
            ),
        ),
        "GET /sms/delivery-reports/{batch_id}": Operation(
            "Show a batch's delivery report",
            {200: REPORT},
            (errors.BatchNotFound(), ReportNotReady()),
            description="404 until the first message of the batch is delivered or failed; poll after 30 s, then at"
            " growing distance.",
            examples=(Example(waits=True),),
        ),
    },
    "Account": {
        "GET /balance/": Operation(
            "Show the credits left",
            {200: {"balance": Leaf({"type": "number"}, 4250.0)}},
            description="Also without the last slash.",
        )
    },
}

DOCUMENT = Document(
    "Wasambazie API",
    """A key pair in two headers, `X-API-PUBLIC-KEY` and `X-API-SECRET-KEY`. Answers are
plain JSON; an error is `{"detail": …}` with a sentence, or with a list of field errors.""",
    schemas,
    {
        "publicKey": Scheme({"type": "apiKey", "in": "header", "name": "X-API-PUBLIC-KEY"}, ("public_key",)),
        "secretKey": Scheme({"type": "apiKey", "in": "header", "name": "X-API-SECRET-KEY"}, ("secret_key",)),
    },
    (("publicKey", "secretKey"),),
    OPERATIONS,
    refusal,
    parameters={"batch_id": (BATCH, "The `message_batch_id` of a send.")},
    notes={
        "to_number": "One number or a comma-separated list, in international form; duplicates collapse.",
        "message": "The text: at most 10 segments of 153 (GSM-7) or 67 (Unicode) characters.",
        "sender_id": "An approved sender ID; 400 without one.",
        "valid_for": "Seconds, 60 to 172,800, from when a message is due: what has not left by then fails as `expired` and is"
        " refunded. The key's own when it is left out.",
    },
    fields={schemas.Numbers: lambda field: {"type": "string", "minLength": 1, "pattern": r"[^\s,]"}},
    webhooks={
        "delivery.batch.finalized": Webhook(
            "Every message of a batch is delivered or failed",
            "X-Wasambazie-Signature: The hex HMAC-SHA256 of the raw body by the endpoint's secret, without a prefix.",
            {"event": exactly("delivery.batch.finalized"), **REPORT},
        ),
        "sms.message.received": Webhook(
            "A phone wrote; only for endpoints that name `message.received`",
            "X-Wasambazie-Signature: The hex HMAC-SHA256 of the raw body by the endpoint's secret, without a prefix.",
            {
                "event": exactly("sms.message.received"),
                "message_id": like("^mo_", "mo_01990b6e-7c1f-7a3e-9f51-2d4c8a6b7e10"),
                "from_number": "+256712345678",
                "sender_id": null_or("32811"),
                "message": "JOIN promo",
                "keyword": null_or("JOIN"),
                "opt_out": False,
                "received_at": WHEN,
            },
        ),
    },
)
