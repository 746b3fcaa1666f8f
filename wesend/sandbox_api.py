"""`/sandbox/…`: what the sandbox caught, for end-to-end tests; no credentials, only while the sandbox is on."""

from __future__ import annotations

import time

from flask import Blueprint, abort, current_app, request

from .messages import caught
from .settings import Settings

blueprint = Blueprint("sandbox", __name__, url_prefix="/sandbox")
LONGEST_WAIT = 30.0
LOOK_EVERY = 0.1


@blueprint.before_request
def only_while_it_is_on():
    settings: Settings = current_app.config["WESEND"]
    if not settings.sandbox:
        abort(404)


@blueprint.get("/messages")
def list_messages():
    return {"messages": _wait_for(lambda: caught.messages(to=request.args.get("to"), since=_since()))}


@blueprint.get("/emails")
def list_emails():
    return {"emails": _wait_for(lambda: caught.emails(to=request.args.get("to"), since=_since()))}


def _since() -> str | None:
    return request.args.get("since") or None


def _wait_for(look):
    """Look until there is something or ``wait`` seconds are over."""
    try:
        wait = min(max(float(request.args.get("wait") or 0), 0.0), LONGEST_WAIT)
    except ValueError:
        abort(400, "wait is a number of seconds")
    deadline = time.monotonic() + wait
    try:
        while not (found := look()) and time.monotonic() < deadline:
            time.sleep(min(LOOK_EVERY, max(deadline - time.monotonic(), 0)))
    except caught.UnknownSince as error:
        abort(400, str(error))
    return found
