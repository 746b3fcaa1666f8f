"""A bulk's states but its end, which its counters bring (`transitions`): taken in, open, paused, being cancelled."""

from __future__ import annotations

from ...database import Tx

KEEP_INTAKE = "UPDATE batches SET lease_until = ? WHERE id = ? AND state = 'intake'"
OPEN = "UPDATE batches SET state = 'open', lease_until = NULL WHERE id = ? AND state = 'intake'"
REJECT = """
    UPDATE batches SET state = 'rejected', refunded_micros = cost_micros, queued = 0, total = 0, finished_at = ?,
        lease_until = NULL WHERE id = ? AND state = 'intake'
"""
PAUSE = "UPDATE batches SET state = 'paused' WHERE id = ? AND lane = 1 AND state = 'open'"
HOLD = "UPDATE batches SET state = 'paused', held_at = ? WHERE id = ? AND state = 'open'"
RESUME = "UPDATE batches SET state = 'open', held_at = NULL WHERE id = ? AND state = 'paused' AND (held_at IS NULL OR ? = 1)"
BEGIN_CANCELLING = """
    UPDATE batches SET state = 'cancelling', held_at = NULL, lease_until = ?
    WHERE id = ? AND state IN ('open', 'paused') AND (held_at IS NOT NULL OR ? = 1)
"""
KEEP_CANCELLING = "UPDATE batches SET lease_until = ? WHERE id = ? AND state = 'cancelling'"
END_CANCELLING = """
    UPDATE batches SET state = CASE WHEN ? = 1 THEN state ELSE 'open' END, lease_until = NULL WHERE id = ? AND state = 'cancelling'
"""


def keep_intake(tx: Tx, batch_id: int, until: int) -> bool:
    """Whoever writes a bulk is still at it; False when it was undone meanwhile."""
    return tx.changed(KEEP_INTAKE, (until, batch_id)) > 0


def open_up(tx: Tx, batch_id: int) -> bool:
    """A bulk that is written whole may leave; False when it was undone meanwhile."""
    return tx.changed(OPEN, (batch_id,)) > 0


def reject(tx: Tx, batch_id: int, now: int) -> bool:
    """A bulk that was never opened is undone; its money is the caller's to give back. False when it was opened."""
    return tx.changed(REJECT, (now, batch_id)) > 0


def pause(tx: Tx, batch_id: int) -> bool:
    """False for what is no bulk, or not under way."""
    return tx.changed(PAUSE, (batch_id,)) > 0


def hold(tx: Tx, batch_id: int, now: int) -> bool:
    """Paused until the operator decides what becomes of it; False when it is not under way."""
    return tx.changed(HOLD, (now, batch_id)) > 0


def resume(tx: Tx, batch_id: int, *, held_too: bool) -> bool:
    """``held_too``: the operator has decided. False for what is not paused."""
    return tx.changed(RESUME, (batch_id, held_too)) > 0


def begin_cancelling(tx: Tx, batch_id: int, until: int, *, held_only: bool = False) -> bool:
    """Nothing more of it leaves; whoever takes it back is at it until then. False when it is over, or with ``held_only``
    when it does not wait for the operator's word (any more)."""
    return tx.changed(BEGIN_CANCELLING, (until, batch_id, not held_only)) > 0


def keep_cancelling(tx: Tx, batch_id: int, until: int) -> bool:
    """Whoever takes it back is still at it; False when it is done."""
    return tx.changed(KEEP_CANCELLING, (until, batch_id)) > 0


def end_cancelling(tx: Tx, batch_id: int, *, come_back: bool) -> None:
    """What had not left is taken back; ``come_back``: some is claimed, and may yet have to be."""
    tx.execute(END_CANCELLING, (come_back, batch_id))


def schedule(tx: Tx, batch_id: int, at: int) -> None:
    """When it is to leave, as its page tells it; its messages are timed by `waiting`."""
    tx.execute("UPDATE batches SET scheduled_at = ? WHERE id = ? AND mode = 'scheduled'", (at, batch_id))
