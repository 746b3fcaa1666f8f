"""The phone of somebody who writes messages: asked for once, tests of what they write go there."""

from __future__ import annotations

from ..core import phones
from ..core.errors import InvalidInput
from ..core.languages import marked
from ..database import query_one, write
from .roles import Actor, User
from .service import AccountInfo


def of(actor: Actor) -> str:
    """E.164; empty where none is known."""
    row = query_one("SELECT phone FROM users WHERE id = ?", (actor.id,)) if isinstance(actor, User) else None
    return row["phone"] or "" if row else ""


def keep(actor: Actor, typed: str, account: AccountInfo) -> str:
    """The number as E.164, from now on the user's. InvalidInput."""
    phone = phones.normalise(typed, account.country)
    if phone is None:
        told = phones.problem(typed) if typed.strip() else marked("Enter your phone number: a test goes there")
        raise InvalidInput(told, {"my_phone": [told]})
    if isinstance(actor, User) and of(actor) != phone.e164:
        write(lambda tx: tx.changed("UPDATE users SET phone = ? WHERE id = ?", (phone.e164, actor.id)))
    return phone.e164
