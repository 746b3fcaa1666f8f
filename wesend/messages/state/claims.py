"""Claims: who may submit a message, until when. Each is a conditional UPDATE, guarded by the status and a fencing token.

A message waits all the while, for its batch as for its account: nothing is counted, and nobody is told. What a gateway
made of it is a move (`transitions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...core import clock
from ...core.chunks import chunks
from ...database import Tx, marks
from .statuses import CLAIMED, SUBMITTING

LEASE_MS = 30 * clock.SECOND
CLAIM = """
    UPDATE messages SET status = ?, claim_token = ?, lease_until = ? WHERE id IN ({ids}) AND status = 'queued'
    RETURNING {columns}
"""
START = """
    UPDATE messages SET status = 'submitting', lease_until = ? WHERE id IN ({ids}) AND status = 'claimed' AND claim_token = ?
    RETURNING id
"""
HAND_BACK = """
    UPDATE messages SET status = 'queued', claim_token = NULL, lease_until = NULL
    WHERE id IN ({ids}) AND status = 'claimed' AND claim_token = ?
"""
# 'claimed' stands twice: the first condition is that of the index over leases, word for word.
HAND_BACK_LAPSED = """
    UPDATE messages SET status = 'queued', claim_token = NULL, lease_until = NULL WHERE id IN (
        SELECT id FROM messages WHERE status IN ('claimed', 'submitting') AND lease_until < ? AND status = 'claimed' LIMIT ?)
"""


def claim(tx: Tx, ids: list[int], columns: Iterable[str], *, token: str, until: int, submitting: bool = False) -> list[Sequence]:
    """``columns`` of those of queued messages that are now ours; ``submitting``: they are begun in the same breath."""
    status = SUBMITTING if submitting else CLAIMED
    found: list[Sequence] = []
    for chunk in chunks(ids):
        statement = CLAIM.format(ids=marks(chunk), columns=", ".join(columns))
        found += tx.all(statement, (status, token, until, *chunk))
    return found


def start(tx: Tx, ids: list[int], *, token: str, until: int) -> set[int]:
    """Mark claimed messages as being submitted, just before the gateway is called; those that were still ours."""
    return {row[0] for row in tx.all(START.format(ids=marks(ids)), (until, *ids, token))}


def hand_back(tx: Tx, ids: list[int], *, token: str) -> None:
    """Return claimed messages that were not begun."""
    tx.execute(HAND_BACK.format(ids=marks(ids)), (*ids, token))


def hand_back_lapsed(tx: Tx, now: int, limit: int) -> int:
    """Return what was claimed by whoever is gone, and not begun; how many."""
    return tx.changed(HAND_BACK_LAPSED, (now, limit))
