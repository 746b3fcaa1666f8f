"""`/sms-credits`: balance, and credits bought by mobile money."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from ...core import money
from ...database.rows import DepositRow
from ...wallets import deposits
from ...wallets.service import read_balance
from ..body import json_object
from ..dialect import account, actor, key_wallet, load, origin
from . import schemas
from .shared import kenyan_mobile, msisdn, success

blueprint = Blueprint("credits", __name__, url_prefix="/sms-credits")
STATUSES = {"pending": "Pending", "successful": "Received", "failed": "Failed", "expired": "Cancelled"}


@blueprint.get("/balance")
def show_balance() -> ResponseReturnValue:
    wallet = key_wallet()
    data = {
        "sms_credits": money.number(read_balance(wallet, actor=actor())),
        "sms_rate": _number(wallet.sms_rate_micros),
        "currency": wallet.purchase_currency,
    }
    return success({**data, "sandbox": True} if wallet.is_sandbox else data)


@blueprint.post("/purchase")
def purchase() -> ResponseReturnValue:
    data = load(schemas.PURCHASE, json_object())
    phone = kenyan_mobile(data["phone"])
    if phone is None:
        raise ValidationError("Not a Kenyan mobile number.", "phone")
    return _accepted(deposits.start_deposit(key_wallet(), data["amount"], phone, claim=origin().claim, actor=actor()))


def answer_deposit(deposit_id: int) -> ResponseReturnValue:
    """The answer of a purchase, from what is stored of it."""
    return _accepted(deposits.deposit_by_id(deposit_id, account().id, actor=actor()))


def _accepted(deposit: DepositRow) -> ResponseReturnValue:
    return success(
        {
            "payment_id": deposit["uid"],
            "payment_status": STATUSES[deposit["status"]],
            "amount_kes": money.number(deposit["amount_micros"]),
            "sms_rate": _number(deposit["rate_micros"]),
            "estimated_credits": _number(_estimated(deposit)),
            "phone": msisdn(deposit["phone"]),
        },
        202,
        "Confirm the payment on your phone.",
    )


@blueprint.get("/purchase/<payment_id>")
def show_purchase(payment_id: str) -> ResponseReturnValue:
    wallet = key_wallet()
    deposit = deposits.get_deposit(payment_id, wallet, actor=actor())
    cancelled = deposit["status"] == "failed" and "cancel" in (deposit["reason"] or "").lower()
    return success(
        {
            "payment_status": "Cancelled" if cancelled else STATUSES[deposit["status"]],
            "amount_kes": money.number(deposit["amount_micros"]),
            "sms_rate": _number(deposit["rate_micros"]),
            "sms_credits_applied": _number(deposit["credited_micros"] or 0),
            "firm_sms_credits": money.number(read_balance(wallet, actor=actor())),
            "estimated_credits": _number(_estimated(deposit)),
        }
    )


def _estimated(deposit: DepositRow) -> int:
    rate = deposit["rate_micros"]
    return money.divide(deposit["amount_micros"], rate) if rate else deposit["amount_micros"]


def _number(micros: int | None) -> int | float | None:
    return None if micros is None else money.number(micros)
