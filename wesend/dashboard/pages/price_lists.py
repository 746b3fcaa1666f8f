"""Operator: price lists, edited in place and read in from a CSV, and who pays them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField
from wtforms.validators import Optional

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...accounts.service import list_accounts
from ...core import money, networks
from ...core.errors import InvalidInput, WesendError
from ...core.languages import gettext as _
from ...core.languages import marked, told
from ...routing import price_list_editing as editing
from ...routing import price_lists
from ...routing.price_lists import PriceList
from ..country_field import CountryField
from ..csv_out import csv_file
from ..forms import REQUIRED, Amount, Form, Text, choices
from ..sessions import actor

blueprint = Blueprint("price_lists", __name__, url_prefix="/operator/price-lists")


class ListForm(Form):
    name = Text(marked("Name"), [REQUIRED], render_kw={"maxlength": editing.LONGEST_NAME})
    currency = Text(marked("Currency"), [REQUIRED], default="UGX", render_kw={"maxlength": 3})


class PriceForm(Form):
    country = CountryField(marked("Country"), default="UG")
    network = SelectField(marked("Network"), description=marked("By the numbers’ prefixes: a guess, for numbers are ported."))
    prefix = Text(
        marked("Or prefix"), [Optional()], description=marked("As 25677."), render_kw={"inputmode": "numeric", "maxlength": 16}
    )
    begins = Text(
        marked("From"),
        [Optional()],
        description=marked("Segments of the month."),
        render_kw={"inputmode": "numeric", "maxlength": 15},
    )
    price = Amount(marked("Price of a segment"), [REQUIRED])


@blueprint.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    form = ListForm()
    if form.sent():
        with form.refusals():
            made = editing.create(form.name.data, form.currency.data, actor=actor())
            return redirect(url_for(".show", name=made.name), 303)
    on_lists = price_lists.accounts_by_list(actor=actor())
    return render_template("operator/price_lists.html", form=form, lists=price_lists.all_lists().values(), on_lists=on_lists)


def _networks() -> list[tuple[str, str]]:
    names = {name for code in networks.countries() for name in networks.plan_of(code) if name}
    return [("", _("all")), *((name, name.title()) for name in sorted(names))]


@blueprint.route("/<path:name>", methods=["GET", "POST"])
def show(name: str) -> ResponseReturnValue:
    found = price_lists.named(name, actor=actor())
    form = PriceForm()
    form.network.choices = choices(_networks())
    if form.sent():
        with form.refusals():
            at = editing.place(form.country.data, form.network.data, form.prefix.data, _segments(form.begins.data))
            editing.set_price(found.name, at, form.price.micros or 0, actor=actor())
            flash(_("The price is set."), "success")
            return redirect(url_for(".show", name=found.name), 303)
    return _show(found, form)


def _segments(text: str | None) -> int:
    plain = (text or "0").replace(" ", "").replace(",", "") or "0"
    if not plain.isascii() or not plain.isdigit():
        raise InvalidInput(_("That is no number of segments"), {"begins": [_("A whole number")]})
    return int(plain)


def _show(found: PriceList, form: PriceForm, refusal: str | None = None) -> str:
    on_it = price_lists.accounts_by_list(actor=actor()).get(found.id, [])
    others = [row for row in list_accounts(actor=actor()) if row["id"] not in {account.id for account in on_it}]
    return render_template("operator/price_list.html", found=found, form=form, on_it=on_it, others=others, refusal=refusal)


@blueprint.post("/<path:name>/edit")
def edit(name: str) -> ResponseReturnValue:
    """A row in its place: its new price, or none."""
    found = price_lists.named(name, actor=actor())
    row = request.form
    try:
        at = editing.place(row.get("country", ""), row.get("network"), row.get("prefix"), _segments(row.get("from")))
        if row.get("remove"):
            editing.remove_price(found.name, at, actor=actor())
            flash(_("The price is taken away."), "success")
        else:
            try:
                price_micros = money.to_micros(row.get("price", "").strip())
            except ValueError as error:
                raise InvalidInput(error.args[0]) from error
            editing.set_price(found.name, at, price_micros, actor=actor())
            flash(_("The price is set."), "success")
    except WesendError as error:
        flash(told(error), "error")
    return redirect(url_for(".show", name=found.name), 303)


@blueprint.post("/<path:name>/import")
def read_in(name: str) -> ResponseReturnValue:
    found = price_lists.named(name, actor=actor())
    file = request.files.get("file")
    form = PriceForm(formdata=None)
    form.network.choices = choices(_networks())
    if file is None or not file.filename:
        return _show(found, form, _("Please choose a file"))
    try:
        count = editing.import_csv(found.name, file.stream, actor=actor())
    except InvalidInput as error:
        return _show(found, form, told(error))
    flash(_("%(count)s prices are set.", count=count), "success")
    return redirect(url_for(".show", name=found.name), 303)


@blueprint.get("/<path:name>/prices.csv")
def download(name: str) -> ResponseReturnValue:
    found = price_lists.named(name, actor=actor())

    def all_at_once(_place: None) -> tuple[list[tuple], None]:
        return list(editing.rows_of(found)), None

    return csv_file(f"prices-{found.id}.csv", editing.COLUMNS, all_at_once, of_everybody=True)


@blueprint.post("/<path:name>/accounts")
def give(name: str) -> ResponseReturnValue:
    """An account pays the list's prices from now on, or its routes' again."""
    found = price_lists.named(name, actor=actor())
    account_id = int(request.form.get("account_id", "0") or 0) if request.form.get("account_id", "").isdigit() else 0
    editing.give(account_id, None if request.form.get("off") else found.name, actor=actor())
    flash(_("Saved."), "success")
    return redirect(url_for(".show", name=found.name), 303)
