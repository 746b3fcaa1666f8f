"""Bulk intake: compose once to a spool, pay for everything, write the messages in chunks, and only then let them go.

What a crash leaves half written is undone, money included (`undo_abandoned`).
"""

from __future__ import annotations

import pickle
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator

from ...accounts import quota
from ...coordination import bell
from ...core import clock
from ...core.errors import BatchNotFound, IdempotencyInFlight, StorageFull
from ...core.ids import new_id
from ...database import Tx, atomic, query, query_one, write, write_surely
from ...wallets import ledger
from ..state.inserts import MESSAGE_COLUMNS, batch_row, insert_batch, message_row
from ..state.statuses import LIVE_BULKS, UNACCEPTED
from .accept import LEASE_MS, Accepted, count_accepted, count_routes, pay
from .compose import EMAIL, Composed, Planned, Skipped
from .options import Options, Origin

CHUNK = 600  # rows a transaction: the write lock stays well under 50 ms
CHUNK_CHARACTERS = 2**20
"""Of texts and fields in a transaction, for the same reason: a mail's fields may have half a megabyte."""
SKIPPED_KEPT = 100_000


MAIL_ROW = 500
"""Bytes that an e-mail's row takes, as the account's storage counts it."""


def weight(item: Planned) -> int:
    """Characters that a message stores of its own."""
    return len(item.text) + len(item.fields or "")


def to_store(planned: Iterable[Planned]) -> int:
    """About the bytes that messages add to their account's storage."""
    return sum(weight(item) + MAIL_ROW * (item.channel == EMAIL) for item in planned)


