"""`/two-way`: numbers that people write to, what they wrote, replies."""

from __future__ import annotations

import json

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from ...core import clock, countries, money, phones
from ...core.errors import InvalidRecipient
from ...database.rows import TwoWayServiceRow
from ...messages.reporting.sent import Sent
from ...two_way import addresses, inbox, numbers, prices, replies, services
from ...two_way.errors import InvalidDocument
from ...two_way.inbox import Exchanged
from ...two_way.prices import CountryPrice
from ...webhooks.formats import Event, Received, Service
from ..body import json_object, query_arguments
from ..dialect import account, actor, key_wallet, load, origin, require_no_fields, side
from ..fields import row_id
from . import schemas
from .webhook import INBOUND, received
from .words import MESSAGE, word_of

blueprint = Blueprint("two_way", __name__, url_prefix="/two-way")
API = "esms"
CACHED = {"Cache-Control": "public, max-age=300"}
KYC = "Business registration, tax registration, an ID of a director and a letter of authorisation, as the operator asks for them"
MONTH_MS = 30 * clock.DAY


@blueprint.get("/pricing")
def show_two_way_pricing() -> ResponseReturnValue:
    return {"currency": prices.USD, "countries": [_country(found) for found in prices.all_countries()]}, 200, CACHED


@blueprint.get("/countries")
def list_countries() -> ResponseReturnValue:
    found = []
    for country in prices.all_countries():
        stock = numbers.in_stock(country.country, side())
        found.append(
            {
                **_country(country),
                "kyc_requirements": KYC,
                "notes": None,
                "shared_number_available": numbers.SHARED in stock,
                "dedicated_number_available": numbers.DEDICATED in stock,
            }
        )
    return {"countries": found}


def _usd(micros: int | None) -> int | float | None:
    return None if micros is None else money.number(micros)


def _country(found: CountryPrice) -> dict:
    return {
        "country_code": found.country,
        "country_name": countries.name(found.country),
        "setup_fee_usd": _usd(found.setup_fee),
        "monthly_fee_usd": _usd(found.monthly_fee),
        "shared_keyword_monthly_fee_usd": _usd(found.keyword_fee),
        "sms_basic_price_usd": _usd(found.basic),
        "networks": list(found.networks),
        "price_source": found.source,
        "inbound_price_usd": _usd(found.inbound),
        "outbound_price_usd": _usd(found.outbound),
        "toll_free_available": found.toll_free is not None,
        "toll_free_inbound_price_usd": _usd(found.toll_free),
        "is_available": found.is_available,
    }


@blueprint.get("/services")
def list_services() -> ResponseReturnValue:
    return {"services": [_shown(row) for row in services.list_services(account().id, side=side(), actor=actor())]}


@blueprint.post("/services")
def request_service() -> ResponseReturnValue:
    data = load(schemas.TWO_WAY_REQUEST, json_object())
    if data["kyc_document_ids"]:
        raise InvalidDocument
    wanted = services.Request(
        data["country_code"],
        data["type"],
        data["keyword"],
        data["use_case"],
        data["company_name"],
        API,
        data["toll_free"],
        tuple(data["kyc_document_urls"] or ()),
        data["webhook_url"] or None,
    )
    return _shown(services.request(account(), key_wallet(), wanted, actor=actor())), 201


def _find(service_id: str) -> TwoWayServiceRow:
    return services.find(row_id(service_id), account().id, side=side(), actor=actor())


@blueprint.get("/services/<service_id>")
def show_service(service_id: str) -> ResponseReturnValue:
    return _shown(_find(service_id))


@blueprint.patch("/services/<service_id>")
def update_service(service_id: str) -> ResponseReturnValue:
    service = _find(service_id)
    data = load(schemas.TWO_WAY_CHANGES, json_object())
    return _shown(services.update(service, data, api=API, actor=actor()))


@blueprint.post("/services/<service_id>/cancel")
def cancel_service(service_id: str) -> ResponseReturnValue:
    require_no_fields()
    return _shown(services.cancel(_find(service_id), actor=actor()))


