"""Control: retry a failed message, cancel what has not left, pause and resume a bulk.

Rights are asked for before anything is looked up: a suspended account's people are told so, whatever they name.
"""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from ...accounts import daily_use, roles, spending
from ...accounts.roles import OPERATE, Actor
from ...accounts.service import AccountInfo
from ...accounts.sides import Side
from ...coordination import bell
from ...core import clock
from ...core.channels import SMS
from ...core.errors import BurstLimitReached, Conflict, MaxRetriesExceeded, NotCancellable, NotRetryable, OptedOut
from ...core.languages import marked
from ...database import Tx, keyset, marks, query, query_one, write
from ...database.rows import BatchRow, MessageRow
from ...gateways import simulated
from ...guards import burst_alerts, recent, where
from ...routing import opt_outs
from ...wallets import ledger
from ...wallets.service import WalletInfo, wallet_by_id
from ..reporting import history
from ..state import bulks, transitions, waiting
from ..state.claims import LEASE_MS
from ..state.mail_texts import Written, text_of
from ..state.outgoing import IN_REQUEST_LIMIT
from ..state.redaction import was_removed
from ..state.statuses import CANCELLED, DRIPPING, FAILED, LIVE_BULKS, QUEUED, SCHEDULED
from ..state.transitions import Move, move
from .accept import get_batch
from .options import Origin

MOST_RETRIES = 3
CHUNK = 300
NOT_LEFT = (SCHEDULED, DRIPPING, QUEUED)
# 'claimed' stands in a list, too: that is the condition of the index over leases, word for word.
IS_CLAIMED = """
    SELECT 1 FROM messages
    WHERE status IN ('claimed', 'submitting') AND lease_until >= 0 AND status = 'claimed' AND batch_id = ? LIMIT 1
"""


class Cancelled(NamedTuple):
    """How many messages were taken back, and the micro-units that were refunded for them."""

    count: int  # type: ignore[assignment]  # a tuple's count() is of no use here
    refunded_micros: int


BY_HAND = Origin("portal")


def retry(
    account: AccountInfo, uid: str, *, channel: str = SMS, side: Side | None = None, origin: Origin = BY_HAND, actor: Actor
) -> MessageRow:
    """Queue a failed message again and charge it again; the message as it is now. It counts to the day's limits of the account
    and of the key that asks (``origin``).

    NotRetryable, MaxRetriesExceeded, OptedOut, CountryNotAllowed, RecipientBlocked, RecipientLimitReached, BurstLimitReached,
    DailyLimitReached, InsufficientBalance (nothing changed).
    """
    roles.require_to_send(actor, account)
    message = history.find(account.id, uid, channel=channel, side=side, actor=actor)
    limit = spending.of(actor)

    def unit(tx: Tx) -> None:
        row = tx.one("SELECT * FROM messages WHERE id = ?", (message["id"],))
        if row is None or row["status"] != FAILED:
            raise NotRetryable
        if was_removed(text_of(row, Written.of(row["batch_id"], tx) if row["fields"] else None)):
            raise NotRetryable("The message's text is no longer kept")
        if tx.one("SELECT 1 FROM batches WHERE id = ? AND confidential = 1", (row["batch_id"],)):
            raise NotRetryable("The message carried a code, which is sent once")
        if row["retry_count"] >= MOST_RETRIES:
            raise MaxRetriesExceeded
        wallet = wallet_by_id(row["wallet_id"], tx)
        if opt_outs.opted_out(row["account_id"], row["channel"], [row["recipient"].lower()], wallet.side, tx):
            raise OptedOut("The recipient has opted out", {"recipient": ["Opted out"]})
        if row["channel"] == SMS:
            refused = where.refusal(account, row["recipient"], row["country"], tx)
            where.raise_refusal([(row["recipient"], refused or "")], account)
        now = clock.now_ms()
        if not transitions.retry(tx, row, now):
            raise NotRetryable
        _watch(tx, account, wallet, row, now)
        if wallet.is_sandbox and row["channel"] == SMS:
            batch = tx.all("SELECT namespace FROM batches WHERE id = ?", (row["batch_id"],))[0]
            simulated.take_again(tx, row["uid"], row["recipient"], batch["namespace"])
        limits = daily_use.limits_of(account.limits.daily_micros, origin.daily_limit_micros, origin.api_key_id)
        paying = daily_use.Paying(account.id, wallet.currency, int(wallet.is_sandbox), clock.day_of(now, account.time_zone))
        daily_use.take(tx, limits, paying, row["cost_micros"], now, account.time_zone)
        if limit is not None:
            spending.take(tx, limit, paying, row["cost_micros"])
        ledger.debit(
            tx,
            row["wallet_id"],
            row["cost_micros"],
            kind="sms_charge",
            batch_id=row["batch_id"],
            message_id=row["id"],
            charge_no=row["charges"] + 1,
            description=f"Retry of {row['uid']}",
        )
        tx.execute("UPDATE batches SET cost_micros = cost_micros + ? WHERE id = ?", (row["cost_micros"], row["batch_id"]))
        tx.after_commit(bell.dispatcher)

    try:
        write(unit)
    except BurstLimitReached:
        is_sandbox = wallet_by_id(message["wallet_id"]).is_sandbox
        burst_alerts.note(account.id, is_sandbox, message["recipient"][: recent.ALIKE + 1])
        raise
    found = query_one("SELECT * FROM messages WHERE id = ?", (message["id"],))
    assert found is not None
    return found


