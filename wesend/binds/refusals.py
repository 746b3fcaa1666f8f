"""Refused binds and submissions, for the page: noted together, so that a storm of them writes little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import OPERATE, SEE, Actor
from ..core import clock
from ..database import Tx, query, write
from ..database.rows import SmppRefusalRow

KEPT = 1000
SHOWN = 50


class Refused(NamedTuple):
    """``account_id`` None: nobody's whom we know."""

    account_id: int | None
    system_id: str
    address: str
    command: str
    status: int
    reason: str


COLUMNS = (*Refused._fields, "times", "at")
FORGET = "DELETE FROM smpp_refusals WHERE id <= (SELECT max(id) FROM smpp_refusals) - ?"


def note(refused: Sequence[tuple[Refused, int]]) -> None:
    """Each with how often it happened."""

    def unit(tx: Tx) -> None:
        now = clock.now_ms()
        tx.insert_many("smpp_refusals", COLUMNS, [(*one, times, now) for one, times in refused])
        tx.execute(FORGET, (KEPT,))

    if refused:
        write(unit)


LIST = "SELECT * FROM smpp_refusals WHERE account_id = ? ORDER BY id DESC LIMIT ?"
LIST_ALL = "SELECT * FROM smpp_refusals ORDER BY id DESC LIMIT ?"


def list_refusals(account_id: int | None, *, actor: Actor) -> list[SmppRefusalRow]:
    """The last ones of an account, or of everybody and nobody (None)."""
    roles.require(actor, OPERATE if account_id is None else SEE, account_id)
    return query(LIST_ALL, (SHOWN,)) if account_id is None else query(LIST, (account_id, SHOWN))