@blueprint.post("/services/<service_id>/test-webhook")
def test_webhook(service_id: str) -> ResponseReturnValue:
    require_no_fields()
    service = _find(service_id)
    allow_private = current_app.config["WESEND"].allow_private_urls
    tried = addresses.try_out(service, API, _sample(service), allow_private=allow_private, actor=actor())
    answer = {"ok": tried.is_received, "status": tried.status, "url": tried.url}
    return answer if tried.error is None else {**answer, "error": tried.error}


def _sample(service: TwoWayServiceRow) -> Event:
    number = numbers.of_id(None, service["number_id"])
    told = number["number"] if number is not None else "00000"
    message = Received(
        "00000000-0000-0000-0000-000000000000",
        service["account_id"],
        None,
        account().time_zone,
        phones.example_number(service["country"]),
        told,
        f"{service['keyword']} test" if service["keyword"] else "test",
        service["keyword"],
        False,
        clock.now_ms(),
        Service(service["id"], told, service["keyword"], service["type"], service["toll_free"] == 1),
    )
    return Event(INBOUND, "test", {**received(message), "test": True})


@blueprint.get("/services/<service_id>/messages")
def list_service_messages(service_id: str) -> ResponseReturnValue:
    service = _find(service_id)
    data = load(schemas.TWO_WAY_MESSAGES, query_arguments())
    phone = phones.normalise(data["phone"], service["country"]) if data["phone"] else None
    if data["phone"] and phone is None:
        raise InvalidRecipient("The phone cannot be parsed", {"phone": ["Not a phone number"]})
    found, total = inbox.of_service(
        service["account_id"], service["id"], phone.e164 if phone else None, data["limit"], actor=actor()
    )
    return {"messages": [_message(one) for one in found], "total": total}


def _message(one: Exchanged) -> dict:
    if one.inbound is not None:
        row = one.inbound
        return {
            "id": f"mo_{row['uid']}",
            "direction": "inbound",
            "from": row["sender"],
            "to": row["recipient"],
            "text": row["text"],
            "keyword": row["keyword"],
            "phone": row["sender"],
            "status": "received",
            "billed": row["billed"] == 1,
            "cost": money.number(row["cost_micros"]),
            "auto_reply": False,
            "created_at": clock.iso(row["created_at"]),
        }
    sent = one.outbound
    assert sent is not None
    cost = sent["cost_micros"] - sent["refunded_micros"]
    return {
        "id": MESSAGE + sent["uid"],
        "direction": "outbound",
        "from": sent["sender"],
        "to": sent["recipient"],
        "text": sent["text"],
        "keyword": None,
        "phone": sent["recipient"],
        "status": word_of(sent),
        "billed": cost == sent["cost_micros"],
        "cost": money.number(cost),
        "auto_reply": one.answer is not None,
        "created_at": clock.iso(sent["created_at"]),
    }


@blueprint.post("/services/<service_id>/reply")
def send_reply(service_id: str) -> ResponseReturnValue:
    service = _find(service_id)
    data = load(schemas.TWO_WAY_REPLY, json_object())
    sent = replies.reply(service, data["to"], data["text"], origin=origin(), actor=actor(), account=account())
    return answer_reply(sent)


def answer_reply(sent: Sent) -> dict:
    message = sent.messages[0]
    return {
        "id": MESSAGE + message["uid"],
        "status": word_of(message),
        "segments": message["segments"],
        "cost": money.number(message["cost_micros"] - message["refunded_micros"]),
        "currency": sent.batch["currency"],
        "balance_after": money.number(sent.balance_micros),
    }


@blueprint.get("/keywords/check")
def check_keyword() -> ResponseReturnValue:
    data = load(schemas.KEYWORD_CHECK, query_arguments())
    country = data["country_code"] or (None if data["number"] else account().country)
    found = services.check_keyword(data["keyword"], side(), country=country, number=data["number"] or None)
    return {"keyword": found.keyword, "available": found.is_available, "reason": found.reason}


