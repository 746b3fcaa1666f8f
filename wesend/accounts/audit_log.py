"""The audit log: who did what, when, and from where."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from ..core import clock
from ..core.errors import WesendError
from ..database import Tx, keyset, query, write
from ..database.errors import DATABASE_ERRORS
from ..database.rows import AuditEntryRow
from . import roles
from .roles import MANAGE, OPERATE, Actor

LONGEST = 300
"""Characters of each text: part of it comes from strangers."""
log = logging.getLogger(__name__)


def record(tx: Tx, *, actor: Actor, action: str, subject: str, account_id: int | None = None, detail: str | None = None) -> None:
    """Write one entry; ``detail`` never holds a secret. ``actor`` brings the request's address and key along."""
    tx.insert(
        "audit_log",
        account_id=account_id,
        actor=plain(str(actor)),
        action=action,
        subject=plain(subject),
        detail=None if detail is None else plain(detail),
        at=clock.now_ms(),
        address=getattr(actor, "address", None),
        api_key_id=getattr(actor, "api_key_id", None),
    )


def plain(text: str) -> str:
    """On one line, with everything that can't be seen spelled out: no entry looks like another one, or like two."""
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode("ascii")
        for char in text[: LONGEST + 1]
    )
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + "…"


def changes(before: Mapping[str, object] | None, after: Mapping[str, object]) -> str:
    """What changed from what to what: ``price 35 UGX → 36 UGX, priority 0 → 1``; of what was made, what it is."""
    if before is None:
        return ", ".join(f"{name} {value}" for name, value in after.items() if value)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    told = ", ".join(f"{name} {before.get(name) or 'none'} → {after.get(name) or 'none'}" for name in names)
    return told or "unchanged"


def note(*, actor: Actor, action: str, subject: str, account_id: int | None = None, detail: str | None = None) -> None:
    """An entry about something that was read. Where it can't be written (a full disk), the server's log has it instead."""
    try:
        write(lambda tx: record(tx, actor=actor, action=action, subject=subject, account_id=account_id, detail=detail))
    except (*DATABASE_ERRORS, OSError, WesendError) as error:
        log.warning("not in the audit log (%s): %s by %s of account %s", type(error).__name__, action, actor, account_id)


class EntryOfAccount(AuditEntryRow):
    account_name: str | None


def entries(*, actor: Actor, account_id: int | None = None, before: int | None = None, limit: int = 50) -> list[EntryOfAccount]:
    """Newest first, with the account's name; of one account for its owners, of all (None) for an operator."""
    if account_id is None:
        roles.require(actor, OPERATE)
    else:
        roles.require(actor, MANAGE, account_id, even_suspended=True)
    return query(
        "SELECT l.*, a.name AS account_name FROM audit_log l LEFT JOIN accounts a ON a.id = l.account_id"
        + (" WHERE l.account_id = :account" if account_id is not None else " WHERE 1 = 1")
        + " AND l.id < :before ORDER BY l.id DESC LIMIT :limit",
        {"account": account_id, "before": keyset.below(before), "limit": limit},
    )


COUNT_SINCE = """
    SELECT count(*) FROM (
        SELECT 1 FROM audit_log
        WHERE action = ? AND at > ? AND subject = coalesce(?, subject)
            AND (CAST(? AS TEXT) IS NULL OR address = ?) AND (CAST(? AS BIGINT) IS NULL OR account_id = ?)
        LIMIT ?
    ) AS found
"""


def count_since(
    tx: Tx,
    action: str,
    since: int,
    most: int,
    *,
    subject: str | None = None,
    address: str | None = None,
    account_id: int | None = None,
) -> int:
    """How many entries of an action there are since an instant, counted up to ``most``: for what is capped."""
    found = tx.one(COUNT_SINCE, (action, since, subject, address, address, account_id, account_id, most))
    assert found is not None
    return found[0]
