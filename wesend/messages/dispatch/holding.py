"""Holding back: small sends of suspended accounts are put out of the way of everybody's claims, a chunk at a time.

Whoever comes upon them at the head of a queue sets them aside, once; a claim never walks past what lies there. Bulks
need none of this: they are claimed through their batch, which is passed over.
"""

from __future__ import annotations

from ...accounts.service import suspended_accounts
from ...database import Tx, marks, query, write
from ..state import waiting
from ..state.statuses import HELD, HELD_BACK

CHUNK = 500
HEAD = """
    SELECT id, account_id FROM messages WHERE status = 'queued' AND lane = 0 AND gateway = ? AND due_at <= ?
    ORDER BY due_at, id LIMIT ?
"""
OWNERS = "SELECT id, account_id FROM messages WHERE id IN ({ids})"
ACTIVE_AGAIN = f"""
    SELECT id FROM accounts a WHERE status = 'active'
        AND EXISTS (SELECT 1 FROM messages WHERE {HELD_BACK} AND account_id = a.id AND lane = {HELD})
"""
HELD_OF_ACCOUNT = f"SELECT id FROM messages WHERE {HELD_BACK} AND account_id = ? AND lane = ? ORDER BY due_at LIMIT ?"


def clear_the_head(gateway: str, now: int) -> None:
    """Set aside what is due of suspended accounts at the head of a gateway's queue, until the next to leave may leave."""
    while suspended_accounts():
        rows = query(HEAD, (gateway, now, CHUNK))
        held = [row["id"] for row in rows if row["account_id"] in suspended_accounts()]
        if not held or not write(lambda tx, ids=held: _set_aside_still(tx, ids)):  # type: ignore[misc]  # mypy can't infer a lambda's defaults
            return


def _set_aside_still(tx: Tx, ids: list[int]) -> int:
    """Looked at again under the lock: an account may have been resumed since."""
    suspended = suspended_accounts(tx)
    rows = tx.all(OWNERS.format(ids=marks(ids)), ids)
    return waiting.set_aside(tx, [row["id"] for row in rows if row["account_id"] in suspended])


def give_back() -> int:
    """What was held of accounts that are active again is queued or waits for its time as before; how many."""
    return sum(put_back(row["id"], HELD) for row in query(ACTIVE_AGAIN))


def put_back(account_id: int, lane: int) -> int:
    """Everything that an account has in a lane of what is held goes back to lane 0; how many."""
    total = 0
    while ids := [row["id"] for row in query(HELD_OF_ACCOUNT, (account_id, lane, CHUNK))]:
        changed = write(lambda tx, ids=ids: waiting.put_back(tx, ids, lane=lane, account_id=account_id))  # type: ignore[misc]  # mypy can't infer a lambda's defaults
        total += changed
        if not changed:
            break
    return total
