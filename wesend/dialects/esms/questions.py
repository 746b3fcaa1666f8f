"""`/messages/rate`, `/messages/validate`, `/messages/status`: what is free to ask of numbers, prices and messages."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...core import clock, countries, money
from ...core.phone_details import MOBILE, Details, details_of
from ...database.rows import MessageRow
from ...messages.reporting import disclosure, history
from ...messages.sending.compose import Composer, read_recipients
from ...messages.sending.rate import Rated, rate
from ...messages.state.statuses import DELIVERED
from ..body import json_object, query_arguments
from ..dialect import account, actor, key_wallet, load, side
from . import schemas
from .words import ENCODINGS, MESSAGE, REASONS, entry

blueprint = Blueprint("questions", __name__, url_prefix="/messages")


@blueprint.post("/rate")
def rate_message() -> ResponseReturnValue:
    data = load(schemas.RATE, json_object())
    wallet = key_wallet()
    composer = Composer(account(), wallet, data["text"], route_code=data["route"] or None, simulate_low_balance=False)
    rated = rate(composer, read_recipients(data["to"].texts, None), actor=actor())
    assert composer.plain is not None  # no field is filled in
    return {
        "encoding": ENCODINGS[composer.plain.encoding],
        "segments": composer.plain.count,
        "total_cost": money.number(sum(found.planned.cost_micros for found in rated if found.planned)),
        "currency": wallet.currency,
        "recipients": [_rated(found, wallet.currency) for found in rated],
    }


def _rated(found: Rated, currency: str) -> dict:
    phone, planned = found.addressee.phone, found.planned
    # Where a credit goes by no route, its price is what it costs: as a send shows it.
    route_cost = (planned.cost_micros if planned.route_cost_micros is None else planned.route_cost_micros) if planned else 0
    return {
        "to": found.addressee.given,
        "phone": phone.e164 if phone else None,
        "country_code": phone.country if phone else None,
        "route": planned.route if planned else None,
        "route_cost": money.number(route_cost),
        "route_currency": planned.route_currency if planned else None,
        "cost": money.number(planned.cost_micros if planned else 0),
        "currency": currency,
        "error": None if found.reason is None else REASONS.get(found.reason, found.reason),
    }


@blueprint.post("/validate")
def validate_phones() -> ResponseReturnValue:
    asked = load(schemas.VALIDATE, json_object())["phone"]
    results = [_validated(details_of(text, account().country)) for text in asked.texts]
    if not asked.is_list:
        return results[0]
    valid = sum(result["valid"] for result in results)
    return {
        "count": len(results),
        "valid": valid,
        "invalid": len(results) - valid,
        "mobile": sum(result["line_type"] == MOBILE for result in results),
        "results": results,
    }


def _validated(found: Details) -> dict:
    phone = found.phone
    return {
        "phone": found.given,
        "valid": phone is not None,
        "e164": phone.e164 if phone else None,
        "country_code": phone.country if phone else None,
        "country_name": countries.name(phone.country) if phone else None,
        "line_type": found.line_type,
        "carrier": found.carrier,
        "reason": found.reason,
    }


@blueprint.get("/status")
def show_statuses() -> ResponseReturnValue:
    asked: list[str] = load(schemas.STATUSES, query_arguments())["ids"]
    uids = [name.removeprefix(MESSAGE) for name in asked if name.startswith(MESSAGE)]
    found = {MESSAGE + row["uid"]: row for row in history.find_all(account().id, uids, side=side(), actor=actor())}
    return {
        "messages": [_status(found[name]) for name in asked if name in found],
        "not_found": [name for name in asked if name not in found],
    }


def _status(message: MessageRow) -> dict:
    # What a gateway says of a delivery is told in the timeline: it is no error.
    trouble = None if message["status"] == DELIVERED else disclosure.sentence(message["error_message"])
    return {**entry(message), "error_message": trouble, "failed_at": clock.iso(message["failed_at"])}