def _watch(tx: Tx, account: AccountInfo, wallet: WalletInfo, row: MessageRow, now: int) -> None:
    """A retry is one more message to its number; those of campaigns are not counted."""
    watch = recent.watch(account, is_sandbox=wallet.is_sandbox) if row["channel"] == SMS and row["lane"] == 0 else None
    if watch is None:
        return
    refused, notes = watch.look(tx, watch.marks([row["recipient"]]), now)
    if refused:
        raise refused[0].error
    recent.note(tx, notes)


def cancel_message(account: AccountInfo, uid: str, *, channel: str = SMS, side: Side | None = None, actor: Actor) -> Cancelled:
    """Take a scheduled or dripping message back; NotCancellable once it has left."""
    roles.require_to_stop(actor, account)
    return cancel_one(history.find(account.id, uid, channel=channel, side=side, actor=actor)["id"], (SCHEDULED, DRIPPING))


def cancel_one(message_id: int, statuses: tuple[str, ...]) -> Cancelled:
    """Take a message back, while it is in one of ``statuses``; NotCancellable."""
    done = write(lambda tx: _take_back(tx, _still(tx, [message_id], statuses), owed=False))
    return done if done.count else _refuse()


def cancel_batch(account: AccountInfo, uid: str, *, side: Side | None = None, actor: Actor) -> Cancelled:
    """Take back what has not left of a batch, with one refund for all of it; NotCancellable when nothing is left."""
    roles.require_to_stop(actor, account)
    return cancel_rest_of(get_batch(uid, account.id, side=side, actor=actor))


def cancel_rest_of(batch: BatchRow, *, held_only: bool = False) -> Cancelled:
    """The same for a batch at hand. ``held_only``: of a bulk only while it waits for the operator's word.

    A bulk is taken back in short transactions: dispatch stops with the first of them, the money comes back with the last.
    A crash in between is finished by `finish_cancellations`.
    """
    if batch["lane"] == 0:
        done = write(
            lambda tx: cancel_some(
                tx,
                batch["id"],
                [row[0] for row in tx.all("SELECT id FROM messages WHERE batch_id = ? LIMIT ?", (batch["id"], IN_REQUEST_LIMIT))],
            )
        )
        return done if done.count else _refuse()

    def unit(tx: Tx) -> bool:
        waits = _waiting(tx, batch["id"], 1)
        return bool(waits) and bulks.begin_cancelling(tx, batch["id"], clock.now_ms() + LEASE_MS, held_only=held_only)

    return _cancel_rest(batch["id"]) if write(unit) else _refuse()


def finish_cancellations() -> None:
    """Those that nobody is at: whoever began them is gone, or something was on its way back to the queue."""
    now = clock.now_ms()
    for batch_id, lease in query(f"SELECT id, lease_until FROM batches WHERE {LIVE_BULKS} AND state = 'cancelling'"):
        if lease is None or not now <= lease <= now + LEASE_MS:  # a clock that was set back must not put it off
            _cancel_rest(batch_id)


def _cancel_rest(batch_id: int) -> Cancelled:
    total = Cancelled(0, 0)
    while True:
        done, over = write(lambda tx: _cancel_chunk(tx, batch_id))
        total = Cancelled(total.count + done.count, total.refunded_micros + done.refunded_micros)
        if over:
            return total


def _cancel_chunk(tx: Tx, batch_id: int) -> tuple[Cancelled, bool]:
    """What was taken back, and whether it was the last; then the money goes back, too."""
    if not bulks.keep_cancelling(tx, batch_id, clock.now_ms() + LEASE_MS):
        return Cancelled(0, 0), True
    done = _take_back(tx, _waiting(tx, batch_id, CHUNK), owed=True)
    if _waiting(tx, batch_id, 1):
        return done, False
    pay_back(tx, batch_id)
    # What has left goes on: its receipts finish the batch. What is claimed may still come back to be taken back.
    claimed = tx.one(IS_CLAIMED, (batch_id,))
    bulks.end_cancelling(tx, batch_id, come_back=claimed is not None)
    return done, True


