"""World Ledgers' words and codes for statuses, and a message as its status call and webhooks show it."""

from __future__ import annotations

from ...core.channels import EMAIL
from ...database import Row
from ...database.rows import BatchRow, MessageRow
from ...guards.recent import BURST_LIMIT, RECIPIENT_LIMIT
from ...guards.where import BLOCKED, COUNTRY_NOT_ALLOWED
from ...messages.email import held
from ...messages.reporting import disclosure
from ...messages.sending.compose import DUPLICATE, INVALID_RECIPIENT, NO_ROUTE, OPTED_OUT
from .shared import msisdn

STATUSES = {
    "pending": ("scheduled", "dripping", "queued", "claimed"),
    "processing": ("submitting", "submitted", "sent", "unknown"),
    "delivered": ("delivered",),
    "failed": ("failed", "cancelled"),
}
"""World Ledgers' word → the statuses that are shown as it."""

CODES = {"pending": 0, "processing": 3, "delivered": 1, "failed": 2}
WORDS = {status: word for word, statuses in STATUSES.items() for status in statuses}
REASONS = {
    INVALID_RECIPIENT: "invalid",
    DUPLICATE: "duplicate",
    OPTED_OUT: "unsubscribed",
    NO_ROUTE: "no_route",
    COUNTRY_NOT_ALLOWED: COUNTRY_NOT_ALLOWED,
    BLOCKED: BLOCKED,
    RECIPIENT_LIMIT: RECIPIENT_LIMIT,
    BURST_LIMIT: BURST_LIMIT,
}
RESPONSES = {"pending": "Pending", "processing": "Sent to the provider", "delivered": "Success", "failed": "Failed"}
"""What `response` says where the provider said nothing."""


def blast_id(batch: Row) -> str:
    return ("MAIL-" if batch["channel"] == EMAIL else "SMS-") + batch["uid"]


def status_data(message: MessageRow, batch: BatchRow, word: str | None = None) -> dict:
    """The status of one message; ``word`` for an event that is no status (``opened``, ``clicked``)."""
    status = WORDS[message["status"]]
    said = (
        held.HELD
        if held.is_held(message)
        else disclosure.sentence(message["error_message"])
        or ("Cancelled" if message["status"] == "cancelled" else RESPONSES[status])
    )
    if message["error_code"] == OPTED_OUT:
        said = "Unsubscribed"
    return {
        "type": message["channel"],
        "event": f"communication.{message['channel']}.{word or status}",
        "message_id": message["id"],
        "blast_id": blast_id(batch),
        "reference": batch["reference"],
        "recipient": message["recipient"] if message["channel"] == EMAIL else msisdn(message["recipient"]),
        "status": status,
        "status_code": CODES[status],
        "response": said,
    }
