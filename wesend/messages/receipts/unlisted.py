"""Receipts whose word is in no list: shown in the message's timeline, counted, and nothing is changed by them."""

from __future__ import annotations

from ...adapters.sms.base import Receipt
from ...database import Row, Tx
from ...gateways import unlisted_words
from ..state.transitions import Note
from ..state.transitions import note as enter

EVENT = "receipt_not_known"


def note(tx: Tx, told: list[tuple[Row, Receipt]], now: int) -> None:
    """A word is told once a message, however often its gateway repeats it."""
    notes = [
        Note(
            message["id"],
            message["status"],
            EVENT,
            f"DLR: {receipt.code}, which is in no list",
            {"gateway": message["gateway"], **({"text": receipt.text} if receipt.text else {})},
        )
        for message, receipt in told
    ]
    new = {one.message_id for one in enter(tx, notes, now)}
    for message, receipt in told:
        if message["id"] in new:
            unlisted_words.count(tx, message["gateway"], receipt.code or "", now)
