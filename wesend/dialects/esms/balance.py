"""`/balance`, its transactions, top-up."""

from __future__ import annotations

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from ...core import clock, money, phones
from ...database import Row
from ...database.rows import DepositRow
from ...routing.pricing import home_price
from ...wallets import deposits, statement
from ...wallets.service import WalletInfo, credit_limit_of, read_balance, wallet_by_id
from ..body import json_object, query_arguments
from ..dialect import account, actor, key_wallet, load, origin
from . import schemas
from .words import BATCH

KINDS = {"service_fee": "manual_debit", "inbound_charge": "sms_charge"}
"""Kinds that the vendor has no word for, in its nearest."""
RESET = "sandbox_reset"
"""Another one, to either side."""
blueprint = Blueprint("balance", __name__, url_prefix="/balance")


@blueprint.get("")
def show_balance() -> ResponseReturnValue:
    wallet = key_wallet()
    balance, price = read_balance(wallet, actor=actor()), home_price(account(), wallet)
    spendable = balance + credit_limit_of(wallet, actor=actor())
    estimate = spendable // price if price else 0
    return {"balance": money.number(balance), "currency": wallet.currency, "sms_estimate": estimate}


@blueprint.get("/transactions")
def list_transactions() -> ResponseReturnValue:
    data = load(schemas.PAGE, query_arguments())
    wallet = key_wallet()
    rows, total = statement.page_of_entries(wallet, limit=data["limit"], offset=data["page"] * data["limit"], actor=actor())
    return {
        "transactions": [_transaction(row, wallet) for row in rows],
        "total": total,
        "page": data["page"],
        "limit": data["limit"],
    }


def _type(row: Row) -> str:
    if row["kind"] == RESET:
        return "manual_credit" if row["amount_micros"] >= 0 else "manual_debit"
    return KINDS.get(row["kind"], row["kind"])


def _transaction(row: Row, wallet: WalletInfo) -> dict:
    return {
        "id": row["id"],
        "type": _type(row),
        "amount": money.number(row["amount_micros"]),
        "balance_after": money.number(row["balance_after_micros"]),
        "currency": wallet.currency,
        "description": row["description"],
        "batch_id": BATCH + row["batch_uid"] if row["batch_uid"] else None,
        "created_at": clock.iso(row["created_at"]),
    }


@blueprint.post("/topup")
def top_up() -> ResponseReturnValue:
    data = load(schemas.TOP_UP, json_object(optional=True))
    wallet = key_wallet()
    if data["amount"] is None and data["phone"] is None:
        return _checkout(wallet)
    missing = [name for name in ("amount", "phone") if data[name] is None]
    if missing:
        raise ValidationError({name: ["Missing data for required field."] for name in missing})
    phone = phones.normalise(data["phone"], account().country)
    if phone is None:
        raise ValidationError("Not a phone number.", "phone")
    deposit = deposits.start_deposit(wallet, data["amount"], phone, provider=data["provider"], claim=origin().claim, actor=actor())
    return _answer(deposit, wallet)


def answer_deposit(deposit_id: int) -> dict:
    """The answer of a top-up, from what is stored of it."""
    deposit = deposits.deposit_by_id(deposit_id, account().id, actor=actor())
    return _answer(deposit, wallet_by_id(deposit["wallet_id"]))


def _answer(deposit: DepositRow, wallet: WalletInfo) -> dict:
    return {
        **_checkout(wallet),
        "message": "Confirm the payment on the phone.",
        "deposit_id": deposit["uid"],
        "status": deposit["status"],
    }


def _checkout(wallet: WalletInfo) -> dict:
    return {
        "checkout_url": f"{current_app.config['WESEND'].base_url}/wallets/{wallet.uid}/top-up",
        "message": "Open this page to top up.",
    }
