"""Ten codes that each stand in for a lost factor once. They are shown when they are made, and never again."""

from __future__ import annotations

import secrets
from hashlib import sha256

from ...core.errors import Forbidden
from ...database import Tx, atomic, query_one
from .. import audit_log
from ..roles import User
from . import factors

HOW_MANY = 10
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, 1, I and O: they are read from paper. Sixteen of these are 80 bits."""
GROUPS, LENGTH = 4, 4


def renew(user: User) -> list[str]:
    """Ten new codes of a user who has a factor; earlier ones are worth nothing. Forbidden without a factor."""
    codes = [_make() for _ in range(HOW_MANY)]
    with atomic() as tx:
        if not factors.exist(user, tx):
            raise Forbidden("Set up an authenticator app or a passkey first")
        tx.execute("DELETE FROM recovery_codes WHERE user_id = ?", (user.id,))
        for code in codes:
            tx.insert("recovery_codes", user_id=user.id, code_sha256=_digest(code))
        audit_log.record(tx, actor=user, action="user.recovery_codes", subject=user.email, account_id=user.account_id)
    return codes


def count(user: User) -> int:
    """How many are left."""
    found = query_one("SELECT count(*) FROM recovery_codes WHERE user_id = ?", (user.id,))
    assert found is not None
    return found[0]


def use(tx: Tx, user: User, code: str) -> bool:
    """Whether it is one of the user's; then it is used up."""
    return bool(tx.changed("DELETE FROM recovery_codes WHERE user_id = ? AND code_sha256 = ?", (user.id, _digest(code))))


def _make() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(GROUPS))


def _digest(code: str) -> str:
    """Of the letters alone: people leave the hyphens out."""
    letters = "".join(char for char in code.upper() if char.isalnum())
    return sha256(letters.encode("utf-8", "surrogatepass")).hexdigest()