class Spool:
    """Planned messages on disk, so that a bulk of any size takes the memory of one chunk."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile(prefix="wesend-bulk-")  # noqa: SIM115 - __exit__ closes it
        self.count = self.cost_micros = self.stored = 0
        self.by_route: Counter[str] = Counter()
        self.skipped: list[Skipped] = []

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def fill(self, plan: Iterable[Planned | Skipped]) -> None:
        chunk: list[Planned] = []
        characters = 0
        for item in plan:
            if isinstance(item, Skipped):
                if len(self.skipped) < SKIPPED_KEPT:
                    self.skipped.append(item)
                continue
            chunk.append(item)
            characters += weight(item)
            if len(chunk) == CHUNK or characters >= CHUNK_CHARACTERS:
                self._put(chunk)
                chunk, characters = [], 0
        if chunk:
            self._put(chunk)

    def _put(self, chunk: list[Planned]) -> None:
        # Our own values in our own nameless file: pickle is safe here, and four times as fast as JSON.
        pickle.dump([tuple(item) for item in chunk], self.file, protocol=pickle.HIGHEST_PROTOCOL)
        self.count += len(chunk)
        self.cost_micros += sum(item.cost_micros for item in chunk)
        self.by_route += count_routes(chunk)
        self.stored += to_store(chunk)

    def chunks(self) -> Iterator[list[Planned]]:
        self.file.seek(0)
        written = 0
        while written < self.count:
            chunk = [Planned(*values) for values in pickle.load(self.file)]
            written += len(chunk)
            yield chunk


def accept_bulk(composed: Composed, spool: Spool, *, origin: Origin, options: Options) -> Accepted:
    """Pay for what was spooled, write it, let it go; InsufficientBalance and StorageQuotaExceeded write nothing."""
    account, wallet = composed.account, composed.wallet
    now = clock.now_ms()
    batch_uid = origin.batch_uid or new_id()
    with atomic() as tx:
        quota.require_room(account.id, len(composed.text) + spool.stored, tx)
        batch_id = insert_batch(
            tx,
            batch_row(
                composed,
                batch_uid,
                origin,
                options,
                lane=1,
                state="intake",
                total=spool.count,
                queued=spool.count,
                cost=spool.cost_micros,
                skipped=spool.skipped,
                now=now,
                lease_until=clock.now_ms() + LEASE_MS,
            ),
        )["id"]
        pay(tx, wallet, spool.cost_micros, batch_id, spool.count, origin, batch_uid)
    state = (options.first_status, None, None, 0, None, None, None, None)
    try:
        written = 0
        for chunk in spool.chunks():
            _write_chunk(
                batch_id,
                [
                    message_row(
                        account,
                        wallet,
                        item,
                        lane=1,
                        uid=item.uid or new_id(),
                        now=now,
                        batch_id=batch_id,
                        due_at=options.due_at(written + index, now),
                        state=state,
                    )
                    for index, item in enumerate(chunk)
                ],
            )
            written += len(chunk)
        with atomic() as tx:
            if not tx.changed(
                "UPDATE batches SET state = 'open', lease_until = NULL WHERE id = ? AND state = 'intake'", (batch_id,)
            ):
                raise BatchNotFound("the batch was undone while it was written")
            count_accepted(tx, account, wallet, now, spool.by_route)
            tx.after_commit(bell.dispatcher)
    except BaseException:
        try:
            undo(batch_id)
        except StorageFull:
            write_surely(lambda tx: _undo_in(tx, batch_id))
        raise
    return Accepted(batch_id, batch_uid, "", [])


def _write_chunk(batch_id: int, rows: list[tuple]) -> None:
    with atomic() as tx:
        if not tx.changed(
            "UPDATE batches SET lease_until = ? WHERE id = ? AND state = 'intake'", (clock.now_ms() + LEASE_MS, batch_id)
        ):
            raise BatchNotFound("the batch was undone while it was written")
        tx.insert_many("messages", MESSAGE_COLUMNS, rows)


def undo(batch_id: int) -> bool:
    """Take back a bulk that was never opened: its money at once, its messages in short transactions."""

    undone = write(lambda tx: _undo_in(tx, batch_id))
    sweep_rejected(batch_id)
    return undone


def _undo_in(tx: Tx, batch_id: int) -> bool:
    batch = tx.one("SELECT * FROM batches WHERE id = ? AND state = 'intake'", (batch_id,))
    if batch is None:
        return False
    ledger.credit(
        tx,
        batch["wallet_id"],
        batch["cost_micros"],
        kind="refund",
        batch_id=batch_id,
        description=f"Undone: batch {batch['uid']} was not taken in whole",
    )
    tx.execute(
        "UPDATE batches SET state = 'rejected', refunded_micros = cost_micros, queued = 0, total = 0,"
        " finished_at = ?, lease_until = NULL WHERE id = ?",
        (clock.now_ms(), batch_id),
    )
    # The request that paid for it was never answered: its idempotency key is free again.
    tx.execute("DELETE FROM idempotency_keys WHERE subject = ? AND status_code IS NULL", (f"batch:{batch['uid']}",))
    return True


def was_taken_in(batch_uid: str) -> bool:
    """Whether a batch that was paid for is whole; one whose writer is gone is undone. IdempotencyInFlight: it is
    still being written."""
    row = query_one("SELECT id, state, lease_until FROM batches WHERE uid = ?", (batch_uid,))
    assert row is not None
    now = clock.now_ms()
    if row["state"] == "intake" and now <= row["lease_until"] <= now + LEASE_MS:
        raise IdempotencyInFlight
    if row["state"] == "intake":
        undo(row["id"])
    return row["state"] not in ("intake", "rejected")


def undo_abandoned() -> int:
    """Undo every bulk whose intake lease is over: whoever wrote it is gone. How many."""
    rows = query(f"SELECT id FROM batches WHERE {LIVE_BULKS} AND state = 'intake' AND lease_until < ?", (clock.now_ms(),))
    return sum(undo(row[0]) for row in rows)


def sweep_rejected(batch_id: int | None = None) -> None:
    """Remove the messages of an undone bulk, or of all whose removal a crash cut short; none was ever dispatched."""
    doomed = (
        [batch_id]
        if batch_id is not None
        else [
            row[0]
            for row in query(
                f"SELECT id FROM batches b WHERE {UNACCEPTED} AND state = 'rejected'"
                " AND EXISTS (SELECT 1 FROM messages WHERE batch_id = b.id)"
            )
        ]
    )
    for rejected in doomed:
        while _remove_some(rejected):
            pass


def _remove_some(batch_id: int) -> int:
    return write(
        lambda tx: tx.changed(
            "DELETE FROM messages WHERE id IN (SELECT m.id FROM messages m JOIN batches b ON b.id = m.batch_id"
            " WHERE m.batch_id = ? AND b.state = 'rejected' LIMIT 500)",
            (batch_id,),
        )
    )
