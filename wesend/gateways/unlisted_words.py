"""Words of vendors' receipts that are in no list: whoever keeps a vendor's file sees which are missing there."""

from __future__ import annotations

from ..database import Tx, query
from ..database.rows import UnlistedWordRow

MOST_WORDS = 100  # of one gateway; what comes beyond is counted together
OTHERS = "…"
COUNT = """
    INSERT INTO unlisted_words (gateway, word, receipts, last_at) VALUES (?, ?, 1, ?)
    ON CONFLICT (gateway, word) DO UPDATE SET receipts = unlisted_words.receipts + 1, last_at = excluded.last_at
"""
HOW_MANY = "SELECT count(*) FROM unlisted_words WHERE gateway = ?"
IS_KNOWN = "SELECT 1 FROM unlisted_words WHERE gateway = ? AND word = ?"


def count(tx: Tx, gateway: str, word: str, now: int) -> None:
    if tx.one(IS_KNOWN, (gateway, word)) is None and tx.execute(HOW_MANY, (gateway,)).fetchone()[0] >= MOST_WORDS:
        word = OTHERS
    tx.execute(COUNT, (gateway, word, now))


def totals() -> dict[str, int]:
    """Gateway → receipts with such a word since the instance was made."""
    return {row[0]: row[1] for row in query("SELECT gateway, CAST(sum(receipts) AS BIGINT) FROM unlisted_words GROUP BY gateway")}


def of_gateway(gateway: str) -> list[UnlistedWordRow]:
    """The most frequent first."""
    return query("SELECT * FROM unlisted_words WHERE gateway = ? ORDER BY receipts DESC, word LIMIT 20", (gateway,))
