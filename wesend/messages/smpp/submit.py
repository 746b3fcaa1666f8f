"""Submit: messages of SMPP clients, each paid and on disk when this returns; several share one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import Actor
from ...coordination import pause
from ...core import sms_forms
from ...core.errors import DatabaseUnavailable, WesendError
from ...core.ids import new_id
from ...database import Row, Tx, write
from ...gateways import registry
from ..sending import no_route
from ..sending.accept import Alongside, accept
from ..sending.compose import NO_ROUTE, Addressee, Composed, Composer, Skipped
from ..sending.in_request import AtOnce
from ..sending.options import Options, Origin
from ..sending.send import raise_nobody, refuse_if_poor
from ..sending.watching import Limited, Watched, watched
from ..state.outgoing import Outgoing


class Asked(NamedTuple):
    """What is given back in receipts: addresses as they came, the client's own reference, how the text begins.

    ``registered``: see `receipts.is_asked_for`.
    """

    registered: int
    source: bytes
    destination: bytes
    reference: bytes | None
    beginning: str


class Order(NamedTuple):
    """One message to one phone. ``alongside``: what else is written with it."""

    composed: Composed
    to: Addressee
    asked: Asked
    origin: Origin
    options: Options
    actor: Actor
    alongside: Alongside | None = None


MayBegin = Callable[[], bool]


def always() -> bool:
    return True


class Planned(NamedTuple):
    """An order that may be accepted. ``at_once``: what is known of its outcome, so that it need not wait in the queue;
    ``limited``: what its account's limits on recent sends are told by; ``may_begin``: asked in the transaction, for nobody
    may wait for it any more.
    """

    order: Order
    outgoing: Outgoing
    at_once: AtOnce
    limited: Watched | None
    may_begin: MayBegin = always


class Taken(NamedTuple):
    """The message's public id; ``call_ms``: how long the answer is to take, where a test has said so."""

    uid: str
    call_ms: int = 0


Result = Taken | Exception
"""Of a message that was accepted, or why there is none."""


def plan(order: Order) -> Planned:
    """The message of an order; the error of whatever refuses it."""
    composed = order.composed
    roles.require_to_send(order.actor, composed.account)
    composed.namespace = order.origin.namespace
    limited = watched(composed)
    if isinstance(composed, Composer):
        composed.tariff.expect()
    (found,) = composed.plan([order.to] if limited is None else limited.listen([order.to]))
    if isinstance(found, Skipped):
        refuse_if_poor(composed, [found])
        if found.reason == NO_ROUTE and _needs_a_route(composed):
            no_route.note([found.recipient], composed.account, composed.wallet)
        raise_nobody([found], composed)
    outgoing = found._replace(uid=found.uid or new_id(), tells_smpp=int(order.asked.registered != 0))
    if limited is not None:
        limited.positions.append(0)
    return Planned(order, outgoing, _known_at_once(order.options, outgoing), limited)


def _needs_a_route(composed: Composed) -> bool:
    """Not from a number, which has its gateway; nor bytes: most routes carry none, which is nothing for the operator to mend."""
    return isinstance(composed, Composer) and sms_forms.read_bytes(composed.form) is None


def submit_all(planned: Sequence[Planned]) -> list[Result]:
    """Pay and write all of them in one transaction, or, where one is refused, each in its own."""
    if not planned:
        return []
    try:
        return list(write(lambda tx: [_accept(tx, one) for one in planned]))
    except Exception as error:
        if len(planned) == 1:
            return [refusal(planned[0], error)]
    return [_submit_alone(one) for one in planned]


def _submit_alone(planned: Planned) -> Result:
    try:
        return write(lambda tx: _accept(tx, planned))
    except Exception as error:
        return refusal(planned, error)


def refusal(planned: Planned, error: Exception) -> Exception:
    """Why a message was not accepted, once that is certain: a transaction may be tried more than once."""
    limited = planned.limited
    if not isinstance(error, Limited) or limited is None:
        return error
    _, refused = limited.part([planned.outgoing], error.refused)
    try:
        raise_nobody(refused, planned.order.composed, limited)
    except WesendError as told:
        return told


def _accept(tx: Tx, planned: Planned) -> Taken:
    order = planned.order

    def note(tx: Tx, rows: Sequence[Row]) -> None:
        if order.asked.registered:
            write_down(tx, rows[0], order)
        if order.alongside is not None:
            order.alongside(tx, rows)

    return Taken(planned.outgoing.uid, accept_in(tx, planned, note))


def accept_in(tx: Tx, planned: Planned, alongside: Alongside) -> int:
    """Pay for the message and write it, in the caller's transaction; Limited, or the error of whatever refuses it.

    How many milliseconds the call is to take, where a rule of the sandbox says so.
    """
    order, limited = planned.order, planned.limited
    if not planned.may_begin():
        raise DatabaseUnavailable("the client was told that it took too long")
    composed, outgoing = order.composed, [planned.outgoing]
    return accept(
        composed,
        # Always from the count that this transaction sees: it may be carried out twice, and the first time is undone.
        composed.priced_anew(outgoing) if isinstance(composed, Composer) else outgoing,
        [],
        origin=order.origin,
        options=order.options,
        at_once=planned.at_once,
        alongside=alongside,
        watch=limited.watch if limited is not None else None,
        tx=tx,
    ).call_ms


def _known_at_once(options: Options, outgoing: Outgoing) -> AtOnce:
    """No gateway is called before the client is answered; what the sandbox does is known without calling anybody."""
    gateway = registry.sms_gateways().get(outgoing.gateway)
    if options.mode != "now" or gateway is None or not gateway.known_by_number or pause.current() is not None:
        return AtOnce()
    return AtOnce(known=frozenset((outgoing.gateway,)))


def write_down(tx: Tx, message: Row, order: Order) -> None:
    """What its receipts will need."""
    assert order.origin.api_key_id is not None
    tx.insert(
        "smpp_submissions",
        uid=message["uid"],
        account_id=message["account_id"],
        api_key_id=order.origin.api_key_id,
        message_id=message["id"],
        registered=order.asked.registered,
        source=order.asked.source,
        destination=order.asked.destination,
        reference=order.asked.reference,
        beginning=order.asked.beginning,
        created_at=message["created_at"],
    )
