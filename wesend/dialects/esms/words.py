"""eSMS's words: statuses, and a message as its lists show it."""

from __future__ import annotations

from ...core import clock, money, segments
from ...database import Row
from ...database.rows import MessageRow
from ...messages.sending.compose import INVALID_RECIPIENT

STATUSES = {
    "scheduled": ("scheduled",),
    "dripping": ("dripping",),
    "queued": ("queued", "claimed"),
    "retrying": ("queued", "claimed"),
    "submitted": ("submitting", "submitted", "unknown"),
    "sent": ("sent",),
    "delivered": ("delivered",),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}
"""eSMS's word → the statuses that are shown as it; what is queued and was tried before is `retrying`."""

WORDS = {status: word for word, statuses in STATUSES.items() for status in statuses if word != "retrying"}
MESSAGE, BATCH = "msg-", "batch-"
ENCODINGS = {segments.GSM7: "GSM7", segments.UCS2: "UCS2"}
REASONS = {INVALID_RECIPIENT: "invalid_phone"}
"""Why somebody gets no message, where it is called otherwise here."""


def word_of(message: Row) -> str:
    word = WORDS[message["status"]]
    return "retrying" if word == "queued" and (message["attempts"] or message["retry_count"]) else word


def event_word(status: str) -> str:
    """The word for a status in a timeline; what a stored event queues was tried before."""
    return "retrying" if status == "queued" else WORDS[status]


def price_of(message: Row) -> tuple[int | float, str | None]:
    """The carrier's price and its currency; a credit without a route has none, and shows what it cost."""
    if message["route_cost_micros"] is None:
        return money.number(message["cost_micros"]), None
    return money.number(message["route_cost_micros"]), message["route_currency"]


def entry(message: MessageRow) -> dict:
    """A message in a list."""
    cost, currency = price_of(message)
    return {
        "id": MESSAGE + message["uid"],
        "phone": message["recipient"],
        "text": message["text"],
        "sender_id": message["sender"],
        "route": message["route"],
        "country": message["country"],
        "segments": message["segments"],
        "cost": cost,
        "currency": currency,
        "status": word_of(message),
        "error_code": message["error_code"],
        "retry_count": message["retry_count"],
        "created_at": clock.iso(message["created_at"]),
        "delivered_at": clock.iso(message["delivered_at"]),
    }
