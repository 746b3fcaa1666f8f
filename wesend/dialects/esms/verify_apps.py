"""`/verify/apps`: settings that verifications share, and what came of them."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...core import clock, money
from ...database.rows import VerifyAppRow
from ...verification import apps, reading
from ...verification.apps import Policy
from ..body import json_object, query_arguments
from ..dialect import account, actor, key_wallet, load, side
from . import schemas

blueprint = Blueprint("verify_apps", __name__, url_prefix="/verify/apps")


@blueprint.get("")
def list_apps() -> ResponseReturnValue:
    rows = apps.list_apps(account().id, side(), actor=actor())
    return {"apps": [_shown(row) for row in rows], "total": len(rows)}


@blueprint.post("")
def create_app() -> ResponseReturnValue:
    policy = _policy(load(schemas.VERIFY_APP, json_object()))
    return _shown(apps.create_app(account().id, side(), policy, actor=actor()))


@blueprint.get("/<app_id>")
def show_app(app_id: str) -> ResponseReturnValue:
    return _shown(apps.find_app(account().id, app_id, side(), actor=actor()))


@blueprint.patch("/<app_id>")
def replace_app(app_id: str) -> ResponseReturnValue:
    policy = _policy(load(schemas.VERIFY_APP, json_object()))
    return _shown(apps.replace_app(account().id, app_id, side(), policy, actor=actor()))


@blueprint.delete("/<app_id>")
def delete_app(app_id: str) -> ResponseReturnValue:
    apps.delete_app(account().id, app_id, side(), actor=actor())
    return "", 204


@blueprint.get("/<app_id>/stats")
def show_app_stats(app_id: str) -> ResponseReturnValue:
    days = load(schemas.VERIFY_STATS, query_arguments())["days"]
    app = apps.find_app(account().id, app_id, side(), actor=actor())
    currency = key_wallet().currency
    found = reading.figures_of_app(account(), app, days, currency, actor=actor())
    return {
        "app_id": app["uid"],
        "days": days,
        "started": found.started,
        **{status: found.by_status[status] for status in reading.STATUSES if status != reading.PENDING},
        "approval_rate": found.approval_rate,
        "cost": money.number(found.cost_micros),
        "currency": currency,
    }


def _policy(data: dict) -> Policy:
    return Policy(
        data["name"].strip(),
        data["sender_id"] or None,
        data["code_length"],
        data["expiry_seconds"],
        data["template"],
        data["max_attempts"],
        data["max_resends"],
    )


def _shown(row: VerifyAppRow) -> dict:
    return {
        "id": row["uid"],
        "name": row["name"],
        "sender_id": row["sender"],
        "code_length": row["code_length"],
        "expiry_seconds": row["expiry_seconds"],
        "template": row["template"],
        "max_attempts": row["max_attempts"],
        "max_resends": row["max_resends"],
        "created_at": clock.iso(row["created_at"]),
    }
