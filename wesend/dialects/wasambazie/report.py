"""A batch's delivery report, as it is polled and as it is sent when the batch is finalised."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ...core import clock
from ...database import Row
from ...guards.where import REASONS
from ...messages.sending.compose import NO_ROUTE, OPTED_OUT

STATUSES = {
    "queued": ("scheduled", "dripping", "queued", "claimed"),
    "sent": ("submitting", "submitted", "sent", "unknown"),
    "delivered": ("delivered",),
    "failed": ("failed", "cancelled"),
}
"""Wasambazie's word → the statuses that are shown as it."""

WORDS = {status: word for word, statuses in STATUSES.items() for status in statuses}


def report(batch: Row, messages: Sequence[Row]) -> dict:
    """`{message_batch_id, summary, messages}`; who could not be routed counts as failed."""
    entries = [
        {
            "to_number": message["recipient"],
            "status": WORDS[message["status"]],
            "delivered_at": clock.iso(message["delivered_at"]) if message["status"] == "delivered" else None,
        }
        for message in messages
    ]
    entries += [
        {"to_number": recipient, "status": "failed", "delivered_at": None}
        for recipient, reason, _ in json.loads(batch["skipped"] or "[]")
        if reason in (NO_ROUTE, OPTED_OUT, *REASONS)
    ]
    words = [entry["status"] for entry in entries]
    return {
        "message_batch_id": batch["uid"],
        "summary": {"total": len(entries), "delivered": words.count("delivered"), "failed": words.count("failed")},
        "messages": entries,
    }
