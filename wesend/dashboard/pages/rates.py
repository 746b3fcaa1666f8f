"""Operator: exchange rates, with USD as pivot."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import InputRequired

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...core import money
from ...core.languages import gettext as _
from ...core.languages import marked
from ...routing import rates
from ..forms import REQUIRED, Amount, Form, Text
from ..sessions import actor

blueprint = Blueprint("rates", __name__, url_prefix="/operator/rates")


class RateForm(Form):
    currency = Text(marked("Currency"), [REQUIRED], render_kw={"maxlength": 3, "placeholder": "UGX"}, description="ISO 4217.")
    per_usd = Amount(marked("Units for 1 USD"), [InputRequired(marked("Please fill this in"))], render_kw={"placeholder": "3726"})


@blueprint.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    form = RateForm()
    if form.sent():
        with form.refusals():
            per_usd = form.per_usd.micros or 0
            rates.set_rate(form.currency.data, per_usd, actor=actor())
            flash(
                _("1 USD = %(amount)s %(currency)s from now on.", amount=money.text(per_usd), currency=form.currency.data.upper()),
                "success",
            )
            return redirect(url_for(".index"), 303)
    return render_template("operator/rates.html", form=form, rows=rates.list_rates())
