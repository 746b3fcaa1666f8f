"""A wallet's ledger, a page at a time."""

from __future__ import annotations

from ..database import query, snapshot
from ..database.rows import LedgerEntryRow
from .service import WalletInfo


class EntryOfBatch(LedgerEntryRow):
    batch_uid: str | None


PAGE = """
    SELECT e.*, b.uid AS batch_uid
    FROM (SELECT * FROM ledger_entries WHERE wallet_id = ? ORDER BY id DESC LIMIT ? OFFSET ?) e
    LEFT JOIN batches b ON b.id = e.batch_id ORDER BY e.id DESC
"""


def page_of_entries(wallet: WalletInfo, *, limit: int, offset: int) -> tuple[list[EntryOfBatch], int]:
    """Entries newest first, each with its batch's public id, and how many there are."""
    with snapshot():
        total = query("SELECT count(*) FROM ledger_entries WHERE wallet_id = ?", (wallet.id,))[0][0]
        rows = query(PAGE, (wallet.id, limit, offset))
        return rows, total
