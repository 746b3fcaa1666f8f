"""Which language the pages are in: one's own choice, and an account's."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from ...accounts import languages
from ...core.languages import gettext as _
from ...core.languages import known
from ..current_account import account
from ..errors import page_before
from ..sessions import LANGUAGE, actor, is_signed_in

blueprint = Blueprint("language", __name__, url_prefix="/language")


@blueprint.post("")
def choose() -> ResponseReturnValue:
    """Of whoever asks; of somebody who is not signed in, until the browser is closed."""
    wanted = known(request.form.get("language"))
    if is_signed_in():
        languages.choose(actor(), wanted)
    elif wanted:
        session[LANGUAGE] = wanted
    return redirect(page_before() or url_for("dashboard.overview.index"), 303)


@blueprint.post("/account")
def choose_for_account() -> ResponseReturnValue:
    wanted = known(request.form.get("language"))
    languages.choose_for_account(account().id, wanted, actor=actor())
    flash(_("The language of %(name)s is set.", name=account().name), "success")
    return redirect(url_for("dashboard.people.index"), 303)
