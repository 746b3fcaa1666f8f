"""Bulk intake: pay for everything first, write the messages in chunks, and only then let them go.

What a crash leaves half written is undone, money included (`undo_abandoned`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from .. import clock, wake
from ..accounts.service import AccountInfo
from ..database import Tx, atomic, query, write
from ..errors import BatchNotFound
from ..ids import new_id
from ..wallets import ledger
from ..wallets.service import WalletInfo
from .accept import (
    LEASE_MS,
    MESSAGE_COLUMNS,
    Accepted,
    Order,
    Origin,
    insert_batch,
    message_row,
    pay,
)
from .compose import Planned, Skipped
from .transitions import count_day

CHUNK = 500


class Totals(NamedTuple):
    """What a first pass over a bulk found; the second pass must find the same."""

    count: int
    cost_micros: int


def accept_bulk(account: AccountInfo, wallet: WalletInfo, totals: Totals, planned: Iterable[Planned],
                skipped: list[Skipped], *, text: str, sender: str | None, origin: Origin, order: Order) -> Accepted:
    """Pay for everything, then write the messages in chunks, and only then let them go.

    ``planned`` is the second pass over the same composition as ``totals``.
    """
    now = clock.now_ms()
    batch_uid = new_id()
    with atomic() as tx:
        batch_id = insert_batch(tx, account, wallet, batch_uid, origin, order, text=text, sender=sender, lane=1,
                                 state="intake", total=totals.count, queued=totals.count, cost=totals.cost_micros,
                                 skipped=skipped, now=now)
        pay(tx, wallet, totals.cost_micros, batch_id, totals.count, origin, batch_uid)
        tx.execute("UPDATE batches SET lease_until = ? WHERE id = ?", (clock.now_ms() + LEASE_MS, batch_id))
    state = (order.first_status, None, None, 0, None, None, None, None)
    try:
        written = cost = 0
        for chunk in _chunks(planned):
            rows = [message_row(account, wallet, item, lane=1, uid=new_id(), now=now, batch_id=batch_id,
                                due_at=order.due_at(written + index, now), state=state)
                    for index, item in enumerate(chunk)]
            _write_chunk(batch_id, rows)
            written += len(rows)
            cost += sum(item.cost_micros for item in chunk)
        if (written, cost) != totals:
            raise RuntimeError(f"a bulk changed while it was taken in: {(written, cost)} instead of {totals}")
    except BaseException:
        undo(batch_id)
        raise
    _open(batch_id, account, wallet, totals.count, now)
    return Accepted(batch_id, batch_uid, "", [])


def _chunks(planned: Iterable[Planned]) -> Iterator[list[Planned]]:
    iterator = iter(planned)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _write_chunk(batch_id: int, rows: list[tuple]) -> None:
    with atomic() as tx:
        if not tx.changed("UPDATE batches SET lease_until = ? WHERE id = ? AND state = 'intake'",
                          (clock.now_ms() + LEASE_MS, batch_id)):
            raise BatchNotFound("the batch was undone while it was written")
        tx.insert_many("messages", MESSAGE_COLUMNS, rows)


def _open(batch_id: int, account: AccountInfo, wallet: WalletInfo, count: int, now: int) -> None:
    with atomic() as tx:
        if not tx.changed("UPDATE batches SET state = 'open', lease_until = NULL WHERE id = ? AND state = 'intake'",
                          (batch_id,)):
            raise BatchNotFound("the batch was undone while it was written")
        count_day(tx, account.id, wallet.id, clock.day_of(now, account.time_zone), {"total": count})
        tx.after_commit(wake.dispatcher)


def undo(batch_id: int) -> bool:
    """Take back a bulk that was never opened: its money at once, its messages in short transactions."""

    def unit(tx: Tx) -> bool:
        batch = tx.one("SELECT * FROM batches WHERE id = ? AND state = 'intake'", (batch_id,))
        if batch is None:
            return False
        ledger.credit(tx, batch["wallet_id"], batch["cost_micros"], kind="refund", batch_id=batch_id,
                      description=f"Undone: batch {batch['uid']} was not taken in whole")
        tx.execute("UPDATE batches SET state = 'rejected', refunded_micros = cost_micros, queued = 0, total = 0,"
                   " finished_at = ?, lease_until = NULL WHERE id = ?", (clock.now_ms(), batch_id))
        # The request that paid for it was never answered: its idempotency key is free again.
        tx.execute("DELETE FROM idempotency_keys WHERE subject = ? AND status_code IS NULL", (f"batch:{batch['uid']}",))
        return True

    undone = write(unit)
    sweep_rejected(batch_id)
    return undone


def undo_abandoned() -> int:
    """Undo every bulk whose intake lease is over: whoever wrote it is gone. How many."""
    rows = query("SELECT id FROM batches WHERE lane = 1 AND state = 'intake' AND lease_until < ?", (clock.now_ms(),))
    return sum(undo(row[0]) for row in rows)


def sweep_rejected(batch_id: int) -> None:
    """Remove the messages of an undone bulk; they were never visible to the dispatcher."""
    while write(lambda tx: tx.changed(
            "DELETE FROM messages WHERE id IN (SELECT m.id FROM messages m JOIN batches b ON b.id = m.batch_id"
            " WHERE m.batch_id = ? AND b.state = 'rejected' LIMIT 1000)", (batch_id,))):
        pass
