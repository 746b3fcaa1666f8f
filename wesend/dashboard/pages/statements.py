"""A wallet's monthly statements, to be read, printed on one page, and downloaded."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from ...accounts.service import account_row
from ...messages.reporting import statements
from ...messages.reporting.statements import Statement
from ...wallets import service
from ...wallets.service import WalletInfo
from ...wallets.statement import KINDS
from .. import current_account
from ..csv_out import Figure, csv_file
from ..sessions import actor

blueprint = Blueprint("statements", __name__, url_prefix="/wallets/<uid>/statements")
COLUMNS = ("wallet_id", "number", "currency", "day", "country", "what", "messages", "segments", "amount")
ON_A_PAGE = 62
"""Lines of a statement that a printed page has room for, in two columns."""
SINGLES_ON_A_PAGE = 8


def _wallet(uid: str) -> WalletInfo:
    found = service.find_wallet(uid, actor=actor())
    current_account.visit(found.account_id)
    return found


def _statement(wallet: WalletInfo, month: str) -> Statement:
    if month not in statements.months_of(wallet, actor=actor()):
        abort(404)
    return statements.statement(wallet, month, actor=actor())


@blueprint.get("")
def index(uid: str) -> ResponseReturnValue:
    wallet = _wallet(uid)
    return render_template("wallets/statements.html", wallet=wallet, months=statements.months_of(wallet, actor=actor()))


@blueprint.get("/<month>")
def show(uid: str, month: str) -> ResponseReturnValue:
    wallet = _wallet(uid)
    found = _statement(wallet, month)
    room = ON_A_PAGE - 2 * min(len(found.singles), SINGLES_ON_A_PAGE)
    return render_template(
        "wallets/statement.html",
        wallet=wallet,
        statement=found,
        lines=statements.condensed(found.days, room),
        is_condensed=len(found.days) > room,
        singles=found.singles[:SINGLES_ON_A_PAGE],
        more_singles=found.singles[SINGLES_ON_A_PAGE:],
        kinds=KINDS,
        firm=statements.firm_of(account_row(wallet.account_id, actor=actor())),
        seller=statements.seller(),
    )


@blueprint.get("/<month>.csv")
def download(uid: str, month: str) -> ResponseReturnValue:
    wallet = _wallet(uid)
    rows = list(statements.csv_rows(_statement(wallet, month)))

    def all_at_once(_place: None) -> tuple[list[list[object]], None]:
        return [[*row[:-1], Figure(row[-1])] for row in rows], None

    return csv_file(f"statement-{month}-{wallet.uid}.csv", COLUMNS, all_at_once)
