"""Incoming messages by gateway and what became of them, counted in the transaction that decides it."""

from __future__ import annotations

from ..database import Tx, query

MATCHED, UNMATCHED = "matched", "unmatched"
ADD = """
    INSERT INTO inbound_counts (gateway, outcome, total) VALUES (?, ?, 1)
    ON CONFLICT (gateway, outcome) DO UPDATE SET total = inbound_counts.total + 1
"""


def add(tx: Tx, gateway: str, outcome: str) -> None:
    tx.execute(ADD, (gateway, outcome))


def totals() -> dict[tuple[str, str], int]:
    """(gateway, outcome) → messages, since the instance was made."""
    return {
        (row["gateway"], row["outcome"]): row["total"] for row in query("SELECT * FROM inbound_counts ORDER BY gateway, outcome")
    }


def unmatched() -> int:
    """Messages that are nobody's, and wait for an operator."""
    return query("SELECT count(*) AS found FROM incoming_messages WHERE state = 'unmatched'")[0]["found"]
