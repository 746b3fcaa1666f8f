"""Operator: accounts and their wallets; which one the pages are about."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField

from ...accounts import allowed_countries, quota, service
from ...contacts import uploads
from ...core.languages import gettext as _
from ...core.languages import marked, ngettext, told
from ...messages.dispatch import suspension
from ...messages.reporting import across
from ...routing import payable
from ...wallets import service as wallets
from .. import current_account
from ..country_field import CountryField
from ..filters import amount, number
from ..forms import REQUIRED, Amount, Form, Text
from ..sessions import actor

blueprint = Blueprint("accounts", __name__, url_prefix="/operator/accounts")


class AccountForm(Form):
    name = Text(marked("Name"), [REQUIRED], description=marked("As it is called in lists and to its people."))
    country = CountryField(marked("Country"), default="UG", description=marked("How numbers without a country code are read."))
    time_zone = Text(marked("Time zone"), description=marked("An IANA name as Africa/Kampala; left empty, the country's main one."))


class LimitsForm(Form):
    """What bounds an account's sending; each empty field bounds nothing."""

    countries = Text(
        marked("Countries"),
        description=marked("Where it may send, by their codes, as UG, KE; all: everywhere."),
        render_kw={"autocomplete": "off"},
    )
    daily_limit = Text(
        marked("At most a day"),
        description=marked("In the currency of each wallet, of credits: credits; a day of its own zone."),
        render_kw={"inputmode": "decimal", "autocomplete": "off", "placeholder": "50000"},
    )
    recipient_limit = Text(
        marked("To one number"),
        description=marked("Messages in a while, as 5/10m,20/24h; campaigns are not counted."),
        render_kw={"autocomplete": "off", "placeholder": "5/10m,20/24h"},
    )
    burst_limit = Text(
        marked("To numbers alike"),
        description=marked("Messages to numbers that share their first 8 digits, as 200/1h; campaigns are not counted."),
        render_kw={"autocomplete": "off", "placeholder": "200/1h"},
    )
    quiet_hours = Text(
        marked("Quiet hours"),
        description=marked("When campaigns wait, by the clocks where the recipient is, as 21:00-07:00."),
        render_kw={"autocomplete": "off", "placeholder": "21:00-07:00"},
    )


class WalletForm(Form):
    name = Text(marked("Name"), render_kw={"maxlength": 60}, description=marked("What people call it, in place of its id."))
    currency = Text(
        marked("Currency"),
        [REQUIRED],
        default="UGX",
        render_kw={"maxlength": 3, "size": 5},
        description=marked("ISO 4217 as UGX or KES, or SMS for credits."),
    )
    sms_rate = Amount(marked("Price of a credit"), description=marked("In KES; only for a wallet of SMS."))
    is_sandbox = BooleanField(marked("Sandbox: nothing paid from it leaves this machine"))


@blueprint.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    form = AccountForm()
    if form.sent():
        with form.refusals():
            made = service.create_account(form.name.data, form.country.data, form.time_zone.data or None, actor=actor())
            current_account.pick(made.id)
            flash(_("%(name)s was made. Give it a wallet next.", name=made.name), "success")
            return redirect(url_for(".show", account_id=made.id), 303)
    return render_template(
        "accounts/index.html", form=form, customers=across.customers(actor=actor()), usage=across.usage(actor=actor())
    )


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
            flash(_("%(wallet)s was made; it is empty.", wallet=told(made.label)), "success")
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


@blueprint.route("/<int:account_id>/limits", methods=["GET", "POST"])
def limits(account_id: int) -> ResponseReturnValue:
    """Where it may send, how much, and when campaigns rest."""
    at, form = service.find_account(account_id, actor=actor()), LimitsForm()
    if form.sent():
        with form.refusals():
            names = ("daily_limit", "recipient_limit", "burst_limit", "quiet_hours")
            wanted = at.limits.changed(*(form[name].data or "" for name in names))
            allowed = allowed_countries.parse(form.countries.data or allowed_countries.ALL)
            if wanted != at.limits:
                service.set_limits(at.id, wanted, actor=actor())
            if allowed != at.countries:
                service.set_countries(at.id, allowed, actor=actor())
            flash(_("The limits of %(name)s are set.", name=at.name), "success")
            return redirect(url_for(".show", account_id=at.id), 303)
    elif request.method == "GET":
        form.countries.data = allowed_countries.stored(at.countries) or allowed_countries.ALL
        for name, text in at.limits.shown().items():
            form[name].data = text or ""
    return render_template("accounts/limits.html", at=at, form=form)


@blueprint.post("/<int:account_id>/suspend")
def suspend(account_id: int) -> ResponseReturnValue:
    at = suspension.suspend(account_id, actor=actor())
    flash(_("%(name)s is suspended: nothing of it leaves, and its API calls are refused.", name=at.name), "success")
    return redirect(url_for(".show", account_id=at.id), 303)


@blueprint.post("/<int:account_id>/resume")
def resume(account_id: int) -> ResponseReturnValue:
    at = suspension.resume(account_id, actor=actor())
    flash(_("%(name)s is active again.", name=at.name), "success")
    return redirect(url_for(".show", account_id=at.id), 303)


@blueprint.post("/<int:account_id>/release")
def release(account_id: int) -> ResponseReturnValue:
    released = suspension.release(account_id, actor=actor())
    flash(ngettext("%(count)s message released.", "%(count)s messages released.", released, count=number(released)), "success")
    return redirect(url_for(".show", account_id=account_id), 303)


@blueprint.post("/<int:account_id>/drop")
def drop(account_id: int) -> ResponseReturnValue:
    done = suspension.drop(account_id, actor=actor())
    back = ", ".join(amount(micros, currency) for currency, micros in done.refunded_micros.items())
    count = number(done.messages)
    if back:
        flash(
            ngettext(
                "%(count)s message cancelled; %(back)s went back.",
                "%(count)s messages cancelled; %(back)s went back.",
                done.messages,
                count=count,
                back=back,
            ),
            "success",
        )
    else:
        flash(ngettext("%(count)s message cancelled.", "%(count)s messages cancelled.", done.messages, count=count), "success")
    return redirect(url_for(".show", account_id=account_id), 303)
