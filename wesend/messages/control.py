"""Control: retry a failed message, cancel what has not left, pause and resume a bulk."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from .. import clock, wake
from ..database import Row, Tx, query, query_one, write
from ..errors import Conflict, MaxRetriesExceeded, NotCancellable, NotRetryable
from ..wallets import ledger
from .letter_texts import Written, text_of
from .statuses import CANCELLED, DRIPPING, FAILED, LIVE_BULKS, QUEUED, SCHEDULED
from .texts import was_removed
from .transitions import Move, move

MOST_RETRIES = 3
CHUNK = 300
NOT_LEFT = (SCHEDULED, DRIPPING, QUEUED)


class Cancelled(NamedTuple):
    """How many messages were taken back, and the micro-units that were refunded for them."""

    count: int  # type: ignore[assignment]  # a tuple's count() is of no use here
    refunded_micros: int


def retry(message: Row) -> Row:
    """Queue a failed message again and charge it again; the message as it is now.

    NotRetryable, MaxRetriesExceeded, InsufficientBalance (nothing changed).
    """

    def unit(tx: Tx) -> None:
        row = tx.one("SELECT * FROM messages WHERE id = ?", (message["id"],))
        if row is None or row["status"] != FAILED:
            raise NotRetryable
        if was_removed(text_of(row, Written.of(row["batch_id"], tx) if row["fields"] else None)):
            raise NotRetryable("The message's text is no longer kept")
        if row["retry_count"] >= MOST_RETRIES:
            raise MaxRetriesExceeded
        now = clock.now_ms()
        charges = row["charges"] + 1
        moved = move(tx, [Move(row["id"], QUEUED, "retrying", "Retried by hand", None, {
            "charges": charges, "refunded_micros": 0, "retry_count": row["retry_count"] + 1, "attempts": 0,
            "backoffs": 0,
            "due_at": now, "error_code": None, "error_message": None, "failed_at": None, "gateway_ref": None,
            "submitted_at": None, "claim_token": None, "lease_until": None, "poll_at": None, "polls": 0,
            "expires_at": None})], now)
        if not moved:
            raise NotRetryable
        ledger.debit(tx, row["wallet_id"], row["cost_micros"], kind="sms_charge", batch_id=row["batch_id"],
                     message_id=row["id"], charge_no=charges, description=f"Retry of {row['uid']}")
        tx.execute("UPDATE batches SET cost_micros = cost_micros + ? WHERE id = ?",
                   (row["cost_micros"], row["batch_id"]))
        tx.after_commit(wake.dispatcher)

    write(unit)
    found = query_one("SELECT * FROM messages WHERE id = ?", (message["id"],))
    assert found is not None
    return found


def cancel_message(message: Row) -> Cancelled:
    """Take a scheduled or dripping message back; NotCancellable once it has left."""
    return _cancel_some([message["id"]], (SCHEDULED, DRIPPING)) or _refuse()


def cancel_held(message: Row) -> Cancelled:
    """Take back a mail that nobody carries yet; NotCancellable once it has left."""
    return _cancel_some([message["id"]], (QUEUED,)) or _refuse()


def cancel_batch(batch: Row) -> Cancelled:
    """Take back what has not left of a batch, in short transactions; NotCancellable when nothing is left.

    Dispatch stops with the first of them. A crash in between is finished by `finish_cancellations`.
    """
    ids = query("SELECT 1 FROM messages WHERE batch_id = ? AND status IN ('scheduled', 'dripping', 'queued') LIMIT 1",
                (batch["id"],))
    stopped = 0
    if ids:
        stopped = write(lambda tx: tx.changed("UPDATE batches SET state = 'cancelling' WHERE id = ?"
                                              " AND state IN ('open', 'paused')", (batch["id"],)))
    return _cancel_rest(batch["id"]) if stopped else _refuse()


def finish_cancellations() -> None:
    for (batch_id,) in query(f"SELECT id FROM batches WHERE {LIVE_BULKS} AND state = 'cancelling'"):
        _cancel_rest(batch_id)


def _cancel_rest(batch_id: int) -> Cancelled:
    total = Cancelled(0, 0)
    while ids := query("SELECT id FROM messages WHERE batch_id = ? AND status IN ('scheduled', 'dripping', 'queued')"
                       " ORDER BY id LIMIT ?", (batch_id, CHUNK)):
        done = _cancel_some([row[0] for row in ids], NOT_LEFT) or Cancelled(0, 0)
        total = Cancelled(total.count + done.count, total.refunded_micros + done.refunded_micros)
    # What has left goes on: its receipts finish the batch.
    write(lambda tx: tx.changed("UPDATE batches SET state = 'open' WHERE id = ? AND state = 'cancelling'", (batch_id,)))
    return total


def _cancel_some(ids: list[int], statuses: tuple[str, ...]) -> Cancelled | None:
    def unit(tx: Tx) -> list:
        still = [row[0] for row in tx.all(
            f"SELECT id FROM messages WHERE id IN ({', '.join('?' * len(ids))}) AND status IN"
            f" ({', '.join('?' * len(statuses))})", (*ids, *statuses))]
        now = clock.now_ms()
        return move(tx, [Move(found, CANCELLED, "cancelled", "Cancelled before it left", refund=True)
                         for found in still], now)

    moved = write(unit)
    return Cancelled(len(moved), sum(before["cost_micros"] for before, _ in moved)) if moved else None


def _refuse() -> NoReturn:
    raise NotCancellable


def pause(batch: Row) -> None:
    """Nothing more of a bulk is dispatched until it is resumed."""
    if not write(lambda tx: tx.changed("UPDATE batches SET state = 'paused' WHERE id = ? AND lane = 1 AND state ="
                                       " 'open'",
                                       (batch["id"],))):
        raise Conflict("Only a bulk that is under way can be paused")


def resume(batch: Row) -> None:
    """Go on. What still drips keeps its pace from now on: what came due meanwhile must not leave all at once."""
    if batch["mode"] == "drip":
        _drip_anew(batch)

    def unit(tx: Tx) -> None:
        if not tx.changed("UPDATE batches SET state = 'open' WHERE id = ? AND state = 'paused'", (batch["id"],)):
            raise Conflict("Only a paused bulk can be resumed")
        tx.after_commit(wake.dispatcher)

    write(unit)


def _set_times(times: list[tuple[int, int]]) -> None:
    write(lambda tx: tx.executemany(
        "UPDATE messages SET due_at = ? WHERE id = ? AND status = 'dripping' AND EXISTS"
        " (SELECT 1 FROM batches WHERE id = messages.batch_id AND state = 'paused')", times))


def _drip_anew(batch: Row) -> None:
    """New times for what has not left of a paused drip, a chunk at a time; nothing goes out while it is paused."""
    now, last, done = clock.now_ms(), 0, 0
    while ids := query("SELECT id FROM messages WHERE batch_id = ? AND id > ? AND status = 'dripping' ORDER BY id LIMIT ?",
                       (batch["id"], last, CHUNK)):
        times = [(now + (done + index) * clock.MINUTE // batch["drip_rate"], row[0]) for index, row in enumerate(ids)]
        _set_times(times)
        last, done = ids[-1][0], done + len(ids)
