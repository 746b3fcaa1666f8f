"""Who did what, when, and from where: of everything for an operator, of an account for its owners."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from ...accounts import audit_log, roles, service
from ...accounts.roles import MANAGE, OPERATE
from ...core import clock
from ..csv_out import csv_file
from ..current_account import account
from ..paging import page
from ..sessions import actor

blueprint = Blueprint("audit", __name__, url_prefix="/operator/audit")
of_account = Blueprint("account_audit", __name__, url_prefix="/audit")


HEADER = ("at", "action", "subject", "actor", "address", "api_key_id", "account_id", "account", "detail")
CHUNK = 500


def _export(account_id: int | None, *, of_everybody: bool) -> Response:
    """Newest first; the download is an entry itself."""
    who = actor()

    def chunk_after(before: int | None) -> tuple[list[tuple], int | None]:
        rows = audit_log.entries(actor=who, account_id=account_id, before=before, limit=CHUNK)
        return [_cells(row) for row in rows], rows[-1]["id"] if len(rows) == CHUNK else None

    return csv_file("audit.csv", HEADER, chunk_after, of_everybody=of_everybody)


def _cells(row: audit_log.EntryOfAccount) -> tuple:
    return (
        clock.iso(row["at"]),
        row["action"],
        row["subject"],
        row["actor"],
        row["address"],
        row["api_key_id"],
        row["account_id"],
        row["account_name"],
        row["detail"],
    )


def _asked() -> int | None:
    text = request.args.get("account", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@blueprint.get("/export")
def export() -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    return _export(_asked(), of_everybody=True)


@of_account.get("/export")
def export_of_account() -> ResponseReturnValue:
    roles.require(actor(), MANAGE, account().id, even_suspended=True)
    return _export(account().id, of_everybody=False)


@blueprint.get("")
def index() -> ResponseReturnValue:
    account_id = _asked()
    found = page(lambda before, limit: audit_log.entries(actor=actor(), account_id=account_id, before=before, limit=limit))
    return render_template("operator/audit.html", page=found, account_id=account_id, accounts=service.list_accounts(actor=actor()))


@of_account.get("", endpoint="index")
def index_of_account() -> ResponseReturnValue:
    at = account().id
    found = page(lambda before, limit: audit_log.entries(actor=actor(), account_id=at, before=before, limit=limit))
    return render_template("operator/audit.html", page=found, account_id=at, accounts=None)
