"""Accept: pay for a send of up to IN_REQUEST_LIMIT recipients and write its batch and messages, in one transaction."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .. import clock, wake
from ..accounts.idempotency import Claim
from ..accounts.service import AccountInfo
from ..database import Row, Tx, query_one, write
from ..errors import BatchNotFound
from ..ids import new_id
from ..wallets import ledger
from ..wallets.service import WalletInfo
from .compose import SMS, Composed, Planned, Skipped
from .statuses import DRIPPING, QUEUED, SCHEDULED, SUBMITTED, SUBMITTING
from .transitions import Move, count_day, enter_submitted, move

LEASE_MS = 30 * clock.SECOND
IN_REQUEST_LIMIT = 100
"""Recipients up to which an API call may have its answer from the gateway inside the request."""


class Origin(NamedTuple):
    """Where a send comes from: the dialect (or ``portal``, ``cli``), its key, the idempotency claim it holds.

    ``batch_uid``: the id that the batch is to have, fixed before a form is shown, so that the form sends once.
    """

    api: str
    api_key_id: int | None = None
    claim: Claim | None = None
    batch_uid: str | None = None


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
    channel: str = SMS
    subject: str | None = None


MESSAGE_COLUMNS = (
    "uid", "batch_id", "account_id", "wallet_id", "channel", "lane", "recipient", "country", "sender", "text",
    "subject", "encoding",
    "segments", "cost_micros", "route", "route_cost_micros", "route_currency", "gateway", "day", "created_at", "due_at",
    "status", "claim_token", "lease_until", "attempts", "gateway_ref", "submitted_at", "poll_at", "expires_at")


class Accepted(NamedTuple):
    """A batch that was paid for. ``outgoing``: what this request is still to submit itself.

    ``sent`` is the batch as it was committed, when nothing is outstanding.
    """

    batch_id: int
    batch_uid: str
    token: str
    outgoing: list[Outgoing]
    sent: Sent | None = None


class Sent(NamedTuple):
    """A batch as it stands: its row, its messages in order, and in micro-units the balance that it left in its wallet."""

    batch: Row
    messages: list[Row]
    balance_micros: int


Foretold = Callable[[list[Outgoing], str], list[Move | None]]
"""What becomes of messages, as far as it is known before they are written (None: it is not)."""


def accept(composed: Composed, planned: list[Planned], skipped: list[Skipped], *, origin: Origin, order: Order,
           submit_now: frozenset[str] = frozenset(), foretell: Foretold | None = None) -> Accepted:
    """Pay and write everything in one transaction; InsufficientBalance writes nothing.

    Messages of the gateways in ``submit_now`` are written as being submitted, claimed by this request; those whose
    fate ``foretell`` knows are settled in the same transaction.
    """
    account, wallet = composed.account, composed.wallet
    now = clock.now_ms()
    token = secrets.token_hex(8)
    drafts = [Outgoing(0, new_id(), item.recipient, item.country, item.text, item.sender, item.segments, item.encoding,
                       item.gateway, 0, 0, item.channel, item.subject) for item in planned]
    direct = [item.gateway in submit_now for item in planned]
    foretold: list[Move | None] = [None] * len(drafts)
    if foretell is not None and any(direct):
        known = iter(foretell([draft for draft, now_ in zip(drafts, direct, strict=True) if now_], token))
        foretold = [next(known) if now_ else None for now_ in direct]
    # The usual case, written at once as submitted: an INSERT costs a third of an INSERT and an UPDATE.
    at_once = [fate is not None and fate.to == SUBMITTED for fate in foretold]
    rows = [message_row(account, wallet, item, lane=0, uid=draft.uid, now=now, due_at=order.due_at(index, now),
                        state=_state(order, direct[index], foretold[index] if at_once[index] else None, token, now))
            for index, (item, draft) in enumerate(zip(planned, drafts, strict=True))]
    cost = sum(item.cost_micros for item in planned)
    submitted = sum(at_once)

    def unit(tx: Tx) -> Accepted:
        batch_uid = origin.batch_uid or new_id()
        batch_id = insert_batch(tx, composed, batch_uid, origin, order, lane=0, state="open", total=len(planned),
                                queued=len(planned) - submitted, submitted=submitted, cost=cost, skipped=skipped,
                                in_request=all(direct), now=now)
        balance = pay(tx, wallet, cost, batch_id, len(planned), origin, batch_uid)
        tx.insert_many("messages", MESSAGE_COLUMNS, [(row[0], batch_id, *row[2:]) for row in rows])
        # Row ids of one transaction are consecutive: SQLite gives the largest id plus one.
        first_id = tx.execute("SELECT last_insert_rowid()").fetchone()[0] - len(rows) + 1
        count_accepted(tx, account, wallet, now, count_routes(planned))
        fates = [fate._replace(id=first_id + index) for index, fate in enumerate(foretold) if fate is not None]
        enter_submitted(tx, account.id, [fate for fate in fates if fate.to == SUBMITTED], now)
        others = [fate for fate in fates if fate.to != SUBMITTED]
        if others:
            move(tx, others, now)
            balance = tx.execute("SELECT balance_micros FROM wallets WHERE id = ?", (wallet.id,)).fetchone()[0]
        if not all(direct) or any(fate.to == QUEUED for fate in others):
            tx.after_commit(wake.dispatcher)
        outgoing = [draft._replace(id=first_id + index) for index, draft in enumerate(drafts)
                    if direct[index] and foretold[index] is None]
        sent = None if outgoing else read_sent(tx, batch_id, balance)
        return Accepted(batch_id, batch_uid, token, outgoing, sent)

    return write(unit)


def _state(order: Order, direct: bool, fate: Move | None, token: str, now: int) -> tuple:
    """A message's status and what goes with it, in the order of MESSAGE_COLUMNS' end."""
    if fate is not None:
        changes = fate.changes or {}
        return (fate.to, token, None, *(changes[name] for name in MESSAGE_COLUMNS[-5:]))
    if direct:
        return (SUBMITTING, token, now + LEASE_MS, 0, None, None, None, None)
    return (order.first_status, None, None, 0, None, None, None, None)


def read_sent(tx: Tx, batch_id: int, balance_micros: int) -> Sent:
    batch = tx.one("SELECT * FROM batches WHERE id = ?", (batch_id,))
    assert batch is not None
    return Sent(batch, tx.all("SELECT * FROM messages WHERE batch_id = ? ORDER BY id", (batch_id,)), balance_micros)


def count_routes(planned: Iterable[Planned]) -> Counter[str]:
    """SMS a route, for the roll-up."""
    return Counter(item.route or "" for item in planned if item.channel == SMS)


def count_accepted(tx: Tx, account: AccountInfo, wallet: WalletInfo, now: int, by_route: Counter[str]) -> None:
    for route, count in by_route.items():
        count_day(tx, (account.id, wallet.id, clock.day_of(now, account.time_zone), route), {"total": count})


def get_batch(uid: str, account_id: int) -> Row:
    """A batch of the account by its public id; BatchNotFound."""
    row = query_one("SELECT * FROM batches WHERE uid = ? AND account_id = ? AND state NOT IN ('intake', 'rejected')",
                    (uid, account_id))
    if row is None:
        raise BatchNotFound
    return row


def get_batch_by_id(batch_id: int) -> Row:
    row = query_one("SELECT * FROM batches WHERE id = ?", (batch_id,))
    if row is None:
        raise BatchNotFound
    return row


def pay(tx: Tx, wallet: WalletInfo, cost: int, batch_id: int, count: int, origin: Origin, batch_uid: str) -> int:
    """Take the money for a batch and name it in the idempotency claim; the balance after."""
    noun = "message" if count == 1 else "messages"
    balance = ledger.debit(tx, wallet.id, cost, kind="sms_charge", description=f"{count} {noun}", batch_id=batch_id)
    if origin.claim is not None:
        origin.claim.attach(tx, f"batch:{batch_uid}")
    return balance


def insert_batch(tx: Tx, composed: Composed, uid: str, origin: Origin, order: Order, *, lane: int, state: str,
                 total: int,
                 queued: int, cost: int, skipped: list[Skipped], now: int, submitted: int = 0,
                 in_request: bool = False) -> int:
    account, wallet = composed.account, composed.wallet
    return tx.insert(
        "batches", uid=uid, account_id=account.id, wallet_id=wallet.id, api_key_id=origin.api_key_id, api=origin.api,
        channel=composed.channel, lane=lane, state=state, in_request=int(in_request), mode=order.mode,
        text=composed.text, subject=composed.subject, sender=composed.sender,
        reference=order.reference, group_id=order.group_id,
        skipped=json.dumps(skipped, ensure_ascii=False) if skipped else None, total=total, queued=queued,
        submitted=submitted, cost_micros=cost, currency=wallet.currency, drip_rate=order.drip_rate,
        scheduled_at=order.scheduled_at, created_at=now)


def message_row(account: AccountInfo, wallet: WalletInfo, item: Planned, *, lane: int, uid: str, now: int, due_at: int,
                state: tuple, batch_id: int | None = None) -> tuple:
    """A row in the order of MESSAGE_COLUMNS."""
    return (uid, batch_id, account.id, wallet.id, item.channel, lane, item.recipient, item.country, item.sender,
            item.text, item.subject, item.encoding, item.segments, item.cost_micros, item.route, item.route_cost_micros,
            item.route_currency,
            item.gateway, clock.day_of(now, account.time_zone), now, due_at, *state)
