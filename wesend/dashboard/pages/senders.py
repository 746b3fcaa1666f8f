"""Sender IDs: an account asks for them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField

from ...accounts import roles
from ...accounts.roles import MANAGE
from ...core.languages import gettext as _
from ...core.languages import marked, told
from ...routing import senders
from ...routing.routes import active_routes_by_country
from ..current_account import account, may_manage
from ..filters import WORDS, country
from ..forms import REQUIRED, CheckList, Form, Text, choices
from ..sessions import actor

blueprint = Blueprint("senders", __name__, url_prefix="/senders")


class SenderForm(Form):
    name = Text(
        marked("Name"),
        [REQUIRED],
        render_kw={"maxlength": 11, "placeholder": "MyBrand"},
        description=marked("1 to 11 letters and digits, single spaces between them: what phones show instead of a number."),
    )
    countries = CheckList(marked("Countries"))
    use_case = TextAreaField(
        marked("What it is for"),
        description=marked("Networks ask, and so does the operator who decides."),
        render_kw={"maxlength": 500, "rows": 3},
    )


@blueprint.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    form = SenderForm()
    form.countries.choices = choices([(code, country(code)) for code in sorted(active_routes_by_country())])
    if form.is_submitted():
        roles.require(actor(), MANAGE, account().id)
    if form.sent():
        with form.refusals():
            row = senders.request_sender(
                account_id=account().id,
                name=form.name.data,
                countries=form.countries.data or [],
                use_case=(form.use_case.data or "").strip() or None,
                actor=actor(),
            )
            decides = " " + _("An operator decides.") if row["status"] == "pending" else ""
            flash(_("%(name)s is %(status)s.", name=row["name"], status=told(WORDS[row["status"]])) + decides, "success")
            return redirect(url_for(".index"), 303)
    elif not form.is_submitted():
        form.countries.data = [account().country]
    return render_template(
        "senders/index.html", form=form, rows=senders.list_senders(account().id, actor=actor()), may_manage=may_manage()
    )
