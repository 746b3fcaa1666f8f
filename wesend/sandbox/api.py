"""`/sandbox/…`: what the sandbox caught, for end-to-end tests; no credentials, only for who may use the sandbox.

Rules, reset, events and the log of calls: `control`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Blueprint, Flask, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, HTTPException, NotFound

from ..adapters.reading import message_text
from ..core.client_addresses import may_use_sandbox
from ..core.errors import MessageNotFound
from . import caught_mail, control, forgetting, received
from . import inbox as sandbox_inbox
from .answers import as_json, wait_until
from .arguments import json_body, query_namespace, read_limit, read_namespace, read_wait
from .inbox import Since, Wanted

blueprint = Blueprint("sandbox", __name__, url_prefix="/sandbox")
LONGEST_WAIT = 30.0
LOOK_EVERY = 0.1
LONGEST_SENDER = 65  # characters of a number, or of what stands for one
CODES = {400: "invalid_argument", 404: "not_found", 405: "method_not_allowed"}


blueprint.register_blueprint(control.blueprint)


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.before_request
def only_for_who_may_use_it() -> None:
    if not may_use_sandbox() or _is_of_another_site():
        abort(404)


def _is_of_another_site() -> bool:
    """A page from elsewhere, in a browser on this machine, changes nothing here: what it asks needs no credentials."""
    return request.method not in ("GET", "HEAD", "OPTIONS") and request.headers.get("Sec-Fetch-Site") == "cross-site"


@blueprint.after_request
def keep_nowhere(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def show_error(error: HTTPException) -> Response | None:
    """An error under `/sandbox` in its own form; None elsewhere. Who may not use it is told of nothing but 404."""
    if request.path != "/sandbox" and not request.path.startswith("/sandbox/"):
        return None
    if not may_use_sandbox():
        error = NotFound()
    assert error.code is not None
    told = {"code": CODES.get(error.code, error.name.lower().replace(" ", "_")), "message": error.description or error.name}
    response = jsonify({"error": told})
    response.status_code = error.code
    response.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    return keep_nowhere(response)


@blueprint.get("/messages")
def list_messages() -> ResponseReturnValue:
    return _wait_for("messages", lambda wanted: [as_json(found) for found in sandbox_inbox.messages(wanted)])


@blueprint.delete("/messages")
def forget_messages() -> ResponseReturnValue:
    return {"deleted": _forget(forgetting.messages)}


@blueprint.delete("/emails")
def forget_emails() -> ResponseReturnValue:
    return {"deleted": _forget(forgetting.emails)}


def _forget(forget: Callable[[Wanted, Since | None], int]) -> int:
    """How many; an empty argument is a mistake, and must not mean all."""
    empty = next((name for name in ("to", "namespace", "before") if request.args.get(name, "-").strip() == ""), None)
    if empty is not None:
        raise BadRequest(f"{empty} is empty")
    try:
        before = sandbox_inbox.read_since(request.args.get("before"))
    except sandbox_inbox.UnknownSince as error:
        raise BadRequest(str(error).replace("since", "before")) from error
    try:
        return forget(Wanted(request.args.get("to"), namespace=query_namespace()), before)
    except sandbox_inbox.UnknownRecipient as error:
        raise BadRequest(str(error)) from error


@blueprint.post("/messages")
def take_message() -> ResponseReturnValue:
    """An inbound message, as if a phone had written it; it is matched before this answers."""
    given = json_body("from, to and text")
    sender, recipient, text = (given.get(name) for name in ("from", "to", "text"))
    if not isinstance(sender, str) or not sender.strip() or len(sender) > LONGEST_SENDER:
        raise BadRequest("from is the phone that writes")
    if recipient is not None and not isinstance(recipient, str):
        raise BadRequest("to is the number that is written to")
    if not isinstance(text, str):
        raise BadRequest("text is what is written")
    to = (recipient or "").strip()[:LONGEST_SENDER] or None
    found = received.take(sender.strip(), to, message_text(text), read_namespace(given.get("namespace")))
    return {"id": found.message_id, "account_id": found.account_id, "service_id": found.service_id}, 201


@blueprint.get("/emails")
def list_emails() -> ResponseReturnValue:
    return _wait_for("emails", lambda wanted: caught_mail.list_emails(wanted, as_json))


@blueprint.get("/emails/<uid>")
def show_email(uid: str) -> ResponseReturnValue:
    return Response(_found(lambda: caught_mail.find(uid, as_json)), content_type="application/json")


@blueprint.get("/emails/<uid>/raw")
def show_raw_email(uid: str) -> ResponseReturnValue:
    return Response(_found(lambda: caught_mail.raw(uid)), content_type="message/rfc822")


def _found(find: Callable[[], bytes]) -> bytes:
    try:
        return find()
    except MessageNotFound:
        abort(404, "No such mail was caught")


def _wait_for(name: str, look: Callable[[Wanted], list[bytes]]) -> Response:
    """Look until there is something or ``wait`` seconds are over; without a free place to wait, once."""
    deadline = time.monotonic() + read_wait()
    try:
        wanted = Wanted(
            request.args.get("to"),
            sandbox_inbox.read_since(request.args.get("since") or None),
            read_limit(),
            _is_newest_first(),
            query_namespace(),
        )
        return wait_until(name, lambda: look(wanted), deadline)
    except (sandbox_inbox.UnknownSince, sandbox_inbox.UnknownRecipient) as error:
        raise BadRequest(str(error)) from error


def _is_newest_first() -> bool:
    given = request.args.get("order", sandbox_inbox.ASC)
    if given not in (sandbox_inbox.ASC, sandbox_inbox.DESC):
        raise BadRequest(f"order is {sandbox_inbox.ASC} or {sandbox_inbox.DESC}")
    return given == sandbox_inbox.DESC