def _shown(service: TwoWayServiceRow) -> dict:
    number = numbers.of_id(None, service["number_id"])
    told = addresses.of_service(service, API, actor=actor())
    stats = inbox.counted(service["account_id"], service["id"], clock.now_ms() - MONTH_MS, actor=actor())
    next_billing_at = service["bill_at"] if service["status"] == services.ACTIVE else None
    return {
        "id": service["id"],
        "country_code": service["country"],
        "country_name": countries.name(service["country"]),
        "type": service["type"],
        "keyword": service["keyword"],
        "toll_free": service["toll_free"] == 1,
        "status": service["status"],
        "number": number["number"] if number is not None else None,
        "use_case": service["use_case"],
        "company_name": service["company_name"],
        "kyc_document_urls": json.loads(service["kyc_document_urls"]),
        "kyc_documents": [],
        "webhook_url": told.own,
        "effective_webhook_url": told.effective,
        "webhook_signing": {
            "header": "X-Webhook-Signature",
            "algorithm": "HMAC-SHA256",
            "format": "sha256=<hex of raw body>",
            "secret_hint": f"whsec_...{told.secret[-4:]}",
        },
        "auto_reply_enabled": service["auto_reply_enabled"] == 1,
        "auto_reply_text": service["auto_reply_text"],
        "forward_email": service["forward_email"],
        "rejection_reason": service["rejection_reason"],
        "suspend_reason": service["suspend_reason"],
        "fees": _fees(service),
        "setup_charged": service["activated_at"] is not None,
        "activated_at": clock.iso(service["activated_at"]),
        "next_billing_at": clock.iso(next_billing_at),
        "past_due_since": clock.iso(service["past_due_since"]),
        "suspended_at": clock.iso(service["suspended_at"]),
        "cancelled_at": clock.iso(service["cancelled_at"]),
        "created_at": clock.iso(service["created_at"]),
        "timeline": _timeline(service, next_billing_at),
        "stats": {"inbound_total": stats.inbound_total, "inbound_30d": stats.inbound_30d, "unbilled": stats.unbilled},
    }


def _fees(service: TwoWayServiceRow) -> dict:
    """Those of the approval; before it what they would be."""
    setup, monthly = service["setup_fee_micros"], service["monthly_fee_micros"]
    if setup is None or monthly is None:
        country = prices.of_country(service["country"])
        setup, monthly = country.setup_fee, country.keyword_fee if service["type"] == numbers.SHARED else country.monthly_fee
    return {
        "setup_fee_usd": _usd(setup),
        "monthly_fee_usd": _usd(monthly),
        "inbound_price_usd": _usd(prices.inbound_usd(service)),
        "outbound_price_usd": _usd(prices.outbound_usd(service)),
    }


DONE, CURRENT, UPCOMING, FAILED = "done", "current", "upcoming", "failed"


def _timeline(service: TwoWayServiceRow, next_billing_at: int | None) -> list[dict]:
    status = service["status"]
    steps: list[tuple[str, str, int | None, str]] = [("requested", "Requested", service["created_at"], DONE)]
    if status == services.REJECTED:
        steps.append(("review", "Rejected", service["decided_at"], FAILED))
    elif service["activated_at"] is not None:
        steps.append(("review", "Approved", service["decided_at"], DONE))
        steps.append(("live", "Live", service["activated_at"], DONE))
    elif status == services.PENDING:
        steps.append(("review", "In review", None, CURRENT))
        steps.append(("live", "Live", None, UPCOMING))
    if status == services.PAST_DUE:
        steps.append(("past_due", "Past due", service["past_due_since"], CURRENT))
    if status == services.SUSPENDED:
        steps.append(("suspended", "Suspended", service["suspended_at"], FAILED))
    if next_billing_at is not None:
        steps.append(("renewal", "Next renewal", next_billing_at, UPCOMING))
    if status == services.CANCELLED:
        steps.append(("cancelled", "Cancelled", service["cancelled_at"], DONE))
    return [{"key": key, "label": label, "at": clock.iso(at), "state": state} for key, label, at, state in steps]
