"""Bulk intake: compose once to a spool, pay for everything, write the messages in chunks, and only then let them go.

What a crash leaves half written is undone, money included (`undo_abandoned`).
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

from ...accounts import daily_use, quota, spending
from ...coordination import bell
from ...core import clock
from ...core.channels import EMAIL, SMS
from ...core.errors import BatchNotFound, IdempotencyInFlight, StorageFull
from ...core.ids import new_id
from ...database import Tx, atomic, query, query_one, write, write_surely
from ...database.rows import BatchRow
from ...gateways import simulated
from ...wallets import ledger
from ..state import bulks, inserts
from ..state.claims import LEASE_MS
from ..state.outgoing import Outgoing
from ..state.statuses import LIVE_BULKS, UNACCEPTED
from . import slow
from .accept import Counted, common_of, count_accepted, daily_limits, longest_call, new_batch, note_rules, pay, paying_for, validity
from .compose import Composed, Skipped
from .options import Options, Origin
from .timing import Timing

CHUNK = 600  # rows a transaction: the write lock stays well under 50 ms
CHUNK_CHARACTERS = 2**20
"""Of texts and fields in a transaction, for the same reason: a mail's fields may have half a megabyte."""
SKIPPED_KEPT = 100_000
ABANDONED = f"SELECT id FROM batches WHERE {LIVE_BULKS} AND state = 'intake' AND lease_until < ?"
REJECTED = f"""
    SELECT id FROM batches b WHERE {UNACCEPTED} AND state = 'rejected'
        AND (SELECT id FROM messages WHERE batch_id = b.id LIMIT 1) IS NOT NULL
"""
REMOVE = """
    DELETE FROM messages WHERE id IN (
        SELECT m.id FROM messages m JOIN batches b ON b.id = m.batch_id
        WHERE m.batch_id = ? AND b.state = 'rejected' LIMIT 500)
"""


MAIL_ROW = 500
"""Bytes that an e-mail's row takes, as the account's storage counts it."""


def weight(item: Outgoing) -> int:
    """Characters that a message stores of its own."""
    return len(item.text) + len(item.fields or "")


def to_store(planned: Iterable[Outgoing]) -> int:
    """About the bytes that messages add to their account's storage."""
    return sum(weight(item) + MAIL_ROW * (item.channel == EMAIL) for item in planned)


class Spool:
    """Outgoing messages on disk, so that a bulk of any size takes the memory of one chunk."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile(prefix="wesend-bulk-")  # noqa: SIM115 - __exit__ closes it
        self.count = self.cost_micros = self.stored = 0
        self.counted = Counted()
        self.skipped: list[Skipped] = []

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def fill(self, plan: Iterable[Outgoing | Skipped]) -> None:
        chunk: list[Outgoing] = []
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

    def _put(self, chunk: list[Outgoing]) -> None:
        # Our own values in our own nameless file: pickle is safe here, and four times as fast as JSON.
        pickle.dump([tuple(item) for item in chunk], self.file, protocol=pickle.HIGHEST_PROTOCOL)
        self.count += len(chunk)
        self.cost_micros += sum(item.cost_micros for item in chunk)
        self.counted.add(chunk)
        self.stored += to_store(chunk)

    def chunks(self) -> Iterator[list[Outgoing]]:
        self.file.seek(0)
        written = 0
        while written < self.count:
            chunk = list(map(Outgoing._make, pickle.load(self.file)))
            written += len(chunk)
            yield chunk


def accept_bulk(composed: Composed, spool: Spool, *, origin: Origin, options: Options) -> BatchRow:
    """Pay for what was spooled, write it, let it go; the batch. InsufficientBalance, DailyLimitReached and
    StorageQuotaExceeded write nothing."""
    now = clock.now_ms()
    whole = new_batch(composed, origin, options, spool.skipped, now)._replace(
        lane=1,
        state="intake",
        total=spool.count,
        queued=spool.count,
        cost_micros=spool.cost_micros,
        lease_until=clock.now_ms() + LEASE_MS,
    )
    has_rules = composed.wallet.is_sandbox and composed.channel == SMS and bool(simulated.rules())
    common = common_of(composed, now) | {"lane": whole.lane, "status": options.first_status}
    timing = Timing(options, composed.account, validity(options, origin), now)
    with atomic() as tx:
        quota.require_room(whole.account_id, len(whole.text) + spool.stored, tx)
        limits, paying = daily_limits(composed, origin), paying_for(composed, common["day"])
        daily_use.take(tx, limits, paying, whole.cost_micros, now, composed.account.time_zone)
        if origin.spending is not None:
            spending.take(tx, origin.spending, paying, whole.cost_micros)
        batch = inserts.insert_batch(tx, whole)
        pay(tx, whole, batch["id"], origin)
    try:
        written = call_ms = 0
        for chunk in spool.chunks():
            messages = [
                (message, {"uid": message.uid or new_id(), **timing.of(written + index, message.country)})
                for index, message in enumerate(chunk)
            ]
            call_ms = max(call_ms, _write_chunk(batch["id"], messages, common, whole.namespace, has_rules=has_rules))
            written += len(messages)
        with atomic() as tx:
            if not bulks.open_up(tx, batch["id"]):
                raise BatchNotFound("the batch was undone while it was written")
            count_accepted(tx, whole, common, spool.counted)
            tx.after_commit(bell.dispatcher)
    except BaseException:
        try:
            undo(batch["id"])
        except StorageFull:
            write_surely(lambda tx: _undo_in(tx, batch["id"]))
        raise
    if call_ms:
        slow.take_time(call_ms)
    return batch


def _write_chunk(
    batch_id: int,
    messages: list[tuple[Outgoing, dict[str, Any]]],
    common: dict[str, Any],
    namespace: str | None,
    *,
    has_rules: bool,
) -> int:
    """How long the call is to take (ms) because a test has said so."""
    with atomic() as tx:
        if not bulks.keep_intake(tx, batch_id, clock.now_ms() + LEASE_MS):
            raise BatchNotFound("the batch was undone while it was written")
        inserts.insert_messages(tx, batch_id, messages, common)
        ruled = simulated.take(tx, [message.recipient for message, _ in messages], namespace) if has_rules else {}
        if ruled:
            note_rules(tx, [(message, own["uid"]) for message, own in messages], ruled)
        return longest_call(ruled)


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
    daily_use.give_back(tx, batch)
    bulks.reject(tx, batch_id, clock.now_ms())
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
    return sum(undo(row["id"]) for row in query(ABANDONED, (clock.now_ms(),)))


def sweep_rejected(batch_id: int | None = None) -> None:
    """Remove the messages of an undone bulk, or of all whose removal a crash cut short; none was ever dispatched."""
    doomed = [batch_id] if batch_id is not None else [row["id"] for row in query(REJECTED)]
    for rejected in doomed:
        while write(lambda tx, rejected=rejected: tx.changed(REMOVE, (rejected,))):  # type: ignore[misc]  # mypy can't infer defaults
            pass
