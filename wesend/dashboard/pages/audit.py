"""Who did what, when, and from where: of everything for an operator, of an account for its owners."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ...accounts import audit_log, service
from ..current_account import account
from ..paging import page
from ..sessions import actor

blueprint = Blueprint("audit", __name__, url_prefix="/operator/audit")
of_account = Blueprint("account_audit", __name__, url_prefix="/audit")


@blueprint.get("")
def index() -> ResponseReturnValue:
    text = request.args.get("account", "")
    account_id = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    found = page(lambda before, limit: audit_log.entries(actor=actor(), account_id=account_id, before=before, limit=limit))
    return render_template("operator/audit.html", page=found, account_id=account_id, accounts=service.list_accounts(actor=actor()))


@of_account.get("", endpoint="index")
def index_of_account() -> ResponseReturnValue:
    at = account().id
    found = page(lambda before, limit: audit_log.entries(actor=actor(), account_id=at, before=before, limit=limit))
    return render_template("operator/audit.html", page=found, account_id=at, accounts=None)
