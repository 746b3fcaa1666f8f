"""Operator: requests for numbers, the numbers, what they cost, and messages that are nobody's."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...core import money
from ...core.errors import Conflict, InsufficientBalance, InvalidInput, NotFound
from ...core.languages import gettext as _
from ...core.languages import told
from ...gateways import registry
from ...two_way import approval, numbers, prices, unmatched
from ...two_way import queue as waiting
from .. import current_account
from ..forms import PASSED_ON
from ..paging import page
from ..sessions import actor

blueprint = Blueprint("two_way_queue", __name__, url_prefix="/operator/two-way")


@blueprint.get("")
def index() -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    return render_template(
        "operator/two_way.html",
        pending=waiting.list_pending(actor=actor()),
        numbers=numbers.list_numbers(actor=actor()),
        countries=prices.all_countries(),
        unmatched=page(lambda before, limit: unmatched.list_unmatched(before=before, limit=limit, actor=actor()), size=20),
        gateways=sorted(name for name in registry.sms_gateways() if name != registry.SANDBOX),
        accounts=current_account.accounts(),
    )


def _carry_out(do: Callable[[], str]) -> ResponseReturnValue:
    """Do it and tell what was done, or why it was refused; who lacks a right gets the usual page."""
    try:
        flash(do(), "success")
    except PASSED_ON:
        raise
    except (InvalidInput, Conflict, NotFound, InsufficientBalance) as error:
        flash(f"{told(error)}.", "error")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:service_id>/approve")
def approve(service_id: int) -> ResponseReturnValue:
    number, gateway = request.form.get("number", "").strip(), request.form.get("gateway", "")
    help_text = request.form.get("help_text", "").strip() or None

    def do() -> str:
        terms = approval.Terms(_amount("setup"), _amount("monthly"), _amount("inbound"), _amount("outbound"), help_text)
        made = approval.approve(service_id, number, gateway, terms, actor=actor())
        return _("%(keyword)s is active.", keyword=made["keyword"] or number)

    return _carry_out(do)


def _amount(name: str) -> int | None:
    text = request.form.get(name, "").replace(",", "").strip()
    try:
        return money.to_micros(text) if text else None
    except ValueError:
        raise InvalidInput(_("%(name)s: not an amount with at most 6 decimals", name=name)) from None


@blueprint.post("/<int:service_id>/reject")
def reject(service_id: int) -> ResponseReturnValue:
    def do() -> str:
        approval.reject(service_id, request.form.get("reason", ""), actor=actor())
        return _("Rejected; the account is told why.")

    return _carry_out(do)


@blueprint.post("/numbers/switch")
def switch() -> ResponseReturnValue:
    def do() -> str:
        row = numbers.switch(request.form.get("number", ""), request.form.get("on") == "1", actor=actor())
        return (_("%(number)s is on.") if row["is_on"] else _("%(number)s is paused.")) % {"number": row["number"]}

    return _carry_out(do)


@blueprint.post("/prices")
def set_price() -> ResponseReturnValue:
    names = ("setup", "monthly", "keyword", "inbound", "outbound", "toll_free")

    def do() -> str:
        given = {column: _amount(name) for column, name in zip(prices.COLUMNS, names, strict=True)}
        changes = {column: amount for column, amount in given.items() if amount is not None}
        networks = [name.strip() for name in request.form.get("networks", "").split(",") if name.strip()]
        on = request.form.get("off") != "1"
        found = prices.set_price(request.form.get("country", ""), changes, networks=networks or None, on=on, actor=actor())
        return _("The prices of %(country)s are set.", country=found.country)

    return _carry_out(do)


@blueprint.post("/unmatched/assign")
def assign() -> ResponseReturnValue:
    account_id = request.form.get("account", "")

    def do() -> str:
        if not account_id.isascii() or not account_id.isdigit() or len(account_id) > 18:
            raise InvalidInput(_("Choose an account"))
        unmatched.assign(request.form.get("message", ""), int(account_id), actor=actor())
        return _("The message is the account's; it was told of it.")

    return _carry_out(do)
