"""Webhook format `esms`: one POST a message that is delivered or failed."""

from __future__ import annotations

from ...core import clock
from ...database.rows import BatchRow, MessageRow
from ...webhooks.formats import Event, Format, Owner, Received, Service, hex_hmac
from .words import MESSAGE, price_of

DELIVERY_GAPS = (10.0, 30.0, 90.0, 270.0, 810.0)
INBOUND_GAPS = (60.0, 300.0, 1800.0, 7200.0, 28_800.0)
"""Seconds between attempts."""
EVENTS = {"delivered": "message.delivered", "failed": "message.failed"}
INBOUND = "message.inbound"


class EsmsFormat(Format):
    name = "esms"
    events = (*EVENTS.values(), INBOUND)
    received = INBOUND
    tells_unasked = True

    def message_changed(self, message: MessageRow, batch: BatchRow, owner: Owner) -> Event | None:
        name = EVENTS.get(message["status"])
        if name is None:
            return None
        return Event(
            name,
            MESSAGE + message["uid"],
            {
                "event": name,
                "message_id": MESSAGE + message["uid"],
                "status": message["status"],
                "phone": message["recipient"],
                "sender_id": message["sender"],
                "segments": message["segments"],
                "cost": price_of(message)[0],
                "error_code": message["error_code"],
                "retry_count": message["retry_count"],
                "delivered_at": clock.iso(message["delivered_at"]),
                "failed_at": clock.iso(message["failed_at"]),
            },
        )

    def message_received(self, message: Received) -> Event:
        return Event(INBOUND, message.uid, received(message))

    def headers(self, event: str, body: bytes, secret: str) -> dict[str, str]:
        return {"X-Webhook-Signature": f"sha256={hex_hmac(secret, body)}"}

    def id_headers(self, webhook_id: str) -> dict[str, str]:
        return {"X-Webhook-ID": "evt_" + webhook_id.removeprefix("msg_")}

    def gaps(self, event: str) -> tuple[float, ...]:
        return INBOUND_GAPS if event == INBOUND else DELIVERY_GAPS


def received(message: Received) -> dict:
    """What somebody wrote, as it is told; a sample of it, too."""
    return {
        "event": INBOUND,
        "message_id": message.message_id,
        "id": message.uid,
        "from": message.sender,
        "to": message.recipient,
        "text": message.text,
        "keyword": message.keyword,
        "opt_out": message.opt_out,
        "received_at": clock.iso(message.received_at),
        "two_way": _two_way(message.service) if message.service is not None else None,
    }


def _two_way(service: Service) -> dict:
    return {
        "service_id": service.id,
        "number": service.number,
        "keyword": service.keyword,
        "type": service.type,
        "toll_free": service.toll_free,
    }
