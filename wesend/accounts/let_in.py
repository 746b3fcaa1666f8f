"""Letting somebody in: what is noted when a sign-in is complete, whatever it was made of."""

from __future__ import annotations

from collections.abc import Callable

from ..core import clock
from ..database import Tx
from . import audit_log, places
from .roles import User

Then = Callable[[User], object]
"""Called with the user inside the transaction that lets them in: a session begun there is none that a new password of the
same moment has missed."""


def let_in(tx: Tx, user: User, address: str, then: Then | None, *, how: str | None = None) -> User:
    """Note when and from where; ``then`` begins the session."""
    _record(tx, user, address, how)
    return enter(tx, user, address, then)


def enter(tx: Tx, user: User, address: str, then: Then | None) -> User:
    """The same for a sign-in that the audit log tells of otherwise."""
    if address:
        places.remember(tx, user.id, places.place_of(address))
    if then is not None:
        then(user)
    # After ``then``, which looks whether it is the first time.
    tx.execute("UPDATE users SET last_sign_in_at = ? WHERE id = ?", (clock.now_ms(), user.id))
    return user


def _record(tx: Tx, user: User, address: str, how: str | None) -> None:
    audit_log.record(
        tx,
        actor=user._replace(address=address or None),
        action="sign_in",
        subject=user.email,
        account_id=user.account_id,
        detail=how,
    )
