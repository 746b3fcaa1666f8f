"""Texts of what people wrote that are older than texts are kept: replaced, while their rows stay."""

from __future__ import annotations

from typing import NamedTuple

from ..database import Tx, query, write
from ..messages.state.redaction import REMOVED


class Swept(NamedTuple):
    """How many texts were replaced, and the row id to go on from."""

    replaced: int
    next_id: int


OLD_INBOUND = """
    SELECT id, account_id, sender FROM inbound_messages WHERE id >= ? AND created_at < ? ORDER BY id LIMIT ?
"""
REPLACE = "UPDATE inbound_messages SET text = ? WHERE id = ?"
REPLACE_SHOWN = "UPDATE conversations SET text = ? WHERE account_id = ? AND phone = ? AND last_at < ?"


def remove_inbound(begin: int, before: int, limit: int) -> Swept:
    """Of what accounts were given before a moment, and what the inbox shows of it."""
    rows = query(OLD_INBOUND, (begin, before, limit))

    def unit(tx: Tx) -> None:
        tx.executemany(REPLACE, [(REMOVED, row["id"]) for row in rows])
        tx.executemany(REPLACE_SHOWN, [(REMOVED, row["account_id"], row["sender"], before) for row in rows])

    if rows:
        write(unit)
    return Swept(len(rows), rows[-1]["id"] + 1 if rows else begin)


OLD_INCOMING = "SELECT id FROM incoming_messages WHERE id >= ? AND told_at < ? AND state <> 'new' ORDER BY id LIMIT ?"
CLEAR = "UPDATE incoming_messages SET text = ?, raw = NULL WHERE id = ? AND state <> 'new'"


def remove_incoming(begin: int, before: int, limit: int) -> Swept:
    """Of what gateways told before a moment."""
    rows = query(OLD_INCOMING, (begin, before, limit))
    if rows:
        write(lambda tx: tx.executemany(CLEAR, [(REMOVED, row["id"]) for row in rows]))
    return Swept(len(rows), rows[-1]["id"] + 1 if rows else begin)
