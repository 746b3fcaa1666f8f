"""Suspension: nothing more of an account leaves, and everything is kept; what becomes of it when the account is resumed.

What is in flight ends, receipts and webhooks go on. What is past its time by more than an hour when the account is
resumed waits for the operator's word: small sends in a lane of their own, bulks paused as a whole.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import NamedTuple

from ...accounts import audit_log, roles, service
from ...accounts.roles import OPERATE, SEE, Actor
from ...accounts.service import AccountInfo
from ...coordination import bell
from ...core import clock
from ...core.errors import Conflict, NotCancellable
from ...core.languages import sentence
from ...database import Tx, atomic, marks, query, write
from ...database.rows import BatchRow
from ..sending import actions
from ..state import bulks, waiting
from ..state.statuses import HELD_BACK, LATE, LIVE_BULKS
from . import holding

TOO_LATE_MS = clock.HOUR
CHUNK = 500
LATE_WITH_A_TIME = """
    SELECT id FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 0 AND due_at < ? AND account_id = ? LIMIT ?
"""
LATE_OF_GATEWAY = """
    SELECT id FROM messages WHERE status = 'queued' AND lane = 0 AND gateway = ? AND due_at < ? AND account_id = ? LIMIT ?
"""
COUNT_WAITING = """
    SELECT count(*) FROM messages INDEXED BY ix_messages_account_status WHERE account_id = ? AND channel = ? AND status = ?
"""


class Dropped(NamedTuple):
    """How many messages were taken back, and the micro-units that were refunded for them, by currency."""

    messages: int
    refunded_micros: dict[str, int]


def suspend(account_id: int, *, actor: Actor) -> AccountInfo:
    """Nothing more of the account leaves from now on; its keys are refused."""
    return service.set_account_status(account_id, "suspended", actor=actor)


def resume(account_id: int, *, actor: Actor) -> AccountInfo:
    """Everything goes on, but for what is too late. A crash in between leaves the account suspended."""
    roles.require(actor, OPERATE)
    account = service.get_account(account_id)
    if not account.is_active:
        late = clock.now_ms() - TOO_LATE_MS
        _set_late_aside(account_id, late)
        for batch in query(f"SELECT * FROM batches WHERE {LIVE_BULKS} AND state = 'open' AND account_id = ?", (account_id,)):
            _resume_bulk(batch, late)
        account = service.set_account_status(account_id, "active", actor=actor)
        holding.give_back()
        bell.dispatcher()
    return account


def _set_late_aside(account_id: int, late: int) -> None:
    """Small sends that were due before ``late``, whether somebody has come upon them yet or not."""
    while write(lambda tx: _mark_late(tx, account_id, late)):
        pass


def _mark_late(tx: Tx, account_id: int, late: int) -> int:
    ids = [
        row[0]
        for row in tx.all(
            f"SELECT id FROM messages WHERE {HELD_BACK} AND account_id = ? AND lane = 2 AND due_at < ? LIMIT ?",
            (account_id, late, CHUNK),
        )
    ]
    ids += [row["id"] for row in tx.all(LATE_WITH_A_TIME, (late, account_id, CHUNK))]
    for (gateway,) in tx.all("SELECT DISTINCT gateway FROM messages WHERE status = 'queued' AND lane = 0"):
        ids += [row["id"] for row in tx.all(LATE_OF_GATEWAY, (gateway, late, account_id, CHUNK))]
    return waiting.set_late(tx, ids[:CHUNK])


def _resume_bulk(batch: BatchRow, late: int) -> None:
    if query(
        "SELECT 1 FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 1 AND batch_id = ? AND due_at < ? LIMIT 1",
        (batch["id"], late),
    ) or query(
        "SELECT 1 FROM messages WHERE status = 'queued' AND lane = 1 AND batch_id = ? AND due_at < ? LIMIT 1", (batch["id"], late)
    ):
        write(lambda tx: bulks.hold(tx, batch["id"], clock.now_ms()))
    elif batch["mode"] == "drip":
        actions.drip_anew(batch)


def count_waiting(account_id: int, *, actor: Actor) -> int:
    """Messages that have not left, of whatever kind."""
    roles.require(actor, SEE, account_id)
    return sum(
        query(COUNT_WAITING, (account_id, channel, status))[0][0] for channel in ("sms", "email") for status in actions.NOT_LEFT
    )


def count_late(account_id: int, *, actor: Actor) -> int:
    """Messages that wait for the operator's word."""
    roles.require(actor, SEE, account_id)
    small = query(f"SELECT count(*) FROM messages WHERE {HELD_BACK} AND account_id = ? AND lane = ?", (account_id, LATE))
    return small[0][0] + sum(_count_left(batch) for batch in _late_bulks(account_id))


