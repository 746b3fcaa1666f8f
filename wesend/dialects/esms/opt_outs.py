"""`/opt-outs`: who wants nothing more, of the sends that the key sees."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...contacts import opting_out
from ...core import clock
from ...database.rows import OptOutRow
from ..body import json_object, query_arguments
from ..dialect import account, actor, load, side
from . import schemas

blueprint = Blueprint("opt_outs", __name__, url_prefix="/opt-outs")


@blueprint.get("")
def list_opt_outs() -> ResponseReturnValue:
    data = load(schemas.OPT_OUTS, query_arguments())
    rows, total = opting_out.list_phones(account(), data["limit"], side=side(), actor=actor())
    return {"opt_outs": [_shown(row) for row in rows], "total": total}


@blueprint.post("")
def add_opt_out() -> ResponseReturnValue:
    data = load(schemas.OPT_OUT, json_object())
    return _shown(opting_out.opt_out_phone(account(), data["phone"], side=side(), actor=actor()))


@blueprint.delete("/<phone>")
def remove_opt_out(phone: str) -> ResponseReturnValue:
    removed = opting_out.opt_in_phone(account(), phone, side=side(), actor=actor())
    return {"phone": removed, "status": "removed"}


def _shown(row: OptOutRow) -> dict:
    return {"phone": row["address"], "source": opting_out.source_of(row), "created_at": clock.iso(row["created_at"])}
