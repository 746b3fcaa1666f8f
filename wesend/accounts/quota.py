"""What an account stores, and how much of it there may be (`WESEND_ACCOUNT_STORAGE_MB`).

Counted by triggers, in the transaction that writes or removes it, so no use case can forget one: texts of messages and
batches (an e-mail with 500 bytes for its row, since it is free of charge; an SMS with its text alone), and groups with
their contacts (100 bytes for each contact's row). A look at it is one row. What is large is refused once there is no room;
single messages go on.
"""

from __future__ import annotations

from typing import NamedTuple

from ..core.current_app import this_app
from ..core.errors import StorageQuotaExceeded
from ..database import Tx, reading
from . import roles
from .roles import SEE, Actor

MB = 2**20


class Stored(NamedTuple):
    """Bytes."""

    texts: int
    contacts: int

    @property
    def total(self) -> int:
        return self.texts + self.contacts


def stored(account_id: int, *, actor: Actor) -> Stored:
    """What the account stores now."""
    roles.require(actor, SEE, account_id)
    return _stored(account_id)


def _stored(account_id: int, tx: Tx | None = None) -> Stored:
    row = reading(tx).one("SELECT texts, contacts FROM account_storage WHERE account_id = ?", (account_id,))
    return Stored(*row) if row is not None else Stored(0, 0)


def limit() -> int | None:
    """Bytes that an account may store; None: as many as it likes."""
    megabytes = this_app().config["WESEND"].account_storage_mb
    return megabytes * MB or None


def require_room(account_id: int, more: int = 0, tx: Tx | None = None) -> None:
    """StorageQuotaExceeded unless there is room for ``more`` bytes (0: for anything at all)."""
    most = limit()
    if most is None:
        return
    total = _stored(account_id, tx).total
    if total >= most or total + more > most:
        raise StorageQuotaExceeded(stored_bytes=total, limit_bytes=most)
