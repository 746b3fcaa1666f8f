"""Settle: what a gateway answered → statuses, timeline, refunds, retries and fail-over, in one transaction."""

from __future__ import annotations

from ...adapters.sms.base import ACCEPTED, NO_RECEIPT, REFUSED, TEMPORARY, Outcome, SmsGateway
from ...core import clock
from ...core.channels import SMS
from ...core.current_app import this_app
from ...core.languages import marked
from ...core.sms_forms import read_bytes
from ...database import Tx, reading
from ...gateways import breaker, registry
from ...routing.order import in_order
from ...routing.routes import candidates
from ..receipts import measures, multipart
from ..reporting.disclosure import FAILOVER
from ..state import margins, outcomes
from ..state.outgoing import Outgoing
from ..state.statuses import DELIVERED, FAILED, QUEUED, SUBMITTED, UNKNOWN
from ..state.transitions import Move, Moved, failed_carriers, move, was_rerouted

REASONABLE = 500  # characters kept of a vendor's text
KEEP_REF = """
    UPDATE messages SET gateway_ref = coalesce(gateway_ref, ?), submitted_at = coalesce(submitted_at, ?)
    WHERE id = ? AND claim_token = ?
"""
STILL_THERE = "SELECT * FROM messages WHERE id = ? AND claim_token = ? AND gateway = ?"
NOT_BEGUN = "not_begun"
"""An outcome of ours: the gateway was not called, for there was no room; the message waits for its turn again."""


def settle(tx: Tx, results: list[tuple[Outgoing, Outcome]], token: str, *, called: bool = True) -> list[Moved]:
    """Record what became of submitted messages, as far as ``token`` still holds them; what moved, and how.

    ``called``: the gateway was, so its breaker hears of it.
    """
    now = clock.now_ms()
    gateways = {name: registry.gateway(name, tx) for name in {outgoing.gateway for outgoing, _ in results}}
    if called and results:
        _note_health(tx, gateways[results[0][0].gateway], [outcome for _, outcome in results])
        measures.submissions(tx, gateways[results[0][0].gateway], [pair for pair in results if pair[1].kind != NOT_BEGUN], now)
    moves = [plan_move(outgoing, outcome, token, now, gateways[outgoing.gateway], tx) for outgoing, outcome in results]
    moved = move(tx, moves, now)
    at_once = [
        Move(
            entry.move.id,
            DELIVERED,
            "delivered",
            marked("The mail server took it"),
            None,
            {"delivered_at": now, "poll_at": None, "expires_at": None},
        )
        for entry in moved
        if entry.move.to == SUBMITTED and _delivers_at_once(gateways.get(entry.before["gateway"]))
    ]
    delivered = move(tx, at_once, now)
    multipart.note_parts(tx, results)
    if len(moved) < len(moves):
        _record_late(tx, results, {entry.move.id for entry in moved}, token)
    return [*moved, *delivered]


def _note_health(tx: Tx, gateway: SmsGateway | None, outcomes: list[Outcome]) -> None:
    if gateway is not None and not gateway.in_process and any(outcome.kind != NOT_BEGUN for outcome in outcomes):
        breaker.note_call(tx, gateway.name, outcomes)


def _delivers_at_once(gateway: SmsGateway | None) -> bool:
    return gateway is not None and gateway.delivers_at_once


def plan_move(outgoing: Outgoing, outcome: Outcome, token: str, now: int, gateway: SmsGateway | None, tx: Tx | None = None) -> Move:
    """The move that an outcome of ``gateway`` (None: it is gone) asks for."""
    attempts = outgoing.attempts + 1
    settings = this_app().config["WESEND"]
    meta = outcomes.meta_of(outgoing, outcome)
    if outcome.kind == ACCEPTED:
        return outcomes.accepted(
            outgoing,
            outcome,
            token,
            now,
            first_poll_ms=_first_poll_ms(outgoing, outcome, gateway),
            validity_ms=settings.validity_ms if gateway is None or gateway.sends_receipts else None,
        )
    if outcome.kind == NOT_BEGUN:
        return Move(
            outgoing.id,
            QUEUED,
            "waiting",
            outcome.text or marked("Waits for its turn"),
            meta,
            {"claim_token": None, "lease_until": None, "due_at": now},
            token,
        )
    if outcome.kind == REFUSED:
        return _fail(outgoing, outcome, attempts, token, now, "rejected", tx)
    if outcome.kind == TEMPORARY:
        own = gateway.retry_delays if gateway is not None else None
        delays = settings.retry_delays if own is None else own
        return _again(outgoing, outcome, attempts, token, now, delays, tx)
    return Move(
        outgoing.id,
        UNKNOWN,
        "unknown",
        _text(outcome) or marked("The gateway gave no clear answer"),
        meta,
        {
            "submitted_at": now,
            "attempts": attempts,
            "expires_at": now + settings.validity_ms,
            "lease_until": None,
            "gateway_ref": outcome.gateway_ref,
            "poll_at": first_question(gateway, now),
        },
        token,
    )


