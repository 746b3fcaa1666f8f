"""The audit log: who changed what, and when."""

from __future__ import annotations

from .. import clock
from ..database import Tx


def record(tx: Tx, *, actor: object, action: str, subject: str, account_id: int | None = None,
           detail: str | None = None) -> None:
    """Write one entry; ``detail`` never holds a secret. ``actor``: see ``roles.Actor``."""
    tx.insert("audit_log", account_id=account_id, actor=str(actor), action=action, subject=subject, detail=detail,
              at=clock.now_ms())