def _late_bulks(account_id: int) -> list[BatchRow]:
    return query(
        "SELECT * FROM batches WHERE held_at IS NOT NULL AND state = 'paused' AND account_id = ? ORDER BY id", (account_id,)
    )


def _count_left(batch: BatchRow) -> int:
    return (
        query(
            "SELECT count(*) FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 1 AND batch_id = ?", (batch["id"],)
        )[0][0]
        + query("SELECT count(*) FROM messages WHERE status = 'queued' AND lane = 1 AND batch_id = ?", (batch["id"],))[0][0]
    )


def release(account_id: int, *, actor: Actor) -> int:
    """The operator's word: what is late is sent after all; how many messages. Drips go on at their pace."""
    account = _of_active(account_id, actor)
    released = 0
    for batch in _late_bulks(account_id):
        count = _count_left(batch)
        with suppress(Conflict):  # somebody else's word came first
            actions.reopen(batch, held_too=True)
            released += count
    released += holding.put_back(account_id, LATE)
    _record(account, "account.release", released, actor)
    bell.dispatcher()
    return released


def drop(account_id: int, *, actor: Actor) -> Dropped:
    """The operator's word: what is late is taken back and refunded, a bulk as a whole."""
    account = _of_active(account_id, actor)
    refunded: Counter[str] = Counter()
    count = 0
    for batch in _late_bulks(account_id):
        with suppress(NotCancellable):  # somebody else's word came first
            done = actions.cancel_rest_of(batch, held_only=True)
            refunded[batch["currency"]] += done.refunded_micros
            count += done.count
    while chunk := query(
        f"SELECT id, batch_id FROM messages WHERE {HELD_BACK} AND account_id = ? AND lane = ? ORDER BY due_at LIMIT ?",
        (account_id, LATE, CHUNK),
    ):
        for batch_id in dict.fromkeys(row["batch_id"] for row in chunk):
            ids = [row["id"] for row in chunk if row["batch_id"] == batch_id]
            done = write(lambda tx, batch_id=batch_id, ids=ids: actions.cancel_some(tx, batch_id, _still_late(tx, ids)))  # type: ignore[misc]  # mypy can't infer defaults
            refunded[query("SELECT currency FROM batches WHERE id = ?", (batch_id,))[0][0]] += done.refunded_micros
            count += done.count
    _record(account, "account.drop", count, actor)
    return Dropped(count, dict(refunded))


def _still_late(tx: Tx, ids: list[int]) -> list[int]:
    """Without those that were released since."""
    return [row[0] for row in tx.all(f"SELECT id FROM messages WHERE id IN ({marks(ids)}) AND lane = ?", (*ids, LATE))]


def _of_active(account_id: int, actor: Actor) -> AccountInfo:
    roles.require(actor, OPERATE)
    account = service.get_account(account_id)
    if not account.is_active:
        raise Conflict(
            sentence("%(name)s is suspended: resume it first, then decide what becomes of what is late", name=account.name)
        )
    return account


def _record(account: AccountInfo, action: str, count: int, actor: Actor) -> None:
    with atomic() as tx:
        audit_log.record(tx, actor=actor, action=action, subject=account.name, account_id=account.id, detail=str(count))