def _first_poll_ms(outgoing: Outgoing, outcome: Outcome, gateway: SmsGateway | None) -> int | None:
    if outcome.receipt_ms is not None:
        return None if outcome.receipt_ms == NO_RECEIPT else outcome.receipt_ms
    return gateway.first_poll_ms(outgoing.recipient) if gateway else None


def first_question(gateway: SmsGateway | None, now: int) -> int | None:
    """When a gateway is first asked about a message of unknown outcome; None when it can't be asked."""
    return now + 1000 if gateway is not None and gateway.can_poll else None


def _again(
    outgoing: Outgoing, outcome: Outcome, attempts: int, token: str, now: int, delays: tuple[float, ...], tx: Tx | None
) -> Move:
    """A temporary refusal: the next route at once, else the first again after a while, else failed and refunded."""
    names = _gateways(outgoing, tx)
    following = _next(names, outgoing.gateway, tx)
    changes = {
        "attempts": attempts,
        "claim_token": None,
        "lease_until": None,
        "error_code": outcome.code or "temporary",
        "error_message": _text(outcome),
    }
    if following is not None:
        return Move(
            outgoing.id,
            QUEUED,
            "failover",
            FAILOVER,
            {"gateway": outgoing.gateway, "next": following},
            {**changes, "gateway": following, "due_at": now},
            token,
        )
    if outgoing.backoffs < len(delays):
        delay = delays[outgoing.backoffs]
        first = names[0] if names else outgoing.gateway
        return Move(
            outgoing.id,
            QUEUED,
            "retrying",
            f"{_text(outcome) or 'Temporary failure'}; tried again in {delay:g} s",
            {"gateway": outgoing.gateway},
            {**changes, "gateway": first, "due_at": now + round(delay * 1000), "backoffs": outgoing.backoffs + 1},
            token,
        )
    return _fail(outgoing, outcome, attempts, token, now, "temporary", tx)


def _gateways(outgoing: Outgoing, tx: Tx | None) -> list[str]:
    """The gateways that may carry a message, in order. The sandbox never hands over, and nothing is handed to it, nor to a
    carrier that had the message and could not deliver it."""
    if outgoing.gateway == registry.SANDBOX or outgoing.channel != SMS or outgoing.country is None:
        return [outgoing.gateway]
    if reading(tx).one("SELECT 1 FROM replies WHERE message_id = ?", (outgoing.id,)) is not None:
        return [outgoing.gateway]  # its sender is a number of this gateway alone
    is_text = read_bytes(outgoing.form) is None
    known = {
        name
        for name, gateway in registry.sms_gateways(tx).items()
        if name != registry.SANDBOX and (is_text or gateway.carries_bytes)
    }
    known -= failed_carriers(outgoing.id, tx)
    routes = in_order(candidates(outgoing.country, outgoing.recipient, tx=tx), outgoing.recipient, outgoing.uid, tx)
    return list(dict.fromkeys(route.gateway for route in routes if route.gateway and route.gateway in known))


def next_gateway(outgoing: Outgoing) -> str | None:
    """The next one in order that does not rest; when the gateway itself is gone, the first."""
    return _next(_gateways(outgoing, None), outgoing.gateway, None)


def _next(names: list[str], present: str, tx: Tx | None) -> str | None:
    position = names.index(present) + 1 if present in names else 0
    resting = breaker.resting(tx)
    return next((name for name in names[position:] if name not in resting and name != present), None)


def _fail(outgoing: Outgoing, outcome: Outcome, attempts: int, token: str, now: int, code: str, tx: Tx | None) -> Move:
    """Refunded, unless a carrier had it before: what went out once stays paid."""
    return Move(
        outgoing.id,
        FAILED,
        "failed",
        _text(outcome) or marked("The gateway refused the message"),
        {"gateway": outgoing.gateway, **({"code": outcome.code} if outcome.code else {})},
        {
            "attempts": attempts,
            "error_code": outcome.code or code,
            "error_message": _text(outcome),
            "failed_at": now,
            "lease_until": None,
            "poll_at": None,
        },
        token,
        refund=not (outgoing.id and was_rerouted(outgoing.id, tx)),
        untaken=True,
    )


def _text(outcome: Outcome) -> str | None:
    return outcome.text[:REASONABLE] if outcome.text else None


def _record_late(tx: Tx, results: list[tuple[Outgoing, Outcome]], settled: set[int], token: str) -> None:
    """A receipt was quicker than we: the status stands, but the gateway's id is still worth keeping."""
    for outgoing, outcome in results:
        if outgoing.id not in settled and outcome.kind == ACCEPTED:
            tx.execute(KEEP_REF, (outcome.gateway_ref, clock.now_ms(), outgoing.id, token))
            told = outcomes.told_cost(outcome, outgoing.carrier_currency)
            row = tx.one(STILL_THERE, (outgoing.id, token, outgoing.gateway)) if told else None
            if told and row is not None:
                margins.put_right(tx, row, *told)
