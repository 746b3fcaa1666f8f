"""The cursors of sweeps: how far each has come through the ids of a table, so that it looks at each row once."""

from __future__ import annotations

from ..database import Tx, query_one


def read(name: str) -> int:
    row = query_one("SELECT value FROM marks WHERE name = ?", (name,))
    return row[0] if row else 0


def advance(tx: Tx, name: str, before: int, after: int) -> bool:
    """Move a mark on; False when somebody else has moved it since it was read as ``before``."""
    tx.execute("INSERT INTO marks (name, value) VALUES (?, 0) ON CONFLICT (name) DO NOTHING", (name,))
    return tx.changed("UPDATE marks SET value = ? WHERE name = ? AND value = ?", (after, name, before)) > 0
