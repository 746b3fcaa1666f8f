"""The firm behind an account, as its statements name it."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.errors import InvalidInput
from ..core.languages import marked, sentence
from ..database import atomic
from . import audit_log, roles
from .roles import OPERATE, Actor
from .service import account_row

LONGEST = {"legal_name": 120, "address": 400, "tax_id": 40}
"""Characters of each."""
MOST_LINES = 6
SET = "UPDATE accounts SET legal_name = ?, address = ?, tax_id = ? WHERE id = ?"


def set_firm(account_id: int, told: Mapping[str, str | None], *, actor: Actor) -> None:
    """Set what is told of ``legal_name``, ``address`` (lines separated by |) and ``tax_id``; None takes it away."""
    roles.require(actor, OPERATE)
    row = account_row(account_id, actor=actor)
    before = {"legal_name": row["legal_name"], "address": row["address"], "tax_id": row["tax_id"]}
    after = {**before, **{name: _tidy(name, text) for name, text in told.items()}}
    changed = [name for name in before if before[name] != after[name]]
    if not changed:
        return
    with atomic() as tx:
        tx.execute(SET, (after["legal_name"], after["address"], after["tax_id"], account_id))
        detail = "; ".join(f"{name.replace('_', ' ')}: {before[name] or 'none'} → {after[name] or 'none'}" for name in changed)
        audit_log.record(tx, actor=actor, action="account.firm", subject=row["name"], account_id=account_id, detail=detail)


def _tidy(name: str, text: str | None) -> str | None:
    lines = [" ".join(line.split()) for line in (text or "").replace("\r", "").replace("\n", "|").split("|")]
    found = "|".join(filter(None, lines))
    if len(found) > LONGEST[name] or found.count("|") >= MOST_LINES or not found.isprintable():
        text = (
            marked("The address has at most %(longest)s characters in %(lines)s lines")
            if name == "address"
            else marked("The %(name)s has at most %(longest)s characters")
        )
        told = sentence(text, name=name.replace("_", " "), longest=LONGEST[name], lines=MOST_LINES)
        raise InvalidInput(told, {name: [told]})
    return found or None
