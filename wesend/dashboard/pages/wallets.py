"""Wallets: what moved their balance, topping up by mobile money, and an operator's hand."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, SelectField
from wtforms.validators import Length

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...core import clock, money
from ...core.chunks import CHUNK
from ...core.errors import ChargeRefused, InvalidInput
from ...core.languages import gettext as _
from ...core.languages import marked, told
from ...database import Row, keyset
from ...messages.campaigns import once
from ...routing.pricing import home_price
from ...wallets import deposits, service, statement, top_up
from ...wallets.service import WalletInfo
from .. import current_account, query_args
from ..csv_out import Figure, csv_file
from ..current_account import account
from ..filters import amount
from ..forms import REQUIRED, Amount, Form, Text, choices
from ..paging import page
from ..sessions import actor

blueprint = Blueprint("wallets", __name__, url_prefix="/wallets")
STATEMENT = ("at", "kind", "description", "amount", "balance_after", "currency", "batch_id", "message_id", "deposit_id")
DIRECTIONS = {"credit": service.credit_by_hand, "debit": service.debit_by_hand}


class TopUpForm(Form):
    uid = HiddenField()
    amount = Amount(marked("Amount"), [REQUIRED], render_kw={"inputmode": "decimal", "autocomplete": "off"})
    phone = Text(
        marked("Phone that pays"),
        [REQUIRED],
        description=marked("Its owner is asked to confirm on the phone."),
        render_kw={"type": "tel", "autocomplete": "tel"},
    )
    provider = SelectField(marked("Network"))


class HandForm(Form):
    after = HiddenField()
    direction = SelectField(
        marked("What"), choices=choices([("credit", marked("Credit: add money")), ("debit", marked("Debit: take money"))])
    )
    amount = Amount(marked("Amount"), [REQUIRED], render_kw={"inputmode": "decimal", "autocomplete": "off"})
    note = Text(marked("Note"), [REQUIRED, Length(max=200)], description=marked("Stands in the ledger and in the audit log."))


class LimitForm(Form):
    credit_limit = Amount(
        marked("Credit limit"), description=marked("How far below zero the balance may fall; empty: it is paid in advance.")
    )


class AlertForm(Form):
    """Names of its own: the page has a form of amounts already."""

    domain_names = {"amount": "below", "mail": "address"}
    below = Amount(
        marked("Tell me below"),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
        description=marked("Left empty: nobody is told."),
    )
    address = Text(
        marked("By mail to"),
        render_kw={"type": "email"},
        description=marked("Left empty: the operator’s address. Webhooks hear wallet.low_balance anyway."),
    )


@blueprint.get("")
def index() -> ResponseReturnValue:
    return render_template(
        "wallets/index.html",
        wallets=[
            (row, WalletInfo.of(row), _left(WalletInfo.of(row), row["balance_micros"] + row["credit_limit_micros"]))
            for row in service.list_wallets(account().id, actor=actor())
        ],
    )


def _left(wallet: WalletInfo, spendable: int) -> int | None:
    """About how many messages to the account's country it pays for."""
    price = home_price(account(), wallet)
    return spendable // price if price else None


def _wallet(uid: str) -> WalletInfo:
    """A wallet of this account; an operator sees another account's, and stays with the one that was picked."""
    found = service.find_wallet(uid, actor=actor())
    current_account.visit(found.account_id)
    return found


@blueprint.route("/<uid>", methods=["GET", "POST"])
def show(uid: str) -> ResponseReturnValue:
    wallet, form = _wallet(uid), HandForm()
    if form.sent():
        with form.refusals():
            DIRECTIONS[form.direction.data](
                wallet, form.amount.given, note=form.note.data, after=_id(form.after.data), actor=actor()
            )
            flash(
                (_("Credited %(amount)s.") if form.direction.data == "credit" else _("Debited %(amount)s."))
                % {"amount": amount(form.amount.given, wallet.currency)},
                "success",
            )
            return redirect(url_for(".show", uid=uid), 303)
    return _show(wallet, form, AlertForm(formdata=None, **_alert(wallet)))


