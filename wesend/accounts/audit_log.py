"""The audit log: who changed what, and when."""

from __future__ import annotations

from .. import clock
from ..database import Row, Tx, query
from . import roles
from .roles import OPERATE, Actor


def record(tx: Tx, *, actor: object, action: str, subject: str, account_id: int | None = None,
           detail: str | None = None) -> None:
    """Write one entry; ``detail`` never holds a secret. ``actor``: see ``roles.Actor``."""
    tx.insert("audit_log", account_id=account_id, actor=str(actor), action=action, subject=subject, detail=detail,
              at=clock.now_ms())


def entries(*, actor: Actor, account_id: int | None = None, before: int | None = None, limit: int = 50) -> list[Row]:
    """Newest first, with the account's name; of one account or of all."""
    roles.require(actor, OPERATE)
    return query("SELECT l.*, a.name AS account_name FROM audit_log l LEFT JOIN accounts a ON a.id = l.account_id"
                 + (" WHERE l.account_id = :account" if account_id is not None else " WHERE 1")
                 + " AND l.id < coalesce(:before, 9223372036854775807) ORDER BY l.id DESC LIMIT :limit",
                 {"account": account_id, "before": before, "limit": limit})
