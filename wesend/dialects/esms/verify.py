"""`/verify`: a code is sent, an answer is checked."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from ...accounts.sides import SANDBOX
from ...core import clock, money, phones
from ...core.errors import InvalidRecipient
from ...database.rows import VerifyAppRow
from ...verification import apps, check, ending, reading, start
from ...verification.reading import Shown, Wanted
from ..body import json_object, query_arguments
from ..dialect import account, actor, key_wallet, load, origin, require_no_fields, side
from . import schemas
from .words import MESSAGE, word_of

blueprint = Blueprint("verify", __name__, url_prefix="/verify")
CHANNEL = "sms"


def _phone(text: str) -> phones.Phone:
    phone = phones.normalise(text, None)
    if phone is None:
        raise InvalidRecipient("The phone cannot be parsed or is missing its country code", {"recipient": ["Not E.164"]})
    return phone


@blueprint.post("/start")
def start_verification() -> ResponseReturnValue:
    data = load(schemas.VERIFY_START, json_object())
    app = apps.find_app(account().id, data["app_id"], side(), actor=actor()) if data["app_id"] else None
    settings = _settings(data, app)
    started = start.start(account(), key_wallet(), _phone(data["to"]), settings, origin=origin(), actor=actor())
    return _sent(started.verification, started.code)


def _settings(data: dict, app: VerifyAppRow | None) -> start.Settings:
    """What the request names goes before the app's, what neither names is usual."""
    named = {"sender": data["sender_id"] or None, **{name: data[name] for name in ("template", "code_length", "expiry_seconds")}}
    usual = start.usual(account().name) if app is None else start.of_app(app)
    return usual._replace(**{name: value for name, value in named.items() if value is not None})


def _sent(verification: Shown, code: str | None) -> dict:
    shown = _shown(verification)
    return {**shown, "sandbox_code": code} if side() == SANDBOX else shown


def _shown(row: Shown) -> dict:
    return {
        "verification_id": row["uid"],
        "app_id": row["app_uid"],
        "to": row["phone"],
        "channel": CHANNEL,
        "status": row["shown_status"],
        "attempts_remaining": row["attempts_remaining"],
        "resends_remaining": row["resends_remaining"],
        "expires_at": clock.iso(row["expires_at"]),
        "created_at": clock.iso(row["created_at"]),
        "approved_at": clock.iso(row["approved_at"]),
        "message_id": MESSAGE + row["message_uid"],
        "message_status": word_of({"status": row["message_status"], "attempts": row["message_attempts"], "retry_count": 0}),
        "segments": row["segments"],
        "cost": money.number(row["cost_micros"]),
        "currency": row["currency"],
    }


def answer_sent(uid: str) -> dict:
    """The answer to a start or a resend that paid and died, from what is stored of it."""
    found = start.sent_or_refused(account().id, uid, side(), actor=actor())
    return _sent(found, start.code_of(found, actor=actor()) if side() == SANDBOX else None)


@blueprint.post("/check")
def check_code() -> ResponseReturnValue:
    data = load(schemas.VERIFY_CHECK, json_object())
    if not data["verification_id"] and not data["to"]:
        raise ValidationError("Missing data for required field.", "verification_id")
    uid = data["verification_id"] or reading.newest_of(account().id, _phone(data["to"]).e164, side(), actor=actor())
    row = check.check(account().id, uid, data["code"], side(), actor=actor())
    return {
        "verification_id": row["uid"],
        "to": row["phone"],
        "status": row["shown_status"],
        "attempts_remaining": row["attempts_remaining"],
    }


@blueprint.get("")
def list_verifications() -> ResponseReturnValue:
    data = load(schemas.VERIFICATIONS, query_arguments())
    phone = phones.normalise(data["to"], None) if data["to"] else None
    wanted = Wanted(account().id, side(), data["status"], data["app_id"] or None, phone.e164 if phone else data["to"] or None)
    rows, total = reading.page(wanted, limit=data["limit"], offset=data["page"] * data["limit"], actor=actor())
    return {"verifications": [_shown(row) for row in rows], "total": total, "page": data["page"], "limit": data["limit"]}


@blueprint.get("/<verification_id>")
def show_verification(verification_id: str) -> ResponseReturnValue:
    return _shown(reading.find(account().id, verification_id, side(), actor=actor()))


@blueprint.post("/<verification_id>/resend")
def resend_code(verification_id: str) -> ResponseReturnValue:
    require_no_fields()
    started = start.resend(account(), verification_id, side(), origin=origin(), actor=actor())
    return _sent(started.verification, started.code)


@blueprint.post("/<verification_id>/cancel")
def cancel_verification(verification_id: str) -> ResponseReturnValue:
    require_no_fields()
    return _shown(ending.cancel(account().id, verification_id, side(), actor=actor()))