def cancel_some(tx: Tx, batch_id: int, ids: list[int]) -> Cancelled:
    """Take back some messages of one batch that have not left, with one refund for all of them."""
    done = _take_back(tx, _still(tx, ids, NOT_LEFT), owed=True)
    pay_back(tx, batch_id)
    return done


def pay_back(tx: Tx, batch_id: int) -> None:
    """What a batch is still to get back, as one entry with its name."""
    batch = tx.one("SELECT * FROM batches WHERE id = ?", (batch_id,))
    if batch is None or not tx.changed("UPDATE batches SET owed_micros = 0 WHERE id = ? AND owed_micros > 0", (batch_id,)):
        return
    name = batch["reference"] or batch["subject"] or f"batch {batch['uid']}"
    ledger.credit(tx, batch["wallet_id"], batch["owed_micros"], kind="refund", batch_id=batch_id, description=f"Cancelled: {name}")


def _waiting(tx: Tx, batch_id: int, limit: int) -> list[int]:
    """Some of a bulk that have not left, by the indices over these: what left is not walked through."""
    rows = tx.all(
        "SELECT id FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 1 AND batch_id = ? LIMIT ?", (batch_id, limit)
    )
    rows += (
        tx.all(
            "SELECT id FROM messages WHERE status = 'queued' AND lane = 1 AND batch_id = ? LIMIT ?", (batch_id, limit - len(rows))
        )
        if len(rows) < limit
        else []
    )
    return [row[0] for row in rows]


def _still(tx: Tx, ids: list[int], statuses: tuple[str, ...]) -> list[int]:
    return [
        row[0]
        for row in tx.all(
            f"SELECT id FROM messages WHERE id IN ({marks(ids)}) AND status IN ({marks(statuses)})", (*ids, *statuses)
        )
    ]


def _take_back(tx: Tx, ids: list[int], *, owed: bool) -> Cancelled:
    moved = move(
        tx,
        [Move(found, CANCELLED, "cancelled", marked("Cancelled before it left"), refund=True, owed=owed) for found in ids],
        clock.now_ms(),
    )
    return Cancelled(len(moved), sum(before["cost_micros"] for before, _ in moved))


def _refuse() -> NoReturn:
    raise NotCancellable


def pause(account: AccountInfo, uid: str, *, actor: Actor) -> None:
    """Nothing more of a bulk is dispatched until it is resumed."""
    roles.require_to_stop(actor, account)
    batch = get_batch(uid, account.id, actor=actor)
    if not write(lambda tx: bulks.pause(tx, batch["id"])):
        raise Conflict("Only a bulk that is under way can be paused")


def resume(account: AccountInfo, uid: str, *, actor: Actor) -> None:
    """Go on; Conflict for what waits for the operator's word, unless this is it."""
    roles.require_to_send(actor, account)
    batch = get_batch(uid, account.id, actor=actor)
    may_release = roles.may(actor, OPERATE)
    if batch["held_at"] is not None and not may_release:
        raise Conflict("It should have left while the account was suspended: the operator decides whether it still does")
    reopen(batch, held_too=may_release)


def reopen(batch: BatchRow, *, held_too: bool) -> None:
    """What still drips keeps its pace from now on: what came due meanwhile must not leave all at once."""
    if batch["mode"] == "drip":
        drip_anew(batch)

    def unit(tx: Tx) -> None:
        if not bulks.resume(tx, batch["id"], held_too=held_too):
            raise Conflict("Only a paused bulk can be resumed")
        tx.after_commit(bell.dispatcher)

    write(unit)


def drip_anew(batch: BatchRow) -> None:
    """New times for what has not left of a drip that is paused or whose account is suspended, a chunk at a time: nothing
    of it goes out meanwhile."""
    now, done, rate = clock.now_ms(), 0, batch["drip_rate"]
    assert rate is not None
    sql = "SELECT id FROM messages WHERE batch_id = ? AND id > ? AND status = 'dripping' ORDER BY id LIMIT ?"
    for rows in keyset.pages(lambda last: query(sql, (batch["id"], last, CHUNK))):
        times = [(now + (done + index) * clock.MINUTE // rate, row["id"]) for index, row in enumerate(rows)]
        write(lambda tx, times=times: waiting.time_drip(tx, times))  # type: ignore[misc]  # mypy can't infer a lambda's defaults
        done += len(rows)
