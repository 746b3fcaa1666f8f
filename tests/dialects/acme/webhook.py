"""Webhook format `acme`: one POST a text that is there or lost."""

from __future__ import annotations

from ...database import Row
from ...webhooks.formats import Event, Format, Owner, hex_hmac
from .words import WORDS, text_data

EVENTS = {"there": "text.there", "lost": "text.lost"}


class AcmeFormat(Format):
    name = "acme"
    events = tuple(EVENTS.values())

    def message_changed(self, message: Row, batch: Row, owner: Owner) -> Event | None:
        name = EVENTS.get(WORDS[message["status"]])
        if name is None:
            return None
        return Event(name, message["uid"], {"event": name, **text_data(message)})

    def headers(self, event: str, body: bytes, secret: str) -> dict[str, str]:
        return {"X-Acme-Signature": hex_hmac(secret, body)}
