"""What a gateway answered to a request of `http_client`, which is not loaded for this."""

from __future__ import annotations

from typing import NamedTuple

from .reading import json_object, pick, text

ANSWERED = "answered"
WORDS = ("message", "errorMessage", "error.message", "error_description", "error", "detail", "requestError.serviceException.text")


class Reply(NamedTuple):
    """``kind``: ANSWERED (2xx), REFUSED (4xx), TEMPORARY or UNKNOWN; ``code`` and ``reason``: why not the first."""

    kind: str
    status: int | None = None
    body: bytes = b""
    code: str | None = None
    reason: str | None = None

    def object(self) -> dict:
        """The JSON object of the body; empty when there is none."""
        return json_object(self.body) or {}

    def said(self) -> str | None:
        """What the body says in words: a JSON object's usual fields, or plain text; never a page of HTML."""
        document = json_object(self.body)
        if document is not None:
            return next((said for said in (text(pick(document, path)) for path in WORDS) if said), None)
        plain = self.body[:1000].decode(errors="replace").strip()
        return None if plain[:1] in ("<", "{", "[") else text(plain)
