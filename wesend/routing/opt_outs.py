"""Opt-outs: who wants nothing more from an account."""

from __future__ import annotations

from .. import clock
from ..database import Tx, marks, query, query_one

SMS, EMAIL = "sms", "email"


def add_opt_out(tx: Tx, *, account_id: int, channel: str, address: str, source: str) -> bool:
    """True when the address was not opted out before."""
    return tx.changed("INSERT OR IGNORE INTO opt_outs (account_id, channel, address, source, created_at)"
                      " VALUES (?, ?, ?, ?, ?)", (account_id, channel, address.lower(), source, clock.now_ms())) > 0


def remove_opt_out(tx: Tx, *, account_id: int, channel: str, address: str) -> bool:
    return tx.changed("DELETE FROM opt_outs WHERE account_id = ? AND channel = ? AND address = ?",
                      (account_id, channel, address.lower())) > 0


def has_opt_outs(account_id: int, channel: str) -> bool:
    return query_one("SELECT 1 FROM opt_outs WHERE account_id = ? AND channel = ? LIMIT 1",
                     (account_id, channel)) is not None


def opted_out(account_id: int, channel: str, addresses: list[str]) -> set[str]:
    """Those of ``addresses`` (lower case) that are opted out."""
    found: set[str] = set()
    for start in range(0, len(addresses), 500):
        chunk = addresses[start:start + 500]
        found.update(row[0] for row in query(
            f"SELECT address FROM opt_outs WHERE account_id = ? AND channel = ? AND address IN ({marks(chunk)})",
            (account_id, channel, *chunk)))
    return found