def _id(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _alert(wallet: WalletInfo) -> dict:
    threshold, mail = service.low_balance_of(wallet, actor=actor())
    return {"below": money.to_decimal(threshold) if threshold is not None else None, "address": mail}


@blueprint.post("/<uid>/credit-limit")
def set_credit_limit(uid: str) -> ResponseReturnValue:
    """An operator lets the customer pay afterwards."""
    wallet, form = _wallet(uid), LimitForm()
    if form.sent():
        with form.refusals():
            service.set_credit_limit(wallet, form.credit_limit.micros or 0, actor=actor())
            flash(_("The credit limit is set.") if form.credit_limit.micros else _("It is paid in advance now."), "success")
            return redirect(url_for(".show", uid=uid), 303)
    return _show(wallet, HandForm(formdata=None), AlertForm(formdata=None, **_alert(wallet)), form)


@blueprint.post("/<uid>/name")
def rename(uid: str) -> ResponseReturnValue:
    """What people call it."""
    try:
        service.set_name(_wallet(uid), request.form.get("name", "").replace("\x00", ""), actor=actor())
        flash(_("The name is saved."), "success")
    except InvalidInput as error:
        flash(told(error), "error")
    return redirect(url_for(".show", uid=uid), 303)


@blueprint.post("/<uid>/alert")
def set_alert(uid: str) -> ResponseReturnValue:
    """Tell when little is left."""
    wallet, form = _wallet(uid), AlertForm()
    if form.sent():
        with form.refusals():
            service.set_low_balance(wallet, form.below.micros, form.address.data or None, actor=actor())
            flash(
                _("You are told once when the balance falls below it.") if form.below.micros else _("Nobody is told any more."),
                "success",
            )
            return redirect(url_for(".show", uid=uid), 303)
    return _show(wallet, HandForm(formdata=None), form)


def _show(wallet: WalletInfo, form: HandForm, alert: AlertForm, limit: LimitForm | None = None) -> str:
    since, until = _period()
    form.after.data = str(service.last_entry(wallet, actor=actor()))
    shown = page(lambda before, limit: statement.entries(wallet, before, limit, since=since, until=until, actor=actor()))
    balance, credit_limit = service.read_balance(wallet, actor=actor()), service.credit_limit_of(wallet, actor=actor())
    return render_template(
        "wallets/show.html",
        wallet=wallet,
        balance=balance,
        credit_limit=credit_limit,
        left=_left(wallet, balance + credit_limit),
        page=shown,
        form=form,
        kinds=statement.KINDS,
        deposits=top_up.deposits_of(wallet, 5, actor=actor()),
        query_args=request.args,
        is_filtered=bool(request.args.get("from") or request.args.get("to")),
        is_first="before" not in request.args,
        alert=alert,
        limit=limit or LimitForm(formdata=None, credit_limit=money.to_decimal(credit_limit) if credit_limit else None),
        may_operate=roles.may(actor(), OPERATE),
        may_manage=current_account.may_manage(),
        may_move=roles.may(actor(), "manage" if wallet.is_sandbox else OPERATE, wallet.account_id),
    )


def _period() -> tuple[int, int]:
    since, until = query_args.first_instant("from"), query_args.last_instant("to")
    return since if since is not None else 0, until if until is not None else clock.LATEST


@blueprint.get("/<uid>/statement")
def download_statement(uid: str) -> ResponseReturnValue:
    wallet, (since, until), reader = _wallet(uid), _period(), actor()

    def chunk_after(before: int | None) -> tuple[list[list[object]], int | None]:
        rows = statement.entries(wallet, before, CHUNK, since=since, until=until, actor=reader)
        return [_cells(row, wallet) for row in rows], keyset.next_place(rows, CHUNK)

    return csv_file(f"statement-{wallet.uid}.csv", STATEMENT, chunk_after)


def _cells(row: Row, wallet: WalletInfo) -> list[object]:
    return [
        clock.iso(row["created_at"]),
        row["kind"],
        row["description"],
        Figure(money.text(row["amount_micros"])),
        Figure(money.text(row["balance_after_micros"])),
        wallet.currency,
        row["batch_uid"],
        row["message_uid"],
        row["deposit_uid"],
    ]


@blueprint.route("/<uid>/top-up", methods=["GET", "POST"])
def pay_in(uid: str) -> ResponseReturnValue:
    """Also the address that APIs hand out as their checkout page."""
    wallet, form = _wallet(uid), TopUpForm()
    named = [(name, name if len(name) <= 3 else name.title()) for name in top_up.networks(account(), wallet)]
    form.provider.choices = choices([("", _("By the number")), *named])
    if form.sent():
        with form.refusals():
            try:
                made = top_up.ask_phone(
                    account(),
                    wallet,
                    form.amount.given,
                    form.phone.data,
                    provider=form.provider.data or None,
                    uid=form.uid.data,
                    actor=actor(),
                )
            except ChargeRefused:
                form.uid.data = ""  # that deposit is over: the form as it is put right asks for another
                raise
            return redirect(url_for(".show_top_up", uid=uid, deposit_uid=made["uid"], draft=_draft()), 303)
    form.uid.data = form.uid.data or deposits.new_uid()
    return render_template(
        "wallets/top_up.html", wallet=wallet, form=form, balance=service.read_balance(wallet, actor=actor()), draft=_draft()
    )


def _draft() -> str | None:
    """The campaign that waits for the money."""
    uid = request.args.get("draft", "")
    return uid if once.UID.fullmatch(uid) else None


@blueprint.get("/<uid>/top-ups/<deposit_uid>")
def show_top_up(uid: str, deposit_uid: str) -> ResponseReturnValue:
    wallet = _wallet(uid)
    return render_template(
        "wallets/deposit.html",
        wallet=wallet,
        deposit=deposits.get_deposit(deposit_uid, wallet, actor=actor()),
        draft=_draft(),
        balance=service.read_balance(wallet, actor=actor()),
    )
