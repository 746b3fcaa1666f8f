"""`/auth/me`, `/workspace`: what a key is, and whose."""

from __future__ import annotations

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from ...accounts import keys, service, users
from ...core import clock, money
from ...wallets.service import read_balance
from ..dialect import account, actor, key_wallet, side
from .filters import ENVIRONMENTS

blueprint = Blueprint("workspace", __name__)


@blueprint.get("/auth/me")
def show_key() -> ResponseReturnValue:
    key, wallet = keys.find_key(g.key.id, actor=actor()), key_wallet()
    return {
        "id": account().id,
        "name": account().name,
        "email": users.first_owner_email(account().id, actor=actor()),
        "environment": ENVIRONMENTS[side()],
        "scopes": key["scopes"].split(","),
        "api_key": {"id": key["id"], "name": key["name"], "prefix": key["prefix"]},
        "balance": money.number(read_balance(wallet, actor=actor())),
        "currency": wallet.currency,
    }


@blueprint.get("/workspace")
def show_workspace() -> ResponseReturnValue:
    row = service.account_row(account().id, actor=actor())
    return {
        "id": row["id"],
        "name": row["name"],
        "country": row["country"],
        "time_zone": row["time_zone"],
        "currency": key_wallet().currency,
        "created_at": clock.iso(row["created_at"]),
    }
