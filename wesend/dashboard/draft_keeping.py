"""A campaign's form is kept as a draft while it is typed, and told so, whatever its channel."""

from __future__ import annotations

from typing import NamedTuple

from flask import Response, jsonify

from ..core import clock
from ..core.errors import WesendError
from ..core.languages import gettext as _
from ..core.languages import told
from ..messages.campaigns import drafts
from .current_account import account
from .sessions import actor


class Kept(NamedTuple):
    """When a form was kept (None: it was not), or why it could not be."""

    at: int | None
    refused: str = ""


def keep(uid: str, form: drafts.Form | None) -> Kept:
    """``form`` None: nothing is written yet."""
    if form is None:
        return Kept(None)
    try:
        return Kept(drafts.keep(account().id, uid, form, actor=actor()))
    except WesendError as error:
        return Kept(None, told(error))


def answer(kept: Kept) -> Response:
    """What stands above the form, for the script that keeps it."""
    if kept.refused:
        return jsonify(saved=_("Not kept: %(why)s.", why=kept.refused))
    if kept.at is None:
        return jsonify(saved="")
    moment = clock.iso_in_zone(kept.at, account().time_zone)[11:16]
    return jsonify(saved=_("Kept as a draft at %(time)s", time=moment))
