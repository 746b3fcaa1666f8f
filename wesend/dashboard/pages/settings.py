"""Operator: the settings in force, what a look at the instance finds, and whether anything leaves it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...coordination import pause
from ...core.languages import gettext as _
from ...core.settings import SECRET_NAMES, VARIABLES, Settings, load
from ...core.settings_values import hide_credentials
from ...operations import pausing, queue_state
from ...operations.doctor import examine
from ..sessions import actor

blueprint = Blueprint("settings", __name__, url_prefix="/operator/settings")


@blueprint.get("")
def index() -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    values: Settings = current_app.config["WESEND"]
    plain = load({})
    rows = [
        (variable, _shown(variable, getattr(values, name)), getattr(values, name) != getattr(plain, name))
        for name, variable in VARIABLES.items()
    ]
    return render_template(
        "operator/settings.html",
        rows=rows,
        findings=examine(),
        paused=pause.current(),
        queued=queue_state.queued(),
        usual_reason=pausing.BY_HAND,
    )


@blueprint.post("/pause")
def pause_dispatch() -> ResponseReturnValue:
    pausing.pause(request.form.get("reason", "").replace("\x00", "").strip()[:200] or pausing.BY_HAND, actor=actor())
    flash(_("Dispatch is paused: what is sent is accepted and waits."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/resume")
def resume_dispatch() -> ResponseReturnValue:
    pausing.resume(actor=actor())
    flash(_("Dispatch goes on."), "success")
    return redirect(url_for(".index"), 303)


def _shown(variable: str, value: Any) -> str:
    if variable == "WESEND_SECRET_KEY" and not value:
        return _("made and kept in the instance folder")
    if value is None or value == "":
        return "–"
    if SECRET_NAMES.search(variable):
        return "set"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    return hide_credentials(str(value))
