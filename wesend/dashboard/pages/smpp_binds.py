"""The binds of SMPP clients, and what was refused lately: operators see everybody's, owners their account's."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ...accounts import roles
from ...accounts.roles import MANAGE
from ...binds import opened, refusals
from ...binds.statuses import name as status_name
from ...core.languages import gettext
from ..current_account import account, may_operate
from ..sessions import actor

blueprint = Blueprint("smpp_binds", __name__, url_prefix="/smpp")


@blueprint.get("")
def index() -> ResponseReturnValue:
    seen = None if may_operate() else account().id
    if seen is not None:
        roles.require(actor(), MANAGE, seen, even_suspended=True)
    settings = current_app.config["WESEND"]
    return render_template(
        "smpp/index.html",
        binds=opened.list_binds(seen, actor=actor()),
        refused=refusals.list_refusals(seen, actor=actor()),
        shows_accounts=seen is None,
        status_name=status_name,
        why=_why,
        port=settings.smpp_port,
        host=settings.smpp_shown_host,
        tls=settings.smpp_tls_cert is not None,
    )


def _why(reason: str) -> str:
    """Why a bind was refused, in words; submissions have theirs."""
    known = {
        "credentials": gettext("Wrong system_id or password"),
        "address": gettext("The key may not be used now, or not from this address"),
        "sandbox_off": gettext("The sandbox is not open to this address"),
        "suspended": gettext("The account is suspended"),
        "too_many_binds": gettext("The key has all the binds that it may have"),
        "too_many_failures": gettext("Too many failed binds from this address"),
        "stopping": gettext("The server was stopping"),
        "malformed": gettext("The bind was cut short"),
        "error": gettext("An error of ours; the log tells more"),
    }
    return known.get(reason, reason)


@blueprint.post("/<uid>/end")
def end(uid: str) -> ResponseReturnValue:
    row = opened.ask_to_end(uid, actor=actor())
    flash(gettext("The bind of %(system_id)s ends in a moment; its client may bind again.", system_id=row["system_id"]), "success")
    return redirect(url_for(".index"), 303)
