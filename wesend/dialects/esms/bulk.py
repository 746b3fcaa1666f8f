"""`/messages/bulk-precheck`, `/messages/send-bulk` and batches."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...core import clock, countries, money, templating
from ...core.errors import BatchNotFound, CountryNotAllowed, InvalidRecipient, NoRoute, NotCancellable, OptedOut, RecipientBlocked
from ...database import Row
from ...database.rows import BatchRow
from ...messages.reporting import history
from ...messages.sending import actions, precheck, send
from ...messages.sending.accept import get_batch
from ...messages.sending.compose import Composer
from ...two_way import replies
from ...verification.reading import sent_by
from ..body import json_object, query_arguments
from ..dialect import account, actor, key_wallet, load, origin, require_no_fields, side
from . import schemas
from .audience import read_audience
from .messages import answer_single
from .schedule import BULK, read_options
from .two_way import answer_reply
from .verify import answer_sent
from .words import BATCH, entry

blueprint = Blueprint("bulk", __name__, url_prefix="/messages")


def _composer(data: dict, *, simulate_low_balance: bool) -> Composer:
    render = templating.renderer(data["text"])
    return Composer(
        account(),
        key_wallet(),
        data["text"],
        sender=data["sender_id"],
        route_code=data["route"] or None,
        render=render,
        simulate_low_balance=simulate_low_balance,
    )


@blueprint.post("/bulk-precheck")
def check_bulk() -> ResponseReturnValue:
    data = load(schemas.PRECHECK, json_object())
    composer = _composer(data, simulate_low_balance=False)
    audience = read_audience(data, personal=composer.render is not None)
    found = precheck.precheck(composer, audience, actor=actor(), dedupe=False)
    return {
        "total_contacts": found.contacts,
        "total_segments": found.segments,
        "total_cost": money.number(found.cost_micros),
        "wallet_currency": composer.wallet.currency,
        "wallet_balance": money.number(found.balance_micros),
        "balance_after": money.number(found.balance_micros - found.cost_micros),
        "sufficient_balance": found.spendable_micros >= found.cost_micros,
        "countries": len({part.country for part in found.parts}),
        "breakdown": [_part(part) for part in found.parts],
        "unroutable_count": found.unroutable_count,
        "unroutable": found.unroutable,
    }


def _part(part: precheck.CountryPart) -> dict:
    return {
        "country_code": part.country,
        "country_name": countries.name(part.country),
        "currency": part.currency,
        "route_code": part.route,
        "contacts": part.contacts,
        "segments": part.segments,
        "route_cost": money.number(part.route_cost_micros),
        "wallet_cost": money.number(part.wallet_cost_micros),
        "price_per_segment": None if part.price_micros is None else money.number(part.price_micros),
    }


@blueprint.post("/send-bulk")
def send_bulk() -> ResponseReturnValue:
    data = load(schemas.SEND_BULK, json_object())
    options = read_options(data, BULK)
    composer = _composer(data, simulate_low_balance=True)
    audience = read_audience(data, personal=composer.render is not None)
    try:
        batch = send.send_bulk(composer, audience, actor=actor(), origin=origin(), options=options, dedupe=False)
    except OptedOut:
        raise
    except (InvalidRecipient, CountryNotAllowed, RecipientBlocked) as error:
        raise NoRoute("No recipient can be reached") from error  # this API's word for a bulk of which nothing can be routed
    return _answer_bulk(batch)


def _answer_bulk(batch: Row) -> dict:
    return {
        "batch_id": BATCH + batch["uid"],
        "total_recipients": batch["total"],
        "estimated_cost": money.number(batch["cost_micros"]),
        "status": {"now": "sending", "scheduled": "scheduled", "drip": "dripping"}[batch["mode"]],
    }


def answer_batch(uid: str) -> dict:
    """The answer to a request that paid and died, from what is stored of it."""
    verification = sent_by(account().id, uid, actor=actor())
    if verification is not None:
        return answer_sent(verification)
    sent = send.sent_before(uid, actor=actor(), raise_rejected=False, limit=1)
    if replies.is_reply(sent):
        return answer_reply(sent)
    return answer_single(sent) if sent.batch["lane"] == 0 else _answer_bulk(sent.batch)


def _find(batch_id: str) -> BatchRow:
    if not batch_id.startswith(BATCH):
        raise BatchNotFound
    return get_batch(batch_id.removeprefix(BATCH), account().id, side=side(), actor=actor())


@blueprint.get("/batch/<batch_id>")
def show_batch(batch_id: str) -> ResponseReturnValue:
    data = load(schemas.BATCH_PAGE, query_arguments())
    batch = _find(batch_id)
    rows = history.page_of_batch(batch, limit=data["limit"], offset=data["page"] * data["limit"], actor=actor())
    return {
        "batch_id": BATCH + batch["uid"],
        "status": _status(batch),
        "total": batch["total"],
        "queued": batch["queued"],
        "submitted": batch["submitted"],
        "delivered": batch["delivered"],
        "failed": batch["failed"],
        "cancelled": batch["cancelled"],
        "cost": money.number(batch["cost_micros"] - batch["refunded_micros"]),
        "currency": batch["currency"],
        "created_at": clock.iso(batch["created_at"]),
        "finished_at": clock.iso(batch["finished_at"]),
        "messages": [entry(row) for row in rows],
        "page": data["page"],
        "limit": data["limit"],
    }


def _status(batch: BatchRow) -> str:
    state = batch["state"]
    if state in ("finished", "refused"):
        return "finished"
    if state in ("paused", "cancelled"):
        return state
    waiting = {"scheduled": "scheduled", "drip": "dripping"}.get(batch["mode"])
    if waiting and history.holds(batch, waiting, actor=actor()):
        return waiting
    return "sending"


@blueprint.post("/batch/<batch_id>/cancel")
def cancel_batch(batch_id: str) -> ResponseReturnValue:
    require_no_fields()
    batch = _find(batch_id)
    if batch["mode"] == "now":
        raise NotCancellable
    done = actions.cancel_batch(account(), batch["uid"], side=side(), actor=actor())
    return {
        "batch_id": BATCH + batch["uid"],
        "status": "cancelled",
        "cancelled": done.count,
        "refunded": money.number(done.refunded_micros),
    }
