"""Operator: the settings in force, and what a look at the instance finds."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, current_app, render_template

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...doctor import examine
from ...settings import VARIABLES, Settings, load
from ..sessions import actor

blueprint = Blueprint("settings", __name__, url_prefix="/operator/settings")
SECRET = frozenset({"secret_key"})


@blueprint.get("")
def index():
    roles.require(actor(), OPERATE)
    values: Settings = current_app.config["WESEND"]
    plain = load({})
    rows = [(variable, _shown(name, getattr(values, name)), getattr(values, name) != getattr(plain, name))
            for name, variable in VARIABLES.items()]
    return render_template("operator/settings.html", rows=rows, findings=examine())


def _shown(name: str, value: Any) -> str:
    if name in SECRET:
        return "set" if value else "made and kept in the instance folder"
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(f"{part:g}" for part in value)
    return re.sub(r"(//[^:/@]*):[^@/]*@", r"\1:•••@", str(value))
