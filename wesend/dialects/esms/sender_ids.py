"""`/sender-ids`."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...core import clock
from ...database import Row
from ...routing import senders
from ..body import json_object
from ..dialect import account, actor, load, side
from . import schemas

blueprint = Blueprint("sender_ids", __name__, url_prefix="/sender-ids")


@blueprint.post("")
def request_sender() -> ResponseReturnValue:
    data = load(schemas.NEW_SENDER, json_object())
    return _shown(
        senders.request_sender(
            account_id=account().id,
            name=data["name"],
            countries=data["countries"],
            use_case=data["use_case"],
            side=side(),
            actor=actor(),
        )
    )


@blueprint.get("")
def list_senders() -> ResponseReturnValue:
    return [_shown(row) for row in senders.list_senders(account().id, side=side(), actor=actor())]


def _shown(row: Row) -> dict:
    return {
        "id": row["id"],
        "name": row["name"],
        "countries": row["countries"].split(","),
        "use_case": row["use_case"],
        "status": row["status"],
        "rejection_reason": row["rejection_reason"],
        "created_at": clock.iso(row["created_at"]),
    }
