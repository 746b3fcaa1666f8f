"""Webhook format `wasambazie`: one POST when a batch is finalised."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...core import clock
from ...database import Row
from ...database.rows import BatchRow, MessageRow
from ...messages.reporting.sent import load_sent
from ...messages.state.outgoing import IN_REQUEST_LIMIT
from ...webhooks.formats import Event, Format, Received, hex_hmac
from .report import report

FINALISED = "delivery.batch.finalized"


class WasambazieFormat(Format):
    name = "wasambazie"
    events = (FINALISED, "sms.message.received")
    received = "sms.message.received"

    def batch_finished(self, batch: BatchRow, read_messages: Callable[[], Sequence[MessageRow]]) -> Event | None:
        if batch["state"] == "refused":
            return None  # it was answered with 502
        # A large batch has more messages than a short transaction can render: written at the first attempt.
        payload = _payload(batch, read_messages()) if batch["total"] <= IN_REQUEST_LIMIT else None
        return Event(FINALISED, batch["uid"], payload, once=f"finalised:{batch['uid']}")

    def payload_of(self, subject: str) -> dict:
        sent = load_sent(subject)
        return _payload(sent.batch, sent.messages)

    def message_received(self, message: Received) -> Event:
        payload = {
            "event": self.received,
            "message_id": message.message_id,
            "from_number": message.sender,
            "sender_id": message.recipient,
            "message": message.text,
            "keyword": message.keyword,
            "opt_out": message.opt_out,
            "received_at": clock.iso(message.received_at),
        }
        return Event(self.received, message.uid, payload)

    def headers(self, event: str, body: bytes, secret: str) -> dict[str, str]:
        return {"X-Wasambazie-Signature": hex_hmac(secret, body)}

    def is_received(self, status_code: int) -> bool:
        return status_code == 200


def _payload(batch: Row, messages: Sequence[Row]) -> dict:
    return {"event": FINALISED, **report(batch, messages)}
