"""The blocklist: numbers and prefixes of numbers to which nobody sends. The operator's."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..core import clock, number_text
from ..core.errors import InvalidInput
from ..core.languages import sentence
from ..database import Reader, Tx, atomic, cached, marks, query, reading
from ..database.rows import BlockedPrefixRow

PREFIX = re.compile(r"\+?(\d{1,15})")
"""E.164 has at most 15 digits."""
KEPT = 2000
"""Entries of a list that each process keeps in memory, about 200 KB."""


def read_prefix(text: str) -> str:
    """``+256 70`` → ``25670``. InvalidInput for what is none, or is written without its country."""
    plain = re.sub(r"[\s().-]", "", number_text.tidy(text))
    found = PREFIX.fullmatch(plain)
    if found is None or found[1].startswith("0"):
        raise InvalidInput(
            sentence("%(text)s is no beginning of a number with its country code, as +25670", text=f"{text[:40]!r}"),
            {"prefix": ["No prefix"]},
        )
    return found[1]


ADD = "INSERT INTO blocked_prefixes (prefix, created_at) VALUES (?, ?) ON CONFLICT (prefix) DO NOTHING"


def add(texts: Iterable[str], *, actor: Actor) -> list[str]:
    """Block numbers and prefixes; those that were not blocked before. All or nothing: InvalidInput."""
    roles.require(actor, OPERATE)
    prefixes = [read_prefix(text) for text in texts]
    with atomic() as tx:
        added = [prefix for prefix in prefixes if tx.changed(ADD, (prefix, clock.now_ms()))]
        _record(tx, "blocklist.add", added, actor)
    return added


def remove(texts: Iterable[str], *, actor: Actor) -> list[str]:
    """Let them be sent to again; those that were blocked, as they were entered."""
    roles.require(actor, OPERATE)
    prefixes = [read_prefix(text) for text in texts]
    with atomic() as tx:
        removed = [prefix for prefix in prefixes if tx.changed("DELETE FROM blocked_prefixes WHERE prefix = ?", (prefix,))]
        _record(tx, "blocklist.remove", removed, actor)
    return removed


def _record(tx: Tx, action: str, prefixes: list[str], actor: Actor) -> None:
    for prefix in prefixes:
        audit_log.record(tx, actor=actor, action=action, subject=f"+{prefix}")
    if prefixes:
        # Every process looks whether there is any, once for each version of the configuration.
        tx.execute("UPDATE config_state SET version = version + 1")


def entries(*, actor: Actor) -> list[BlockedPrefixRow]:
    roles.require(actor, OPERATE)
    return query("SELECT * FROM blocked_prefixes ORDER BY prefix")


def is_blocked(phone: str, tx: Tx | None = None) -> bool:
    """Whether a number (E.164) begins with one of them: from memory, and of a long list by one look into the index."""
    digits = phone.removeprefix("+")
    beginnings = [digits[:length] for length in range(1, len(digits) + 1)]
    short = cached("short-blocklist", _short, tx)
    if short is not None:
        return not short.isdisjoint(beginnings)
    return (
        reading(tx).one(f"SELECT 1 FROM blocked_prefixes WHERE prefix IN ({marks(beginnings)}) LIMIT 1", tuple(beginnings))
        is not None
    )


def _short(reader: Reader) -> frozenset[str] | None:
    """All of it, once for each version of the configuration; None where it is too long to keep."""
    rows = reader.all("SELECT prefix FROM blocked_prefixes LIMIT ?", (KEPT + 1,))
    return frozenset(row["prefix"] for row in rows) if len(rows) <= KEPT else None


def has_any(tx: Tx | None = None) -> bool:
    """Whether anything is blocked at all."""
    return cached("has-blocklist", lambda reader: reader.one("SELECT 1 FROM blocked_prefixes LIMIT 1") is not None, tx)
