"""Passwords: scrypt with the parameters in the hash, so that they can be raised without asking anybody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from ..core.errors import InvalidInput
from ..core.languages import sentence
from . import weak_passwords

SHORTEST, LONGEST = 10, 200
N, R, P = 2**15, 8, 3  # OWASP's choice for 32 MB; about 200 ms
MAXIMUM_MEMORY = 128 * 1024 * 1024


def check(password: str, email: str = "") -> None:
    """InvalidInput for one that is too short, too long, or among the first that anybody would guess.

    Nothing else is demanded of it: no capitals, no signs.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(
            sentence("A password has %(shortest)s to %(longest)s characters", shortest=SHORTEST, longest=LONGEST),
            {"password": [f"{SHORTEST} to {LONGEST} characters"]},
        )
    reason = weak_passwords.reason_against(password, email)
    if reason:
        raise InvalidInput(reason, {"password": [reason]})


def hashed(password: str) -> str:
    """``scrypt$N$r$p$salt$hash``."""
    salt = os.urandom(16)
    return f"scrypt${N}${R}${P}${_text(salt)}${_text(_scrypt(password, salt, N, R, P))}"


def matches(password: str, stored: str | None) -> bool:
    """Whether it is the password; takes as long when there is none to compare with."""
    kind, n, r, p, salt, expected = (stored or NOBODY).split("$")
    assert kind == "scrypt"
    found = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(expected)) and stored is not None


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=MAXIMUM_MEMORY, dklen=32)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


NOBODY = f"scrypt${N}${R}${P}${_text(bytes(16))}${_text(bytes(32))}"
