"""API calls: what an account's keys asked for lately, how it was answered, and the call as cURL."""

from __future__ import annotations

import shlex

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...accounts import api_calls, keys
from ...accounts.keys import KeyOfWallet
from ...core import clock
from ...core.languages import gettext as _
from ...database import keyset
from ...database.rows import ApiCallRow
from ..current_account import account, may_manage
from ..paging import page
from ..sessions import actor

blueprint = Blueprint("calls", __name__, url_prefix="/calls")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Filters: ``status`` (a class as 4xx, or a code), ``key`` (an id)."""
    status, key = request.args.get("status", ""), request.args.get("key", "")
    known = keys.list_keys(account().id, actor=actor())
    calls = page(
        lambda before, limit: api_calls.list_calls(
            account().id,
            statuses=_statuses(status),
            key_id=int(key) if key.isascii() and key.isdigit() and len(key) < 10 else None,
            before=keyset.below(before),
            limit=limit,
            actor=actor(),
        )
    )
    until = account().log_bodies_until
    return render_template(
        "calls/index.html",
        page=calls,
        keys={row["id"]: _called(row) for row in known},
        status=status,
        statuses=[name for name in api_calls.STATUSES if name],
        key=key,
        bodies_until=until if until is not None and until > clock.now_ms() else None,
        may_manage=may_manage(),
    )


def _called(key: KeyOfWallet) -> str:
    """Its name alone would not do: those that the first steps make are all called alike, one for each API."""
    return f"{key['name']} · {key['prefix']}…"


def _statuses(text: str) -> tuple[int, int]:
    if text.isascii() and text.isdigit() and len(text) == 3:
        return int(text), int(text) + 1
    return api_calls.STATUSES.get(text, (0, 1000))


@blueprint.get("/<int:call_id>")
def show(call_id: int) -> ResponseReturnValue:
    row = api_calls.find_call(account().id, call_id, actor=actor())
    if row is None:
        abort(404)
    named = {one["id"]: _called(one) for one in keys.list_keys(account().id, actor=actor())}
    return render_template("calls/show.html", call=row, key=named.get(row["key_id"], row["key_id"]), curl=_curl(row))


def _curl(row: ApiCallRow) -> str:
    """The call to be made again: its credentials are not kept, nor what its body said."""
    parts = ["curl", "-X", row["method"], shlex.quote(f"{current_app.config['WESEND'].base_url}{row['path']}")]
    parts += ["-H", "'Authorization: …'"]
    if row["request_body"] is not None and row["request_body"].startswith(("{", "[")):
        parts += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(row["request_body"])]
    return " ".join(parts)


@blueprint.post("/bodies")
def bodies() -> ResponseReturnValue:
    on = request.form.get("on") == "1"
    api_calls.log_bodies(account().id, on, actor=actor())
    flash(_("Bodies are kept for an hour, masked.") if on else _("Bodies are no longer kept."), "success")
    return redirect(url_for(".index"), 303)
