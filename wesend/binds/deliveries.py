"""What is to be delivered to the binds of a key: written down with what it tells of, claimed by whoever holds a bind."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..coordination import pause
from ..core import clock
from ..core.chunks import chunks
from ..core.current_app import this_app
from ..database import Tx, marks, query, query_one, write, write_surely
from ..database.rows import SmppDeliveryRow

LEASE_MS = 30 * clock.SECOND
FIRST_GAP_MS, LONGEST_GAP_MS = 5 * clock.SECOND, 5 * clock.MINUTE
RECEIPT, INBOUND = "receipt", "inbound"
BELL = "wesend.binds.bell"
GIVE_UP_LIMIT = 500


class New(NamedTuple):
    """``due_at`` may lie ahead: what is only then true."""

    key_id: int
    kind: str
    body: bytes
    parameters: bytes
    due_at: int
    submission_id: int | None = None


COLUMNS = ("api_key_id", "kind", "body", "parameters", "due_at", "submission_id", "created_at")


def enqueue(tx: Tx, new: Sequence[New]) -> None:
    if new:
        tx.insert_many("smpp_deliveries", COLUMNS, [(*one, one.due_at) for one in new])
        tx.after_commit(ring)


def ring() -> None:
    """Wake this process's binds; those of others look at an interval."""
    bell: Callable[[], None] | None = this_app().extensions.get(BELL)
    if bell is not None:
        bell()


DUE = "SELECT 1 FROM smpp_deliveries WHERE api_key_id IN ({keys}) AND due_at <= ? LIMIT 1"
CLAIM = """
    UPDATE smpp_deliveries SET claim_token = ?, due_at = ?
    WHERE id IN (
        SELECT id FROM smpp_deliveries WHERE api_key_id IN ({keys}) AND due_at <= ? ORDER BY due_at, id LIMIT ?
    )
    RETURNING *
"""


def claim(key_ids: Sequence[int], limit: int) -> tuple[str, list[SmppDeliveryRow]]:
    """Up to ``limit`` that are due, oldest first, ours under the token until the lease ends; none while dispatch is paused."""
    token = secrets.token_hex(8)
    if pause.current() is not None or query_one(DUE.format(keys=marks(key_ids)), (*key_ids, clock.now_ms())) is None:
        return token, []

    def unit(tx: Tx) -> list[SmppDeliveryRow]:
        now = clock.now_ms()
        return tx.all(CLAIM.format(keys=marks(key_ids)), (token, now + LEASE_MS, *key_ids, now, limit))

    return token, sorted(write(unit), key=lambda row: row["id"])


class Told(NamedTuple):
    """What became of a delivery: ``again`` for one that is tried again; ``attempts`` as it was claimed."""

    id: int
    token: str
    again: bool
    attempts: int


DONE = "DELETE FROM smpp_deliveries WHERE id = ? AND claim_token = ?"
AGAIN = """
    UPDATE smpp_deliveries SET claim_token = NULL, attempts = attempts + 1, due_at = ?
    WHERE id = ? AND claim_token = ?
"""


def record(told: Sequence[Told]) -> None:
    """Forget what was taken, and put off what was not: 5 s, doubled up to 5 min."""

    def unit(tx: Tx) -> None:
        now = clock.now_ms()
        tx.executemany(DONE, [(one.id, one.token) for one in told if not one.again])
        tx.executemany(AGAIN, [(now + gap_ms(one.attempts), one.id, one.token) for one in told if one.again])

    if told:
        write_surely(unit)


def gap_ms(attempts: int) -> int:
    """Before the next try, after ``attempts`` earlier ones and this."""
    return min(FIRST_GAP_MS << min(attempts, 10), LONGEST_GAP_MS)


NOW = """
    UPDATE smpp_deliveries SET due_at = ?
    WHERE api_key_id IN ({keys}) AND due_at > ? AND claim_token IS NULL AND created_at <= ?
"""


def try_now(key_ids: Sequence[int]) -> None:
    """At a new bind: nothing waits for its next try."""
    now = clock.now_ms()
    write(lambda tx: tx.changed(NOW.format(keys=marks(key_ids)), (now, *key_ids, now, now)))


OLD = "SELECT id FROM smpp_deliveries WHERE created_at < ? ORDER BY created_at LIMIT ?"


def give_up(keep_ms: int, limit: int = GIVE_UP_LIMIT) -> int:
    """Those that no bind came for in time; how many."""
    ids = [row["id"] for row in query(OLD, (clock.now_ms() - keep_ms, limit))]

    def unit(tx: Tx) -> int:
        return sum(tx.changed(f"DELETE FROM smpp_deliveries WHERE id IN ({marks(chunk)})", chunk) for chunk in chunks(ids))

    return write(unit) if ids else 0


def count_waiting() -> int:
    return query("SELECT count(*) FROM smpp_deliveries WHERE created_at <= ?", (clock.now_ms(),))[0][0]


WITHDRAW = "DELETE FROM smpp_deliveries WHERE submission_id = ? AND due_at > ? AND claim_token IS NULL AND created_at > ?"


def withdraw(tx: Tx, submission_id: int, now: int) -> None:
    """What was to be told later is no longer true."""
    tx.execute(WITHDRAW, (submission_id, now, now))
