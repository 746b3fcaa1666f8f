"""Messages that wait: for their time, or, while their account is suspended, out of everybody's way.

A message that waits is counted and told of alike whatever it waits for, so these change rows and nothing else.
"""

from __future__ import annotations

from ...database import Tx, marks
from .statuses import HELD, LATE

RELEASE = "UPDATE messages SET status = 'queued' WHERE id IN ({ids}) AND status IN ('scheduled', 'dripping')"
RELEASE_OF_BULK = """
    UPDATE messages SET status = 'queued' WHERE id IN (
        SELECT id FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 1 AND batch_id = ? AND due_at <= ?
        ORDER BY due_at LIMIT ?)
"""
SET_ASIDE = f"""
    UPDATE messages SET lane = {HELD} WHERE id IN ({{ids}}) AND lane = 0 AND status IN ('scheduled', 'dripping', 'queued')
"""
SET_LATE = f"UPDATE messages SET lane = {LATE} WHERE id IN ({{ids}})"
PUT_BACK = """
    UPDATE messages SET lane = 0 WHERE id IN ({ids}) AND lane = ?
        AND EXISTS (SELECT 1 FROM accounts WHERE id = ? AND status = 'active')
"""
TIME_DRIP = """
    UPDATE messages SET valid_until = valid_until + (? - due_at), due_at = ? WHERE id = ? AND status = 'dripping' AND EXISTS (
        SELECT 1 FROM batches b JOIN accounts a ON a.id = b.account_id
        WHERE b.id = messages.batch_id AND (b.state = 'paused' OR a.status = 'suspended'))
"""
TIME_BULK = """
    UPDATE messages SET valid_until = valid_until + (? - due_at), due_at = ? WHERE id IN ({ids}) AND status = 'scheduled'
        AND EXISTS (SELECT 1 FROM batches b WHERE b.id = messages.batch_id AND b.state = 'paused')
"""


def release(tx: Tx, ids: list[int]) -> int:
    """Small sends whose time has come are queued; how many."""
    return tx.changed(RELEASE.format(ids=marks(ids)), ids) if ids else 0


def release_of_bulk(tx: Tx, batch_id: int, now: int, limit: int) -> int:
    """The next of a bulk whose time has come are queued; how many."""
    return tx.changed(RELEASE_OF_BULK, (batch_id, now, limit))


def set_aside(tx: Tx, ids: list[int]) -> int:
    """Small sends that wait are held from now on, while their account is suspended; how many."""
    return tx.changed(SET_ASIDE.format(ids=marks(ids)), ids) if ids else 0


def set_late(tx: Tx, ids: list[int]) -> int:
    """Small sends that should have left long ago wait for the operator's word; how many."""
    return tx.changed(SET_LATE.format(ids=marks(ids)), ids) if ids else 0


def put_back(tx: Tx, ids: list[int], *, lane: int, account_id: int) -> int:
    """What was held, or late, of an account that is active is claimed like everybody else's; how many."""
    return tx.changed(PUT_BACK.format(ids=marks(ids)), (*ids, lane, account_id))


def time_drip(tx: Tx, times: list[tuple[int, int]]) -> None:
    """New moments, (due at, message id), for what drips of a bulk that nothing leaves of: it, or its account, stands still."""
    tx.executemany(TIME_DRIP, [(due_at, due_at, message_id) for due_at, message_id in times])


PUT_OFF = "UPDATE messages SET valid_until = valid_until + (? - due_at), due_at = ? WHERE id = ? AND status = 'queued'"


def put_off(tx: Tx, times: list[tuple[int, int]]) -> None:
    """Queued messages are due later, (due at, message id), and as long worth sending from then on."""
    tx.executemany(PUT_OFF, [(due_at, due_at, message_id) for due_at, message_id in times])


def time_bulk(tx: Tx, ids: list[int], at: int) -> int:
    """Another moment for what waits of a bulk that is paused, and as long worth sending from then on; how many."""
    return tx.changed(TIME_BULK.format(ids=marks(ids)), (at, at, *ids)) if ids else 0
