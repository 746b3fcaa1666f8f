"""Accept: pay for a send of up to IN_REQUEST_LIMIT recipients and write its batch and messages, in one transaction."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...accounts.service import AccountInfo
from ...accounts.sides import Side
from ...coordination import bell
from ...core import clock
from ...core.errors import BatchNotFound
from ...core.ids import new_id
from ...database import Row, Tx, query_one, write
from ...database.rows import BatchRow
from ...wallets import ledger
from ...wallets.service import WalletInfo, reaches
from ..state.counters import count_day
from ..state.inserts import MESSAGE_COLUMNS, batch_row, insert_batch, insert_message, message_row
from ..state.statuses import QUEUED, SUBMITTED, SUBMITTING
from ..state.transitions import Move, enter_submitted, move
from ..state.webhook_events import anybody_listens
from .compose import SMS, Composed, Planned, Skipped
from .options import Options, Origin

LEASE_MS = 30 * clock.SECOND
IN_REQUEST_LIMIT = 100
"""Recipients up to which an API call may have its answer from the gateway inside the request."""


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
    fields: str | None = None
    batch_id: int = 0
    account_id: int = 0
    wallet_id: int = 0
    charges: int = 1


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
    messages: Sequence[Row]
    balance_micros: int


Alongside = Callable[[Tx, Sequence[Row]], None]
"""What else is written in the transaction that pays for messages, once they are; it may refuse them by an error."""

Foretold = Callable[[list[Outgoing], str], list[Move | None]]
"""What becomes of messages, as far as it is known before they are written (None: it is not)."""


def accept(
    composed: Composed,
    planned: list[Planned],
    skipped: list[Skipped],
    *,
    origin: Origin,
    options: Options,
    submit_now: frozenset[str] = frozenset(),
    foretell: Foretold | None = None,
    alongside: Alongside | None = None,
    tx: Tx | None = None,
) -> Accepted:
    """Pay and write everything in one transaction (``tx``: in that one); InsufficientBalance writes nothing.

    Messages of the gateways in ``submit_now`` are written as being submitted, claimed by this request; those whose
    fate ``foretell`` knows are settled in the same transaction.
    """
    account, wallet = composed.account, composed.wallet
    now = clock.now_ms()
    token = secrets.token_hex(8)
    drafts = [
        Outgoing(
            0,
            item.uid or new_id(),
            item.recipient,
            item.country,
            item.text,
            item.sender,
            item.segments,
            item.encoding,
            item.gateway,
            0,
            0,
            item.channel,
            item.subject,
            item.fields,
            0,
            account.id,
            wallet.id,
        )
        for item in planned
    ]
    direct = [item.gateway in submit_now for item in planned]
    foretold: list[Move | None] = [None] * len(drafts)
    if foretell is not None and any(direct):
        known = iter(foretell([draft for draft, now_ in zip(drafts, direct, strict=True) if now_], token))
        foretold = [next(known) if now_ else None for now_ in direct]
    # The usual case, written at once as submitted: an INSERT costs a third of an INSERT and an UPDATE.
    at_once = [fate is not None and fate.to == SUBMITTED for fate in foretold]
    rows = [
        message_row(
            account,
            wallet,
            item,
            lane=0,
            uid=draft.uid,
            now=now,
            due_at=options.due_at(index, now),
            state=_state(options, direct[index], foretold[index] if at_once[index] else None, token, now),
        )
        for index, (item, draft) in enumerate(zip(planned, drafts, strict=True))
    ]
    cost = sum(item.cost_micros for item in planned)
    submitted = sum(at_once)
    batch_uid = origin.batch_uid or new_id()
    whole = batch_row(
        composed,
        batch_uid,
        origin,
        options,
        lane=0,
        state="open",
        total=len(planned),
        queued=len(planned) - submitted,
        submitted=submitted,
        cost=cost,
        skipped=skipped,
        in_request=all(direct),
        now=now,
    )
    by_route = count_routes(planned)
    listened_to = anybody_listens({account.id}, tx)

    def unit(tx: Tx) -> Accepted:
        batch = insert_batch(tx, whole)
        batch_id = batch["id"]
        balance = pay(tx, wallet, cost, batch_id, len(planned), origin, batch_uid)
        messages = [insert_message(tx, batch_id, message) for message in rows]
        if alongside is not None:
            alongside(tx, messages)
        count_accepted(tx, account, wallet, now, by_route)
        fates = [fate._replace(id=message["id"]) for fate, message in zip(foretold, messages, strict=True) if fate is not None]
        enter_submitted(tx, account.id, [fate for fate in fates if fate.to == SUBMITTED], now, listened_to=listened_to)
        sent = Sent(batch, messages, balance)
        others = [fate for fate in fates if fate.to != SUBMITTED]
        if others:
            move(tx, others, now)
            sent = _read_sent(tx, batch_id, wallet.id)
        if not all(direct) or any(fate.to == QUEUED for fate in others):
            tx.after_commit(bell.dispatcher)
        outgoing = [
            draft._replace(id=message["id"], batch_id=batch_id)
            for index, (draft, message) in enumerate(zip(drafts, messages, strict=True))
            if direct[index] and foretold[index] is None
        ]
        return Accepted(batch_id, batch_uid, token, outgoing, None if outgoing else sent)

    return write(unit) if tx is None else unit(tx)


def _state(options: Options, direct: bool, fate: Move | None, token: str, now: int) -> tuple:
    """A message's status and what goes with it, in the order of MESSAGE_COLUMNS' end."""
    if fate is not None:
        changes = fate.changes or {}
        return (fate.to, token, None, *(changes[name] for name in MESSAGE_COLUMNS[-5:]))
    if direct:
        return (SUBMITTING, token, now + LEASE_MS, 0, None, None, None, None)
    return (options.first_status, None, None, 0, None, None, None, None)


def _read_sent(tx: Tx, batch_id: int, wallet_id: int) -> Sent:
    batch = tx.one("SELECT * FROM batches WHERE id = ?", (batch_id,))
    wallet = tx.one("SELECT balance_micros FROM wallets WHERE id = ?", (wallet_id,))
    assert batch is not None and wallet is not None
    return Sent(batch, tx.all("SELECT * FROM messages WHERE batch_id = ? ORDER BY id", (batch_id,)), wallet[0])


def count_routes(planned: Iterable[Planned]) -> Counter[str]:
    """SMS a route, for the roll-up."""
    return Counter(item.route or "" for item in planned if item.channel == SMS)


def count_accepted(tx: Tx, account: AccountInfo, wallet: WalletInfo, now: int, by_route: Counter[str]) -> None:
    for route, count in by_route.items():
        count_day(tx, (account.id, wallet.id, clock.day_of(now, account.time_zone), route), {"total": count})


def get_batch(uid: str, account_id: int, *, side: Side | None = None, actor: Actor) -> BatchRow:
    """A batch of the account by its public id, of those that ``side`` sees; BatchNotFound."""
    roles.require(actor, SEE, account_id)
    row = query_one(
        "SELECT * FROM batches WHERE uid = ? AND account_id = ? AND state NOT IN ('intake', 'rejected')", (uid, account_id)
    )
    if row is None or not reaches(side, row["wallet_id"]):
        raise BatchNotFound
    return row


def get_batch_by_id(batch_id: int) -> BatchRow:
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
