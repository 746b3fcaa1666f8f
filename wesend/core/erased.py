"""What stands in the place of an address that was erased: a keyed hash, so that it is known again when it is asked for."""

from __future__ import annotations

import hmac
from hashlib import sha256

from flask import current_app

PREFIX = "erased-"
DIGITS = 24
"""Hexadecimal ones of the hash that are kept: 96 bits."""


def token_of(address: str) -> str:
    """``erased-…`` of a phone (E.164) or an e-mail address in any case; the instance's secret key is in it."""
    return PREFIX + hmac.digest(_key(), address.lower().encode(), "sha256").hex()[:DIGITS]


def _key() -> bytes:
    extensions = current_app.extensions
    if "wesend.core.erased" not in extensions:
        extensions["wesend.core.erased"] = sha256(b"wesend erased\0" + current_app.config["SECRET_KEY"].encode()).digest()
    return extensions["wesend.core.erased"]


def is_erased(address: str) -> bool:
    return address.startswith(PREFIX)
