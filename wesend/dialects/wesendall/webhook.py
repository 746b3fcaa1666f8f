"""Webhook format `wesendall`: one POST a message that is delivered or failed."""

from __future__ import annotations

from ...core import clock, money
from ...database.rows import BatchRow, MessageRow
from ...webhooks.formats import Event, Format, Owner, Received, hex_hmac
from .schemas import WORDS, error_word, kept_cost

EVENTS = {"delivered": "sms.delivered", "failed": "sms.failed"}


class WesendallFormat(Format):
    name = "wesendall"
    events = (*EVENTS.values(), "sms.received")
    received = "sms.received"

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
                "timestamp": clock.iso(owner.at or clock.now_ms()),
            },
        )

    def message_received(self, message: Received) -> Event:
        payload = {
            "event": self.received,
            "message_id": message.message_id,
            "wallet_id": message.wallet_uid,
            "sender": message.sender,
            "recipient": message.recipient,
            "message": message.text,
            "keyword": message.keyword,
            "opt_out": message.opt_out,
            "service_id": message.service.id if message.service is not None else None,
            "timestamp": clock.iso(message.received_at),
        }
        return Event(self.received, message.uid, payload)

    def headers(self, event: str, body: bytes, secret: str) -> dict[str, str]:
        return {"X-Wesendall-Signature": f"sha256={hex_hmac(secret, body)}"}
