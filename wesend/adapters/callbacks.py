"""What a gateway calls us with, free of any web framework, and how its signature is checked."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import NamedTuple


class BadSignature(Exception):
    """The vendor's signature is missing or wrong; nothing in the call may be believed."""


class UnreadableCallback(Exception):
    """Not what the vendor documents: no JSON, no form, or without the fields that say what it is about."""


class CallbackRequest(NamedTuple):
    """``url`` is the public one that was called, its query included; ``body`` the bytes as they came."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header whatever its case; "" when it is missing."""
        found = self.headers.get(name)
        if found is not None:
            return found
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


def require_signature(expected: str, given: str) -> None:
    """BadSignature unless both are the same text, compared in constant time (on bytes: text must be ASCII)."""
    if not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
        raise BadSignature
