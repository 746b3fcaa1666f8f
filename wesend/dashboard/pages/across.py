"""Operator: a message of any account by number, id or text."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ...messages.reporting import across
from ..sessions import actor

blueprint = Blueprint("across", __name__, url_prefix="/operator/search")


@blueprint.get("")
def index() -> ResponseReturnValue:
    typed = request.args.get("q", "").replace("\x00", "").strip()[:200]
    text = request.args.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    found = across.find(typed, before=before, actor=actor())
    return render_template("operator/search.html", typed=typed, found=found)
