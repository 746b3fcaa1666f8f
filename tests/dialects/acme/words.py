"""Acme's words for what becomes of a text."""

from __future__ import annotations

from ...core import money
from ...database import Row

STATES = {
    "waiting": ("scheduled", "dripping", "queued", "claimed", "submitting"),
    "away": ("submitted", "sent", "unknown"),
    "there": ("delivered",),
    "lost": ("failed", "cancelled"),
}
WORDS = {status: word for word, statuses in STATES.items() for status in statuses}


def text_data(message: Row) -> dict:
    return {"text_id": message["uid"], "state": WORDS[message["status"]], "price": money.number(message["cost_micros"])}
