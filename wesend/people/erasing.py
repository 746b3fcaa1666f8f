"""Erasing a person: their texts, names, fields and numbers become keyed hashes; what was paid, counted and refused stays."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ..accounts import audit_log
from ..accounts.roles import Actor
from ..core import clock
from ..database import forget_deleted
from ..messages.state.claims import LEASE_MS
from . import files, messages, person, rows, smpp, sweep
from .mentions import Mentions

PATIENCE = LEASE_MS / clock.SECOND + 15
"""Seconds for what is on its way: a claim lasts as long, and a gateway's answer is waited for."""


class Erased(NamedTuple):
    """``token`` stands where the person stood; ``rows`` that were changed, by table; ``cancelled`` messages were waiting, and are
    refunded. ``left``: rows that are still needed as they are, for a message on its way. ``kept_in``: tables of what people set
    up. ``compacted``: the database's file was written anew.
    """

    token: str
    addresses: tuple[str, ...]
    rows: dict[str, int]
    cancelled: int
    left: int
    kept_in: list[str]
    compacted: bool


def erase(
    address: str, account_id: int | None = None, *, compact: bool = False, patience: float = PATIENCE, actor: Actor
) -> Erased:
    """Erase whoever has this phone or e-mail address, from an account, or (an operator alone) everywhere.

    What waits for them is taken back and refunded; what is on its way is waited for, at most ``patience`` seconds. May be run
    again, and after a crash. InvalidInput, AccountNotFound, Forbidden.
    """
    found = person.find(address, account_id, actor=actor)
    mentions = Mentions(found)
    done = messages.Wiped()
    counts: Counter[str] = Counter(rows.erase(found))
    messages.erase_until_none_leaves(found, mentions, done, seconds=patience)
    counts.update(rows.erase(found))  # what came in meanwhile
    counts.update(smpp.erase(found, mentions))
    swept = sweep.sweep(found, mentions, done)
    counts.update(swept.rows)
    counts["messages"] += done.messages
    counts.update(files.erase(found, mentions))
    kept_in = sweep.kept_in(found, mentions)
    changed = {table: count for table, count in sorted(counts.items()) if count}
    audit_log.note(
        actor=actor,
        action="person.erase",
        subject=found.token,
        account_id=account_id,
        detail=", ".join(f"{table} {count}" for table, count in changed.items()) or "nothing was held",
    )
    compacted = forget_deleted(whole=compact)
    return Erased(
        found.token, tuple(found.tokens.values()), changed, done.cancelled, len(done.left) + swept.left, kept_in, compacted
    )
