"""Operator: messages of unknown outcome."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ...core.languages import gettext as _
from ...messages.receipts import unknown_outcomes
from ..paging import page
from ..sessions import actor

blueprint = Blueprint("unknown", __name__, url_prefix="/operator/unknown")


@blueprint.get("")
def index() -> ResponseReturnValue:
    found = page(lambda before, limit: unknown_outcomes.list_unknown(actor=actor(), before=before, limit=limit))
    return render_template("operator/unknown.html", page=found, can_ask=unknown_outcomes.can_ask)


@blueprint.post("/<uid>/ask")
def ask(uid: str) -> ResponseReturnValue:
    unknown_outcomes.ask_now(uid, actor=actor())
    flash(_("The gateway is asked now; the message leaves this list when it answers."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<uid>/delivered")
def delivered(uid: str) -> ResponseReturnValue:
    unknown_outcomes.decide(uid, unknown_outcomes.DELIVERED, actor=actor())
    flash(_("Noted as delivered; its charge stays."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<uid>/lost")
def lost(uid: str) -> ResponseReturnValue:
    unknown_outcomes.decide(uid, unknown_outcomes.LOST, actor=actor())
    flash(_("Noted as never sent; it was refunded."), "success")
    return redirect(url_for(".index"), 303)
