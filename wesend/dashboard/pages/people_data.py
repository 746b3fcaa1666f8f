"""People's data: what is held of somebody, to download or to erase; the account itself, to download or to close."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField

from ...accounts import exports, roles
from ...accounts.roles import MANAGE
from ...core.errors import WesendError
from ...core.languages import gettext, ngettext, told
from ...core.languages import marked as _
from ...people import account_export, closing, erasing, exporting
from .. import current_account
from ..current_account import account
from ..forms import PASSED_ON, REQUIRED, Form, Text
from ..sessions import actor

blueprint = Blueprint("people_data", __name__, url_prefix="/people-data")
PATIENCE = 5.0
"""Seconds that a page waits for what is on its way."""


class PersonForm(Form):
    address = Text(
        _("Phone or e-mail"), [REQUIRED], description=_("An e-mail address that stands beside this phone alone is theirs, too.")
    )
    everywhere = BooleanField(_("In every account"))


@blueprint.get("")
def index() -> ResponseReturnValue:
    roles.require(actor(), MANAGE, account().id, even_suspended=True)
    return render_template("people_data/index.html", form=PersonForm(formdata=None))


def _scope(form: PersonForm) -> int | None:
    return None if form.everywhere.data and current_account.may_operate() else account().id


@blueprint.post("")
def person() -> ResponseReturnValue:
    """Both buttons of the form: which one, ``does`` says."""
    roles.require(actor(), MANAGE, account().id, even_suspended=True)
    form = PersonForm()
    if form.sent():
        with form.refusals():
            if request.form.get("does") == "erase":
                _tell(erasing.erase(form.address.data, _scope(form), patience=PATIENCE, actor=actor()))
                return redirect(url_for(".index"), 303)
            return _download("person.zip", exporting.start(form.address.data, account_id=_scope(form), actor=actor()))
    return render_template("people_data/index.html", form=form)


def _tell(done: erasing.Erased) -> None:
    rows, taken = sum(done.rows.values()), done.cancelled
    told = ngettext("1 record was erased.", "%(num)s records were erased.", rows) if rows else gettext("Nothing was held.")
    flash(told, "success")
    if taken:
        flash(
            ngettext(
                "1 message was waiting: cancelled and refunded.", "%(num)s messages were waiting: cancelled and refunded.", taken
            ),
            "success",
        )
    if done.left:
        flash(gettext("Something is on its way still, and needed as it is: erase once more in a few minutes."), "error")
    if done.kept_in:
        flash(gettext("What somebody set up names the person still: %(where)s.", where=", ".join(done.kept_in)), "error")


@blueprint.post("/account")
def export_account() -> ResponseReturnValue:
    return _download(f"account-{account().id}.zip", account_export.start(account().id, actor=actor()))


@blueprint.post("/close")
def close_account() -> ResponseReturnValue:
    """For good: the account's name is typed to say so."""
    at = account()
    roles.require(actor(), MANAGE, at.id, even_suspended=True)
    is_sure = request.form.get("name", "").strip() == at.name
    if not is_sure:
        flash(gettext("The name is another one: nothing was closed."), "error")
        return redirect(url_for(".index"), 303)
    try:
        closing.close(at.id, is_sure=True, patience=PATIENCE, actor=actor())
    except WesendError as error:
        if isinstance(error, PASSED_ON):
            raise
        flash(told(error), "error")
        return redirect(url_for(".index"), 303)
    flash(gettext("%(name)s is closed.", name=at.name), "success")
    return redirect(url_for("dashboard.accounts.index" if current_account.may_operate() else "dashboard.sign_in.ask"), 303)


def _download(name: str, stream: exports.Stream) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(stream, mimetype="application/zip", headers=headers)
