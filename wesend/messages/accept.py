"""Accept: pay for a send and write its batch and messages.

A small send is one transaction. A bulk takes its money first, then writes its messages in chunks; nothing of it is
dispatched before the last chunk, and what a crash leaves half written is undone, money included (`undo_abandoned`).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from .. import clock
from ..accounts.idempotency import Claim
from ..accounts.service import AccountInfo
from ..database import Row, Tx, atomic, query, query_one, write
from ..errors import BatchNotFound
from ..ids import new_id
from ..wallets import ledger
from ..wallets.service import WalletInfo
from . import wake
from .compose import Planned, Skipped
from .statuses import DRIPPING, QUEUED, SCHEDULED, SUBMITTING
from .transitions import count_day

LEASE_MS = 30 * clock.SECOND
CHUNK = 500
IN_REQUEST_LIMIT = 100
"""Recipients up to which an API call may have its answer from the gateway inside the request."""


class Origin(NamedTuple):
    """Where a send comes from: the dialect (or ``portal``, ``cli``), its key, the idempotency claim it holds."""

    api: str
    api_key_id: int | None = None
    claim: Claim | None = None


class Order(NamedTuple):
    """When and as what a send goes out. ``drip_rate`` in messages a minute."""

    mode: str = "now"
    scheduled_at: int | None = None
    drip_rate: int | None = None
    reference: str | None = None
    group_id: int | None = None

    def due_at(self, index: int, now: int) -> int:
        if self.mode == "drip" and self.drip_rate:
            return now + index * 60_000 // self.drip_rate
        return self.scheduled_at if self.scheduled_at is not None else now

    @property
    def first_status(self) -> str:
        return {"scheduled": SCHEDULED, "drip": DRIPPING}.get(self.mode, QUEUED)


class Outgoing(NamedTuple):
    """A claimed message with all that its submission and settlement need."""

    id: int
    uid: str
    recipient: str
    country: str | None
    text: str
    sender: str | None
    segments: int
    encoding: str
    gateway: str
    attempts: int
    backoffs: int


MESSAGE_COLUMNS = (
    "uid", "batch_id", "account_id", "wallet_id", "lane", "recipient", "country", "sender", "text", "encoding",
    "segments", "cost_micros", "route", "route_cost_micros", "route_currency", "gateway", "status", "due_at",
    "claim_token", "lease_until", "day", "created_at")


class Accepted(NamedTuple):
    """A batch that was paid for; ``outgoing`` are the messages that this request is to submit itself."""

    batch_id: int
    batch_uid: str
    token: str
    outgoing: list[Outgoing]


def accept(account: AccountInfo, wallet: WalletInfo, planned: list[Planned], skipped: list[Skipped], *, text: str,
           sender: str | None, origin: Origin, order: Order, submit_now: frozenset[str] = frozenset(),
           at_once: Callable[[Tx, list[Outgoing], str], None] | None = None) -> Accepted:
    """Pay and write everything in one transaction; InsufficientBalance writes nothing.

    Messages of the gateways in ``submit_now`` are written as being submitted, claimed by this request; ``at_once``
    may settle some of them before the commit.
    """
    now = clock.now_ms()
    token = secrets.token_hex(8)
    batch_uid = new_id()
    cost = sum(item.cost_micros for item in planned)
    rows = []
    for index, item in enumerate(planned):
        direct = item.gateway in submit_now
        rows.append(_message(account, wallet, item, lane=0, status=SUBMITTING if direct else order.first_status,
                             due_at=order.due_at(index, now), token=token if direct else None,
                             lease=now + LEASE_MS if direct else None, now=now))
    waits = any(item.gateway not in submit_now for item in planned)

    def unit(tx: Tx) -> Accepted:
        batch_id = _insert_batch(tx, account, wallet, batch_uid, origin, order, text=text, sender=sender, lane=0,
                                 state="open", total=len(planned), queued=len(planned), cost=cost, skipped=skipped,
                                 now=now)
        _pay(tx, wallet, cost, batch_id, len(planned), origin, batch_uid)
        tx.insert_many("messages", MESSAGE_COLUMNS, [(row[0], batch_id, *row[2:]) for row in rows])
        last = tx.execute("SELECT last_insert_rowid()").fetchone()[0]
        count_day(tx, account.id, wallet.id, clock.day_of(now, account.time_zone), {"total": len(planned)})
        if waits:
            tx.after_commit(wake.dispatcher)
        # Row ids of one transaction are consecutive: SQLite gives the largest id plus one.
        first_id = last - len(rows) + 1
        outgoing = [Outgoing(first_id + index, row[0], item.recipient, item.country, item.text, item.sender,
                             item.segments, item.encoding, item.gateway, 0, 0)
                    for index, (row, item) in enumerate(zip(rows, planned, strict=True)) if item.gateway in submit_now]
        if at_once is not None:
            at_once(tx, outgoing, token)
        return Accepted(batch_id, batch_uid, token, outgoing)

    return write(unit)


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
        batch_id = _insert_batch(tx, account, wallet, batch_uid, origin, order, text=text, sender=sender, lane=1,
                                 state="intake", total=totals.count, queued=totals.count, cost=totals.cost_micros,
                                 skipped=skipped, now=now)
        _pay(tx, wallet, totals.cost_micros, batch_id, totals.count, origin, batch_uid)
        tx.execute("UPDATE batches SET lease_until = ? WHERE id = ?", (clock.now_ms() + LEASE_MS, batch_id))
    try:
        written = cost = 0
        for chunk in _chunks(planned):
            rows = [_message(account, wallet, item, lane=1, status=order.first_status,
                             due_at=order.due_at(written + index, now), token=None, lease=None, now=now,
                             batch_id=batch_id)
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


def sweep_rejected(batch_id: int | None = None) -> None:
    """Remove the messages of an undone bulk, or of all whose removal a crash cut short; none was ever dispatched."""
    doomed = [batch_id] if batch_id is not None else [row[0] for row in query(
        "SELECT id FROM batches b WHERE lane = 1 AND state = 'rejected'"
        " AND EXISTS (SELECT 1 FROM messages WHERE batch_id = b.id)")]
    for rejected in doomed:
        while write(lambda tx, rejected=rejected: tx.changed(
                "DELETE FROM messages WHERE id IN (SELECT m.id FROM messages m JOIN batches b ON b.id = m.batch_id"
                " WHERE m.batch_id = ? AND b.state = 'rejected' LIMIT 1000)", (rejected,))):
            pass


def get_batch(uid: str, account_id: int) -> Row:
    """A batch of the account by its public id; BatchNotFound."""
    row = query_one("SELECT * FROM batches WHERE uid = ? AND account_id = ? AND state NOT IN ('intake', 'rejected')",
                    (uid, account_id))
    if row is None:
        raise BatchNotFound
    return row


def _pay(tx: Tx, wallet: WalletInfo, cost: int, batch_id: int, count: int, origin: Origin, batch_uid: str) -> None:
    noun = "message" if count == 1 else "messages"
    ledger.debit(tx, wallet.id, cost, kind="sms_charge", description=f"{count} {noun}", batch_id=batch_id)
    if origin.claim is not None:
        origin.claim.attach(tx, f"batch:{batch_uid}")


def _insert_batch(tx: Tx, account: AccountInfo, wallet: WalletInfo, uid: str, origin: Origin, order: Order, *, text: str,
                  sender: str | None, lane: int, state: str, total: int, queued: int, cost: int,
                  skipped: list[Skipped], now: int) -> int:
    return tx.insert(
        "batches", uid=uid, account_id=account.id, wallet_id=wallet.id, api_key_id=origin.api_key_id, api=origin.api,
        lane=lane, state=state, mode=order.mode, text=text, sender=sender, reference=order.reference,
        group_id=order.group_id, skipped=json.dumps(skipped, ensure_ascii=False) if skipped else None, total=total,
        queued=queued, cost_micros=cost, currency=wallet.currency, drip_rate=order.drip_rate,
        scheduled_at=order.scheduled_at, created_at=now)


def _message(account: AccountInfo, wallet: WalletInfo, item: Planned, *, lane: int, status: str, due_at: int,
             token: str | None, lease: int | None, now: int, batch_id: int | None = None) -> tuple:
    """A row in the order of MESSAGE_COLUMNS."""
    return (new_id(), batch_id, account.id, wallet.id, lane, item.recipient, item.country, item.sender, item.text,
            item.encoding, item.segments, item.cost_micros, item.route, item.route_cost_micros, item.route_currency,
            item.gateway, status, due_at, token, lease, clock.day_of(now, account.time_zone), now)


