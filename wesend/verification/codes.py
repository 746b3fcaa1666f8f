"""Codes: digits of the system's random source, kept as a keyed hash, compared in constant time."""

from __future__ import annotations

import hmac
import re
import secrets
from hashlib import sha256

from flask import current_app

PASSED_OVER = re.compile(r"[\s\u2010-\u2015-]")
"""In an answer: spaces and hyphens, as people copy and type them."""


def new_code(length: int) -> str:
    return f"{secrets.randbelow(10**length):0{length}d}"


def digest(uid: str, code: str) -> str:
    """HMAC-SHA-256 of a verification's id and its code, by a key that is derived from the instance's."""
    key = sha256(b"wesend verification\0" + current_app.config["SECRET_KEY"].encode()).digest()
    return hmac.new(key, f"{uid}:{code}".encode("utf-8", "surrogatepass"), sha256).hexdigest()


def answers(uid: str, answer: str, kept: str) -> bool:
    """Whether an answer is the code of which ``kept`` is the digest."""
    return hmac.compare_digest(digest(uid, PASSED_OVER.sub("", answer)), kept)


def find_in(text: str, uid: str, kept: str) -> str | None:
    """The code of which ``kept`` is the digest, where a text holds it."""
    return next((code for code in re.findall(r"\d{4,10}", text) if answers(uid, code, kept)), None)
