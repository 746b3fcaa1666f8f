"""`/balance/`."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...core import money
from ...wallets.service import read_balance
from ..dialect import actor, key_wallet

blueprint = Blueprint("account", __name__)


@blueprint.get("/balance/")
def show_balance() -> ResponseReturnValue:
    return {"balance": float(money.to_decimal(read_balance(key_wallet(), actor=actor())))}
