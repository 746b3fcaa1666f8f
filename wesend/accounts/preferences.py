"""What a user has chosen for the pages: which list of first steps fits, and whether it is put away."""

from __future__ import annotations

from typing import NamedTuple

from ..core import clock
from ..core.errors import InvalidInput
from ..database import query_one, write
from .roles import OPERATOR, Actor, User
from .service import AccountInfo

BUSINESS, DEVELOPER, OPERATING = "business", "developer", "operator"
READERS = (BUSINESS, DEVELOPER, OPERATING)


class FirstSteps(NamedTuple):
    """``reader``: whom the list is for; ``is_hidden``: put away."""

    reader: str
    is_hidden: bool


def first_steps(actor: Actor, account: AccountInfo) -> FirstSteps:
    """As the user chose; else by what the user and the account are for."""
    row = query_one("SELECT reads_as, start_hidden_at FROM users WHERE id = ?", (actor.id,)) if isinstance(actor, User) else None
    chosen = row["reads_as"] if row else None
    if chosen not in readers(actor):
        chosen = _usual(actor, account)
    return FirstSteps(chosen, row is not None and row["start_hidden_at"] is not None)


def readers(actor: Actor) -> tuple[str, ...]:
    """The lists that somebody may choose from."""
    return READERS if isinstance(actor, User) and actor.role == OPERATOR else (BUSINESS, DEVELOPER)


def _usual(actor: Actor, account: AccountInfo) -> str:
    if account.is_sandbox:  # where one tries things out
        return DEVELOPER
    return OPERATING if OPERATING in readers(actor) else BUSINESS


def choose(user: User, reader: str) -> None:
    """InvalidInput for a list that is none of theirs."""
    if reader not in readers(user):
        raise InvalidInput("There is no such list", {"reader": ["No such list"]})
    write(lambda tx: tx.changed("UPDATE users SET reads_as = ? WHERE id = ?", (reader, user.id)))


def hide(user: User, *, hidden: bool) -> None:
    """Put the list away, or take it out again."""
    at = clock.now_ms() if hidden else None
    write(lambda tx: tx.changed("UPDATE users SET start_hidden_at = ? WHERE id = ?", (at, user.id)))
