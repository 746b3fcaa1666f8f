"""Accept: pay for a send of up to IN_REQUEST_LIMIT recipients and write its batch and messages, in one transaction.

No gateway is called before that is committed. What the sandbox makes of a message follows from its number
(`sandbox_numbers`), and is settled in the same transaction, once the money is taken.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from ...accounts import daily_use, roles, spending
from ...accounts.daily_use import Paying
from ...accounts.roles import SEE, Actor
from ...accounts.sides import Side
from ...adapters.sms import sandbox_numbers
from ...adapters.sms.base import ACCEPTED, Outcome
from ...coordination import bell
from ...core import clock
from ...core.channels import SMS
from ...core.current_app import this_app
from ...core.errors import BatchNotFound
from ...core.ids import new_id
from ...database import Later, Row, RowKey, Tx, query_one, write
from ...database.rows import BatchRow, MessageRow
from ...gateways import simulated
from ...gateways.simulated import Rule
from ...guards import recent
from ...guards.recent import Refusal
from ...routing.tiers import Tier, TierPassed
from ...wallets import ledger
from ...wallets.service import reaches
from ..reporting.sent import Paid, Sent, sent_later
from ..state import inserts, margins, outcomes
from ..state.claims import LEASE_MS
from ..state.counters import count_day
from ..state.inserts import NewBatch
from ..state.outgoing import Outgoing
from ..state.sealed_texts import is_over
from ..state.statuses import QUEUED, SUBMITTING
from ..state.transitions import Move, Moved, enter_submitted
from ..state.webhook_events import anybody_listens
from .compose import Composed, Skipped
from .in_request import AtOnce, settle
from .options import Options, Origin
from .timing import Timing
from .watching import Limited

BATCH_OF_ACCOUNT = "SELECT * FROM batches WHERE uid = ? AND account_id = ? AND state NOT IN ('intake', 'rejected')"


NO_RULES: Mapping[str, Rule] = {}

Alongside = Callable[[Tx, Sequence[Row]], None]
"""What else is written in the transaction that pays for messages, once they are; it may refuse them by an error."""


class Accepted(NamedTuple):
    """A batch that was paid for. ``outgoing``: what this request is still to submit itself, under ``token``.

    ``sent`` is the batch as it was committed, when nothing is outstanding, and ``paid`` what that found when all is;
    ``call_ms``: how long the call is to take, where a test has said so.
    """

    batch_uid: str
    token: str
    outgoing: list[Outgoing]
    sent: Sent | None
    call_ms: int = 0
    paid: Paid | None = None


class _Draft(NamedTuple):
    """A message before it is written, and the ``state`` in which it will be: whose, due when, its status.

    ``outcome``: what its number makes of it; ``submitted``: that move, where it is written as if it had happened.
    """

    message: Outgoing
    state: dict[str, Any]
    outcome: Outcome | None = None
    submitted: Move | None = None


class _Refused(NamedTuple):
    """The messages, by their places, that a limit on recent sends refuses: nothing was written."""

    by_place: dict[int, Refusal]


class _TierPassed(NamedTuple):
    """The prices hold no more: nothing was written."""


class _Written(NamedTuple):
    """What a paying transaction has done, to be looked at once it is committed. ``balance``: the wallet's after it was debited;
    ``sent`` where more was settled in it than what was written at once, and what became of the batch has to be read."""

    batch_id: int | RowKey
    message_ids: list[int | RowKey]
    balance: Later
    sent: Callable[[], Sent | None] | None
    batch: NewBatch
    drafts: list[_Draft]
    call_ms: int


def accept(
    composed: Composed,
    planned: list[Outgoing],
    skipped: list[Skipped],
    *,
    origin: Origin,
    options: Options,
    at_once: AtOnce = AtOnce(),
    alongside: Alongside | None = None,
    watch: recent.Watch | None = None,
    tier: Tier | None = None,
    tx: Tx | None = None,
) -> Accepted:
    """Pay and write everything in one transaction (``tx``: in that one); InsufficientBalance, DailyLimitReached, Limited
    (by ``watch``) and TierPassed (``tier``: in which the messages' prices hold) write nothing.

    Messages of the gateways that are called ``at_once`` are written as being submitted, claimed by this request; those of
    the gateways that are known by number are settled, too.
    """
    now, token = clock.now_ms(), secrets.token_hex(8)
    timing = Timing(options, composed.account, validity(options, origin), now)
    known = _drafts(composed, planned, options, at_once, token, timing)
    unruled = new_batch(composed, origin, options, skipped, now)._replace(
        **_counts(known),
        cost_micros=sum(item.cost_micros for item in planned),
        in_request=int(all(item.gateway in at_once.gateways for item in planned)),
    )
    has_rules = composed.wallet.is_sandbox and composed.channel == SMS and bool(simulated.rules(tx))
    counted = Counted()
    counted.add(planned)
    listened_to = anybody_listens({unruled.account_id}, tx)
    paying, limits = paying_for(composed, known[0].state["day"]), daily_limits(composed, origin)
    marks = watch.marks(message.recipient for message in planned) if watch is not None else []

    def unit(tx: Tx) -> _Written | _Refused | _TierPassed:
        # First of all, and told rather than raised: the units beside this one would have to be carried out again.
        if tier is not None and not tier.holds(tx):
            return _TierPassed()
        refused, notes = watch.look(tx, marks, now) if watch is not None else ({}, [])
        if refused:
            return _Refused(refused)
        if limits:
            daily_use.take(tx, limits, paying, unruled.cost_micros, now, composed.account.time_zone)
        if origin.spending is not None:
            spending.take(tx, origin.spending, paying, unruled.cost_micros)
        if notes:
            recent.note(tx, notes)
        drafts, whole, ruled = known, unruled, NO_RULES
        if has_rules:
            ruled = simulated.take(tx, [item.recipient for item in planned], whole.namespace)
        if ruled:
            drafts = _drafts(composed, planned, options, at_once, token, timing, ruled)
            whole = whole._replace(**_counts(drafts))
            note_rules(tx, [(draft.message, draft.state["uid"]) for draft in drafts], ruled)
        batch_id = inserts.put_batch(tx, whole)
        balance = pay(tx, whole, batch_id, origin)
        message_ids = [inserts.put_message(tx, batch_id, draft.message, draft.state) for draft in drafts]
        if alongside is not None:
            alongside(tx, _rows(_messages(tx, batch_id, message_ids, drafts), drafts))
        count_accepted(tx, whole, drafts[0].state, counted)
        written = list(zip(drafts, message_ids, strict=True))
        # A key stands for its row's id in whatever else is written here.
        moves = [draft.submitted._replace(id=cast(int, message_id)) for draft, message_id in written if draft.submitted]
        enter_submitted(tx, whole.account_id, moves, now, listened_to=listened_to)
        # An INSERT as submitted is the usual case: it costs a third of an INSERT and an UPDATE.
        moved = _settle_others(tx, batch_id, message_ids, drafts, token)
        if not whole.in_request or any(entry.move.to == QUEUED for entry in moved or ()):
            tx.after_commit(bell.dispatcher_of(item.gateway for item in planned))
        sent = None if moved is None else sent_later(tx, whole.uid)
        return _Written(batch_id, message_ids, balance, sent, whole, drafts, longest_call(ruled))

    written = write(unit) if tx is None else unit(tx)
    if isinstance(written, _Refused):
        raise Limited(written.by_place)
    if isinstance(written, _TierPassed):
        raise TierPassed
    if tx is not None:
        return Accepted(unruled.uid, token, [], None, written.call_ms)
    batch_id, drafts, call_ms = int(written.batch_id), written.drafts, written.call_ms
    messages = [
        inserts.written(draft.message, batch_id, int(message_id), draft.state)
        for draft, message_id in zip(drafts, written.message_ids, strict=True)
    ]
    outgoing = [message for message in messages if message.gateway in at_once.called]
    if written.balance.row is None:
        return Accepted(unruled.uid, token, outgoing, None, call_ms)
    paid = Paid(inserts.batch_row(written.batch, batch_id), written.balance.row["balance_micros"])
    if outgoing:
        return Accepted(unruled.uid, token, outgoing, None, call_ms, paid)
    if written.sent is not None:
        return Accepted(unruled.uid, token, [], written.sent(), call_ms)
    return Accepted(unruled.uid, token, [], Sent(paid.batch, _rows(messages, drafts), paid.balance_micros), call_ms)


def _messages(tx: Tx, batch_id: int | RowKey, message_ids: Sequence[int | RowKey], drafts: list[_Draft]) -> list[Outgoing]:
    """Those that were just written, where their ids are needed in the transaction."""
    tx.carry_out()
    both = zip(drafts, message_ids, strict=True)
    return [inserts.written(draft.message, int(batch_id), int(message_id), draft.state) for draft, message_id in both]


def _settle_others(
    tx: Tx, batch_id: int | RowKey, message_ids: Sequence[int | RowKey], drafts: list[_Draft], token: str
) -> list[Moved] | None:
    """What is known by its number and was not accepted; None where there is no such message."""
    if not any(draft.outcome and not draft.submitted for draft in drafts):
        return None
    written = zip(drafts, _messages(tx, batch_id, message_ids, drafts), strict=True)
    return settle(tx, [(message, draft.outcome) for draft, message in written if draft.outcome and not draft.submitted], token)


def daily_limits(composed: Composed, origin: Origin) -> list[daily_use.Limit]:
    """Of the account, and of the key by which it is sent; usually none."""
    return daily_use.limits_of(composed.account.limits.daily_micros, origin.daily_limit_micros, origin.api_key_id)


def paying_for(composed: Composed, day: str) -> Paying:
    wallet = composed.wallet
    return Paying(composed.account.id, wallet.currency, int(wallet.is_sandbox), day)


def validity(options: Options, origin: Origin) -> int | None:
    """Seconds for which a send is worth carrying out: as it says itself, or its key."""
    return options.valid_for or origin.valid_for


def _counts(drafts: Sequence[_Draft]) -> dict[str, Any]:
    """The batch's counters of its messages."""
    submitted = sum(draft.submitted is not None for draft in drafts)
    return {"total": len(drafts), "queued": len(drafts) - submitted, "submitted": submitted}


def note_rules(tx: Tx, messages: Iterable[tuple[Outgoing, str]], ruled: Mapping[str, Rule]) -> None:
    """Keep what rules make of messages, given with their public ids."""
    simulated.note(tx, {uid: ruled[message.recipient] for message, uid in messages if message.recipient in ruled})


def longest_call(ruled: Mapping[str, Rule]) -> int:
    """Milliseconds that a call takes by these rules."""
    return max((rule.call_ms for rule in ruled.values()), default=0)


def _drafts(
    composed: Composed,
    planned: list[Outgoing],
    options: Options,
    at_once: AtOnce,
    token: str,
    timing: Timing,
    ruled: Mapping[str, Rule] = NO_RULES,
) -> list[_Draft]:
    settings, now = this_app().config["WESEND"], timing.now
    delay_ms, validity_ms = round(settings.sandbox_delay * 1000), settings.validity_ms
    common = common_of(composed, now)
    waiting: dict[str, Any] = {"status": options.first_status}
    submitting: dict[str, Any] = {"status": SUBMITTING, "claim_token": token, "lease_until": now + LEASE_MS}

    def draft(index: int, message: Outgoing) -> _Draft:
        state = {"uid": message.uid or new_id(), **timing.of(index, message.country), **common}
        if message.gateway not in at_once.known:
            return _Draft(message, state | (submitting if message.gateway in at_once.called else waiting))
        rule = ruled.get(message.recipient)
        outcome = sandbox_numbers.outcome_of(message.recipient, state["uid"], ruled=rule.outcome if rule else None)
        if outcome.kind != ACCEPTED:
            return _Draft(message, state | submitting, outcome)
        first_poll_ms = _first_poll_ms(message.recipient, delay_ms, rule)
        move = outcomes.accepted(message, outcome, token, now, first_poll_ms=first_poll_ms, validity_ms=validity_ms)
        if message.fields is not None and is_over(message._asdict(), move.to):
            message = message._replace(fields=None)  # what is sealed is kept until it has left
        return _Draft(message, {**state, "status": move.to, "claim_token": token, **(move.changes or {})}, outcome, move)

    return [draft(index, message) for index, message in enumerate(planned)]


def _first_poll_ms(recipient: str, usual_ms: int, rule: Rule | None) -> int | None:
    if rule is None:
        return sandbox_numbers.first_poll_ms(recipient, usual_ms)
    told = rule.ruled.delay_ms
    return sandbox_numbers.first_poll_ms(recipient, usual_ms if told is None else told, rule.outcome)


def common_of(composed: Composed, now: int) -> dict[str, Any]:
    """What all messages of a send have in common."""
    account = composed.account
    day = clock.day_of(now, account.time_zone)
    # What is free of charge, or paid with play money, is not sold.
    is_sold = composed.channel == SMS and not composed.wallet.is_sandbox
    return {
        "account_id": account.id,
        "wallet_id": composed.wallet.id,
        "lane": 0,
        "day": day,
        "sold_on": clock.day_of(now, this_app().config["WESEND"].time_zone) if is_sold else None,
        "created_at": now,
    }


def new_batch(composed: Composed, origin: Origin, options: Options, skipped: list[Skipped], now: int) -> NewBatch:
    """A batch as the send says, before its messages are counted."""
    return NewBatch(
        uid=origin.batch_uid or new_id(),
        account_id=composed.account.id,
        wallet_id=composed.wallet.id,
        api_key_id=origin.api_key_id,
        api=origin.api,
        channel=composed.channel,
        mode=options.mode,
        text=composed.text,
        placeholders=composed.placeholders,
        confidential=int(composed.confidential),
        subject=composed.subject,
        sender=composed.sender,
        reference=options.reference,
        group_id=options.group_id,
        skipped=json.dumps(skipped, ensure_ascii=False) if skipped else None,
        currency=composed.wallet.currency,
        drip_rate=options.drip_rate,
        scheduled_at=options.scheduled_at,
        valid_for=validity(options, origin),
        keeps_quiet=int(options.keeps_quiet),
        created_at=now,
        namespace=origin.namespace if composed.wallet.is_sandbox else None,
    )


def pay(tx: Tx, batch: NewBatch, batch_id: int | RowKey, origin: Origin) -> Later:
    """Take the money for a batch and name it in the idempotency claim; the balance after, once it is committed."""
    noun = "message" if batch.total == 1 else "messages"
    description = f"{batch.total} {noun}"
    balance = ledger.debit_with_batch(
        tx, batch.wallet_id, batch.cost_micros, kind="sms_charge", description=description, batch_id=batch_id
    )
    if origin.claim is not None:
        origin.claim.attach(tx, f"batch:{batch.uid}")
    return balance


class Counted:
    """The SMS of a send, for the roll-ups: messages and segments a route, and what is sold."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        self.segments: Counter[str] = Counter()
        self.sold: margins.Sold = {}

    def add(self, planned: Iterable[Outgoing]) -> None:
        for item in planned:
            if item.channel == SMS:
                self.messages[item.route or ""] += 1
                self.segments[item.route or ""] += item.segments
        margins.add_sold(self.sold, planned)


def count_accepted(tx: Tx, batch: NewBatch, state: Mapping[str, Any], counted: Counted) -> None:
    """``state``: what its messages have in common (`common_of`)."""
    for route, count in counted.messages.items():
        key = (batch.account_id, batch.wallet_id, state["day"], route)
        count_day(tx, key, {"total": count, "segments": counted.segments[route]})
    if state["sold_on"] is not None:
        margins.keep_sold(tx, state["sold_on"], batch.account_id, batch.wallet_id, counted.sold)


def _rows(messages: list[Outgoing], drafts: list[_Draft]) -> list[MessageRow]:
    """As they were just written."""
    return [inserts.row_of(message, draft.state) for message, draft in zip(messages, drafts, strict=True)]


def get_batch(uid: str, account_id: int, *, side: Side | None = None, actor: Actor) -> BatchRow:
    """A batch of the account by its public id, of those that ``side`` sees; BatchNotFound."""
    roles.require(actor, SEE, account_id)
    row = query_one(BATCH_OF_ACCOUNT, (uid, account_id))
    if row is None or not reaches(side, row["wallet_id"]):
        raise BatchNotFound
    return row


def get_batch_by_id(batch_id: int) -> BatchRow:
    row = query_one("SELECT * FROM batches WHERE id = ?", (batch_id,))
    if row is None:
        raise BatchNotFound
    return row
