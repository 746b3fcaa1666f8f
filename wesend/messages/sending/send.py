"""Send: the use case behind every dialect's send call: compose → accept → submit → settle."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NoReturn

from ...accounts import quota, roles
from ...accounts.roles import SEE, Actor
from ...coordination import pause
from ...core import money, segments, storage
from ...core.channels import EMAIL, SMS
from ...core.errors import InsufficientBalance, InvalidRecipient, NoRoute, OptedOut, ProviderRejected
from ...core.languages import sentence
from ...database.rows import BatchRow
from ...gateways import request_limits as in_request_waits
from ...guards import where
from ...routing.tiers import TierPassed
from ...wallets.service import balance_of, spendable_of
from ..reporting.sent import MOST, Sent, load_sent
from ..state.outgoing import IN_REQUEST_LIMIT, Outgoing
from . import no_route, slow
from .accept import Alongside, accept
from .bulk import CHUNK_CHARACTERS, Spool, accept_bulk, to_store, weight
from .compose import INVALID_RECIPIENT, NO_ROUTE, OPTED_OUT, Addressee, Composed, Composer, Skipped
from .in_request import AtOnce, reachable, submit
from .options import Options, Origin
from .watching import Limited, Watched, watched


def send(
    composer: Composed,
    addressees: Iterable[Addressee],
    *,
    actor: Actor,
    origin: Origin,
    options: Options = Options(),
    in_request: bool = True,
    alongside: Alongside | None = None,
    raise_rejected: bool = True,
    partly: bool = True,
    limit: int = MOST,
) -> Sent:
    """Send to all addressees; what became of it, with up to ``limit`` of the messages.

    Up to IN_REQUEST_LIMIT recipients are submitted before this returns (``in_request``, and due now), unless dispatch is
    paused. InvalidRecipient or NoRoute when there is nobody to send to; ProviderRejected (``raise_rejected``) when the
    gateway refused every message of the call: all were refunded. Not ``partly``: where the account may not send to one of them,
    for its place or for now, nothing is sent to anybody.
    """
    roles.require_to_send(actor, composer.account)
    composer.namespace = origin.namespace
    listed = composer if isinstance(composer, Composer) else None  # by whose price list it may be paid
    if listed is not None:
        listed.tariff.expect()
    planned: list[Outgoing] = []
    skipped: list[Skipped] = []
    characters = 0
    limited = watched(composer)
    plan = composer.plan(addressees if limited is None else limited.listen(addressees))
    for position, item in enumerate(plan):
        if isinstance(item, Skipped):
            skipped.append(item)
            continue
        planned.append(item)
        if limited is not None:
            limited.positions.append(position)
        characters += weight(item)
        if len(planned) > IN_REQUEST_LIMIT or characters > CHUNK_CHARACTERS:
            assert alongside is None, "what is written in chunks has no one transaction"
            planned = planned if listed is None else listed.priced_anew(planned)
            rest = chain(skipped, planned, plan) if limited is None else limited.admit(skipped, planned, plan)
            batch = _spooled(composer, rest, origin, options, limited, partly=partly)
            return load_sent(batch["uid"], limit=limit)
    if not planned:
        refuse_if_poor(composer, skipped)
        no_route.note([item.recipient for item in skipped if item.reason == NO_ROUTE], composer.account, composer.wallet)
        raise_nobody(skipped, composer)
    if not partly:
        _raise_refused(skipped, composer, limited)
    if composer.channel == EMAIL:
        quota.require_room(composer.account.id, len(composer.text) + to_store(planned))
        if len(planned) > 1:
            storage.here().require_room()
    waits = in_request and options.mode == "now" and pause.current() is None
    while True:
        at_once = reachable({item.gateway for item in planned}) if waits else AtOnce()
        with in_request_waits.waiting_for(set(at_once.called)) as called:
            try:
                accepted = accept(
                    composer,
                    planned,
                    skipped,
                    origin=origin,
                    options=options,
                    at_once=at_once._replace(called=frozenset(called)),
                    alongside=alongside,
                    watch=limited.watch if limited is not None else None,
                    tier=listed.tariff.tier if listed is not None else None,
                )
            except TierPassed:
                assert listed is not None
                planned = listed.priced_anew(planned)
                continue
            except Limited as refusals:
                assert limited is not None
                planned, refused = limited.part(planned, refusals.refused)
            else:
                told = submit(accepted.outgoing, accepted.token, accepted.batch_uid, accepted.paid)
                break
        if not partly:
            _raise_refused(refused, composer, limited)
        skipped = sorted([*skipped, *refused], key=lambda item: item.position)
        if not planned:
            raise_nobody(skipped, composer, limited)
    if accepted.call_ms:
        slow.take_time(accepted.call_ms)
    return _told(accepted.sent or told or load_sent(accepted.batch_uid, limit=limit), raise_rejected)


def send_bulk(
    composer: Composed, addressees: Iterable[Addressee], *, actor: Actor, origin: Origin, options: Options, dedupe: bool = True
) -> BatchRow:
    """Send as a bulk, however few: through the queue, to be paused, resumed and cancelled as a whole; the batch."""
    roles.require_to_send(actor, composer.account)
    options = options._replace(keeps_quiet=composer.channel == SMS)  # a mail wakes nobody
    composer.namespace = origin.namespace
    return _spooled(composer, composer.plan(addressees, dedupe=dedupe), origin, options)


def sent_before(batch_uid: str, *, actor: Actor, raise_rejected: bool = True, limit: int = MOST) -> Sent:
    """What became of a send that was paid for and not answered, as `send` tells it."""
    sent = load_sent(batch_uid, limit=limit)
    roles.require(actor, SEE, sent.batch["account_id"])
    return _told(sent, raise_rejected)


def _spooled(
    composer: Composed,
    plan: Iterable[Outgoing | Skipped],
    origin: Origin,
    options: Options,
    limited: Watched | None = None,
    *,
    partly: bool = True,
) -> BatchRow:
    storage.here().require_room()
    try:
        with Spool() as spool:
            spool.fill(plan)
            if not spool.count:
                routeless = [item.recipient for item in spool.skipped if item.reason == NO_ROUTE]
                no_route.note(routeless, composer.account, composer.wallet)
                raise_nobody(spool.skipped, composer, limited)
            if not partly:
                _raise_refused(spool.skipped, composer, limited)
            return accept_bulk(composer, spool, origin=origin, options=options)
    except BaseException:
        if limited is not None:
            limited.withdraw()
        raise


def refuse_if_poor(composer: Composed, skipped: list[Skipped]) -> None:
    """A wallet of credits pays the same by every route: too few of them is said before that there is none."""
    unrouted = sum(item.reason == NO_ROUTE for item in skipped)
    if composer.channel != SMS or not composer.wallet.holds_credits or not unrouted:
        return
    required = segments.count(composer.text).count * unrouted * money.MICRO
    if spendable_of(composer.wallet) < required:
        raise InsufficientBalance(
            wallet_id=composer.wallet.uid,
            balance_micros=balance_of(composer.wallet),
            required_micros=required,
            currency=composer.wallet.currency,
        )


def raise_nobody(skipped: list[Skipped], composer: Composed, limited: Watched | None = None) -> NoReturn:
    """The error that tells why nobody was left to send to."""
    reasons = {item.reason for item in skipped}
    if NO_ROUTE in reasons:
        raise NoRoute(composer.why_no_route)
    _raise_refused(skipped, composer, limited)
    if INVALID_RECIPIENT in reasons and len(reasons) == 1:
        noun, article = (sentence("phone number"), "a") if composer.channel == SMS else (sentence("e-mail address"), "an")
        raise InvalidRecipient(sentence("No recipient is a valid %(noun)s", noun=noun), {"recipient": [f"Not {article} {noun}"]})
    if reasons == {OPTED_OUT}:
        raise OptedOut("The recipient has opted out", {"recipient": ["Opted out"]})
    raise InvalidRecipient("There is no recipient to send to", {"recipient": ["No recipient"]})


def _raise_refused(skipped: list[Skipped], composer: Composed, limited: Watched | None) -> None:
    """The error of a recipient to whom the account may not send: for its place, or for now."""
    where.raise_refusal([(item.recipient, item.reason) for item in skipped], composer.account)
    if limited is not None and limited.worst is not None:
        raise limited.worst.error


def _told(sent: Sent, raise_rejected: bool) -> Sent:
    """Only where the call waits for the gateway: what the queue has refused by the time of the answer was accepted."""
    if (
        raise_rejected
        and sent.batch["in_request"]
        and all(message["status"] == "failed" and message["refunded_micros"] == message["cost_micros"] for message in sent.messages)
    ):
        raise ProviderRejected(
            refunded_micros=sum(message["refunded_micros"] for message in sent.messages),
            currency=sent.batch["currency"],
            reason=sent.messages[0]["error_message"],
        )
    return sent
