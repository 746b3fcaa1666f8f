"""An account's numbers and keywords: asked for, what they do, ended."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, SelectField, TextAreaField
from wtforms.validators import Length

from ...accounts import roles
from ...accounts.roles import MANAGE
from ...core import clock
from ...core.errors import InvalidInput
from ...core.languages import gettext as _
from ...core.languages import marked
from ...database.rows import TwoWayServiceRow
from ...messages.campaigns.form_values import find_wallet
from ...two_way import inbox, numbers, prices, services
from ...two_way.services import Request
from ..current_account import account, may_manage
from ..filters import country
from ..forms import REQUIRED, Form, Text, choices
from ..sessions import actor
from .compose import usual_wallet, wallet_choices

blueprint = Blueprint("two_way", __name__, url_prefix="/numbers")
KINDS = (("shared", marked("A keyword on a shared number")), ("dedicated", marked("A number of our own")))
MONTH_MS = 30 * clock.DAY


class RequestForm(Form):
    country = SelectField(marked("Country"))
    kind = SelectField(marked("What"), choices=choices(KINDS))
    keyword = Text(
        marked("Keyword"),
        render_kw={"maxlength": 20, "placeholder": "JOIN"},
        description=marked("On a shared number: 2 to 20 letters and digits."),
    )
    wallet = SelectField(marked("Paid from"))
    company_name = Text(marked("Company"), [REQUIRED, Length(max=200)], render_kw={"maxlength": 200})
    use_case = TextAreaField(
        marked("What it is for"),
        [REQUIRED, Length(*services.USE_CASE, message=marked("Say it in 10 to 4,000 characters, with an example"))],
        filters=[lambda text: (text or "").strip()],
        render_kw={"maxlength": services.USE_CASE[1], "rows": 3},
        description=marked("With an example of what people write."),
    )
    domain_names = {"type": "kind", "country_code": "country"}


class SettingsForm(Form):
    auto_reply_enabled = BooleanField(marked("Answer every message by itself"))
    auto_reply_text = TextAreaField(
        marked("Automatic reply"), render_kw={"maxlength": 1600, "rows": 2}, description=marked("Once a minute a phone.")
    )
    help_text = TextAreaField(
        marked("Help text"), render_kw={"maxlength": 1600, "rows": 2}, description=marked("Answers HELP, INFO and MSAADA.")
    )
    forward_email = Text(marked("Mail a copy to"), render_kw={"maxlength": 254, "type": "email"})


@blueprint.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    form = RequestForm()
    offered = [found for found in prices.all_countries() if found.is_available]
    form.country.choices = choices([(found.country, country(found.country)) for found in offered])
    form.wallet.choices = wallet_choices(account())
    if form.is_submitted():
        roles.require(actor(), MANAGE, account().id)
    else:
        form.country.data, form.wallet.data = account().country, usual_wallet(account())
    if form.sent():
        with form.refusals():
            made = services.request(
                account(), find_wallet(account(), form.wallet.data, actor=actor()), _wanted(form), actor=actor()
            )
            flash(_("%(keyword)s is asked for.", keyword=made["keyword"] or _("A number")) + " " + _next_step(made), "success")
            return redirect(url_for(".index"), 303)
    rows = services.list_services(account().id, actor=actor())
    return render_template(
        "two_way/index.html",
        form=form,
        rows=rows,
        numbers={row["id"]: numbers.of_id(None, row["number_id"]) for row in rows},
        offered=offered,
        may_manage=may_manage(),
    )


def _wanted(form: RequestForm) -> Request:
    return Request(
        form.country.data,
        form.kind.data,
        form.keyword.data or None,
        form.use_case.data or "",
        form.company_name.data or "",
        "portal",
    )


def _next_step(service: TwoWayServiceRow) -> str:
    return (
        _("The sandbox approves it in a moment.")
        if service["side"] == "sandbox"
        else _("An operator decides; nothing is charged before.")
    )


@blueprint.route("/<int:service_id>", methods=["GET", "POST"])
def show(service_id: int) -> ResponseReturnValue:
    service = services.find(service_id, account().id, actor=actor())
    form = SettingsForm(data=_settings(service))
    if form.is_submitted():
        roles.require(actor(), MANAGE, account().id)
    if form.sent():
        with form.refusals():
            changes = {name: field.data or None for name, field in form._fields.items() if name in _settings(service)}
            changes["auto_reply_enabled"] = form.auto_reply_enabled.data
            services.update(service, changes, actor=actor())
            flash(_("Saved."), "success")
            return redirect(url_for(".show", service_id=service_id), 303)
    return render_template(
        "two_way/show.html",
        form=form,
        service=service,
        number=numbers.of_id(None, service["number_id"]),
        stats=inbox.counted(account().id, service["id"], clock.now_ms() - MONTH_MS, actor=actor()),
        inbound=prices.inbound_usd(service),
        outbound=prices.outbound_usd(service),
        may_manage=may_manage(),
    )


def _settings(service: TwoWayServiceRow) -> dict:
    return {
        "auto_reply_enabled": service["auto_reply_enabled"] == 1,
        "auto_reply_text": service["auto_reply_text"],
        "help_text": service["help_text"],
        "forward_email": service["forward_email"],
    }


@blueprint.post("/<int:service_id>/cancel")
def cancel(service_id: int) -> ResponseReturnValue:
    service = services.find(service_id, account().id, actor=actor())
    if request.form.get("sure") != "1":
        raise InvalidInput(_("Say that you are sure"))
    services.cancel(service, actor=actor())
    flash(_("It has ended; its number or keyword is free."), "success")
    return redirect(url_for(".index"), 303)
