"""`/balance/`."""

from __future__ import annotations

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from ...core import money
from ...wallets.service import balance_of, wallet_by_id

blueprint = Blueprint("account", __name__)


@blueprint.get("/balance/")
def show_balance() -> ResponseReturnValue:
    return {"balance": float(money.to_decimal(balance_of(wallet_by_id(g.key.wallet_id))))}
