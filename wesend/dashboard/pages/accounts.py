"""Operator: accounts and their wallets; which one the pages are about."""

from __future__ import annotations

import phonenumbers
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, SelectField

from ...accounts import quota, service
from ...contacts import uploads
from ...core import countries
from ...messages.dispatch import suspension
from ...routing import payable
from ...wallets import service as wallets
from .. import current_account
from ..compose_preview import plural
from ..filters import amount
from ..forms import REQUIRED, Amount, Form, Text, choices
from ..sessions import actor

blueprint = Blueprint("accounts", __name__, url_prefix="/operator/accounts")
COUNTRIES = choices(sorted(((code, countries.name(code)) for code in phonenumbers.SUPPORTED_REGIONS), key=lambda pair: pair[1]))


class AccountForm(Form):
    name = Text("Name", [REQUIRED], description="As it is called in lists and to its people.")
    country = SelectField("Country", choices=COUNTRIES, default="UG", description="How numbers without a country code are read.")
    time_zone = Text("Time zone", description="An IANA name as Africa/Kampala; left empty, the country's main one.")


class WalletForm(Form):
    name = Text("Name", render_kw={"maxlength": 60}, description="What people call it, in place of its id.")
    currency = Text(
        "Currency",
        [REQUIRED],
        default="UGX",
        render_kw={"maxlength": 3, "size": 5},
        description="ISO 4217 as UGX or KES, or SMS for credits.",
    )
    sms_rate = Amount("Price of a credit", description="In KES; only for a wallet of SMS.")
    is_sandbox = BooleanField("Sandbox: nothing paid from it leaves this machine")


@blueprint.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    form = AccountForm()
    if form.sent():
        with form.refusals():
            made = service.create_account(form.name.data, form.country.data, form.time_zone.data or None, actor=actor())
            current_account.pick(made.id)
            flash(f"{made.name} was made. Give it a wallet next.", "success")
            return redirect(url_for(".show", account_id=made.id), 303)
    return render_template("accounts/index.html", form=form, rows=service.list_accounts(actor=actor()))


@blueprint.post("/pick")
def pick() -> ResponseReturnValue:
    """Another account from now on; back to the overview, since an address may hold an id of the one before."""
    text = request.form.get("account_id", "")
    current_account.pick(int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0)
    return redirect(url_for("dashboard.overview.index"), 303)


@blueprint.route("/<int:account_id>", methods=["GET", "POST"])
def show(account_id: int) -> ResponseReturnValue:
    at = service.find_account(account_id, actor=actor())
    form = WalletForm()
    if form.sent():
        with form.refusals():
            payable.require(form.currency.data)
            made = wallets.create_wallet(
                account_id=at.id,
                name=form.name.data,
                currency=form.currency.data,
                is_sandbox=form.is_sandbox.data,
                sms_rate_micros=form.sms_rate.micros,
                actor=actor(),
            )
            flash(f"Wallet {made.uid} was made; it is empty.", "success")
            return redirect(url_for(".show", account_id=at.id), 303)
    return render_template(
        "accounts/show.html",
        at=at,
        form=form,
        wallets=wallets.list_wallets(at.id, actor=actor()),
        stored=quota.stored(at.id, actor=actor()),
        waiting=uploads.waiting_bytes(at.id, actor=actor()),
        most=quota.limit(),
        kept=suspension.count_waiting(at.id, actor=actor()),
        late=suspension.count_late(at.id, actor=actor()),
    )


@blueprint.post("/<int:account_id>/suspend")
def suspend(account_id: int) -> ResponseReturnValue:
    at = suspension.suspend(account_id, actor=actor())
    flash(f"{at.name} is suspended: nothing of it leaves, and its API calls are refused.", "success")
    return redirect(url_for(".show", account_id=at.id), 303)


@blueprint.post("/<int:account_id>/resume")
def resume(account_id: int) -> ResponseReturnValue:
    at = suspension.resume(account_id, actor=actor())
    flash(f"{at.name} is active again.", "success")
    return redirect(url_for(".show", account_id=at.id), 303)


@blueprint.post("/<int:account_id>/release")
def release(account_id: int) -> ResponseReturnValue:
    flash(f"{plural(suspension.release(account_id, actor=actor()), 'message')} released.", "success")
    return redirect(url_for(".show", account_id=account_id), 303)


@blueprint.post("/<int:account_id>/drop")
def drop(account_id: int) -> ResponseReturnValue:
    done = suspension.drop(account_id, actor=actor())
    back = ", ".join(amount(micros, currency) for currency, micros in done.refunded_micros.items())
    flash(f"{plural(done.messages, 'message')} cancelled{f'; {back} went back' if back else ''}.", "success")
    return redirect(url_for(".show", account_id=account_id), 303)
