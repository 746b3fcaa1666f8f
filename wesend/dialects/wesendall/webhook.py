"""Webhook format `wesendall`: one POST a message that is delivered or failed."""

from __future__ import annotations

from ...core import clock, money
from ...database.rows import BatchRow, MessageRow
from ...webhooks.formats import Event, Format, Owner, hex_hmac
from .schemas import WORDS, error_word, kept_cost

EVENTS = {"delivered": "sms.delivered", "failed": "sms.failed"}


class WesendallFormat(Format):
    name = "wesendall"
    events = tuple(EVENTS.values())

    def message_changed(self, message: MessageRow, batch: BatchRow, owner: Owner) -> Event | None:
        name = EVENTS.get(WORDS[message["status"]])
        if name is None:
            return None
        return Event(
            name,
            message["uid"],
            {
                "event": name,
                "message_id": message["uid"],
                "batch_id": batch["uid"],
                "wallet_id": owner.wallet_uid,
                "recipient": message["recipient"],
                "status": WORDS[message["status"]],
                "segments": message["segments"],
                "cost": money.number(kept_cost(message)),
                "currency": batch["currency"],
                "error": error_word(message),
                "timestamp": clock.iso(clock.now_ms()),
            },
        )

    def headers(self, event: str, body: bytes, secret: str) -> dict[str, str]:
        return {"X-Wesendall-Signature": f"sha256={hex_hmac(secret, body)}"}
