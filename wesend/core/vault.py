"""Secrets at rest: sealed with a key that is derived from the instance's secret key."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class Unreadable(Exception):
    """Something was sealed with another secret key; one sentence."""


def _fernet() -> Fernet:
    extensions = current_app.extensions
    if "wesend.core.vault" not in extensions:
        from cryptography.fernet import Fernet  # most commands neither seal nor unseal

        derived = sha256(b"wesend vault\0" + current_app.config["SECRET_KEY"].encode()).digest()
        extensions["wesend.core.vault"] = Fernet(base64.urlsafe_b64encode(derived))
    return extensions["wesend.core.vault"]


def seal(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text again; Unreadable when the secret key is not the one that sealed it."""
    from cryptography.fernet import InvalidToken

    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("A stored secret can't be read: the secret key is not the one it was stored with.") from error


def seal_table(values: dict[str, str]) -> str:
    return seal(json.dumps(values))


def unseal_table(sealed: str) -> dict[str, str]:
    return json.loads(unseal(sealed))
