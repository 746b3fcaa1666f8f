"""`/account/balance` and `/account/topup`."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from ...core import money, phones
from ...database.rows import DepositRow
from ...routing.pricing import home_price
from ...wallets import deposits
from ...wallets.service import read_balance
from ..body import json_object, query_arguments
from ..dialect import account, actor, load, origin
from . import schemas
from .shared import success, wallet_of

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("/balance")
def show_balance() -> ResponseReturnValue:
    wallet = wallet_of(load(schemas.WALLET, query_arguments()))
    price = home_price(account(), wallet)
    return success(
        {
            "wallet_id": wallet.uid,
            "balance": money.number(read_balance(wallet, actor=actor())),
            "currency": wallet.currency,
            "cost_per_sms": None if price is None else money.number(price),
        }
    )


@blueprint.post("/topup")
def top_up() -> ResponseReturnValue:
    data = load(schemas.TOP_UP, json_object())
    wallet = wallet_of(data)
    phone = phones.normalise(data["phone"], account().country)
    if phone is None:
        raise ValidationError("Not a phone number.", "phone")
    deposit = deposits.start_deposit(wallet, data["amount"], phone, provider=data["provider"], claim=origin().claim, actor=actor())
    return success(_deposit(deposit), 202)


@blueprint.get("/topup/<deposit_id>")
def show_top_up(deposit_id: str) -> ResponseReturnValue:
    wallet = wallet_of(load(schemas.WALLET, query_arguments()))
    return success(_deposit(deposits.get_deposit(deposit_id, wallet, actor=actor())))


def answer_deposit(deposit_id: int) -> ResponseReturnValue:
    """The answer of a top-up, from what is stored of it."""
    return success(_deposit(deposits.deposit_by_id(deposit_id, account().id, actor=actor())), 202)


def _deposit(deposit: DepositRow) -> dict:
    return {
        "deposit_id": deposit["uid"],
        "reference": deposit["reference"],
        "status": deposit["status"],
        "amount": money.number(deposit["amount_micros"]),
        "currency": deposit["currency"],
        "phone": deposit["phone"],
        "provider": deposit["provider"],
    }
