"""`/balance/`."""

from __future__ import annotations

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from ...core import money
from ...wallets.service import read_balance, wallet_by_id
from ..dialect import actor

blueprint = Blueprint("account", __name__)


@blueprint.get("/balance/")
def show_balance() -> ResponseReturnValue:
    return {"balance": float(money.to_decimal(read_balance(wallet_by_id(g.key.wallet_id), actor=actor())))}
