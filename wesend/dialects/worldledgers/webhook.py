"""Webhook format `worldledgers`: one POST for every change of a message's status, and for what happens to an e-mail."""

from __future__ import annotations

from ...core import clock
from ...database.rows import BatchRow, MessageRow
from ...webhooks.formats import Event, Format, Owner, Received, hex_hmac
from .words import WORDS, status_data

CHANGES = ("processing", "delivered", "failed")
TRACKED = ("opened", "clicked")
RECEIVED = "communication.sms.received"


class WorldLedgersFormat(Format):
    name = "worldledgers"
    events = (
        *(f"communication.sms.{word}" for word in CHANGES),
        *(f"communication.email.{word}" for word in (*CHANGES, *TRACKED)),
        RECEIVED,
    )
    received = RECEIVED

    def message_changed(self, message: MessageRow, batch: BatchRow, owner: Owner) -> Event | None:
        word = WORDS[message["status"]]
        if word not in CHANGES:
            return None
        # Several of our statuses are one of theirs: submitted, then sent, is told once.
        return self._event(message, batch, word, owner, once=f"{message['id']}:{message['charges']}:{word}")

    def mail_tracked(self, message: MessageRow, batch: BatchRow, happening: str, owner: Owner) -> Event | None:
        return self._event(message, batch, happening, owner, once=None)

    def message_received(self, message: Received) -> Event:
        payload = {
            "event": RECEIVED,
            "type": "sms",
            "message_id": message.message_id,
            "sender": message.sender,
            "recipient": message.recipient,
            "message": message.text,
            "firm_id": message.account_id,
            "timestamp": clock.iso_in_zone(message.received_at, message.time_zone),
        }
        return Event(RECEIVED, message.uid, payload)

    @staticmethod
    def _event(message: MessageRow, batch: BatchRow, word: str, owner: Owner, once: str | None) -> Event:
        data = status_data(message, batch, word)
        return Event(
            data["event"],
            str(message["id"]),
            {**data, "firm_id": message["account_id"], "timestamp": clock.iso_in_zone(owner.at or clock.now_ms(), owner.time_zone)},
            once,
        )

    def headers(self, event: str, body: bytes, secret: str) -> dict[str, str]:
        return {"X-WL-Event": event, "X-WL-Signature": f"sha256={hex_hmac(secret, body)}"}
