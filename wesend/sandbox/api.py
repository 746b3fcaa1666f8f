"""`/sandbox/…`: what the sandbox caught, for end-to-end tests; no credentials, only for who may use the sandbox."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable

from flask import Blueprint, Flask, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, HTTPException, NotFound

from ..adapters.reading import message_text
from ..core import thread_slots
from ..core.client_addresses import may_use_sandbox
from ..core.errors import MessageNotFound
from ..core.thread_slots import LONG_POLLS
from . import caught_mail, received
from . import inbox as sandbox_inbox
from .inbox import Wanted

blueprint = Blueprint("sandbox", __name__, url_prefix="/sandbox")
LONGEST_WAIT = 30.0
LOOK_EVERY = 0.1
LONGEST_SENDER = 65  # characters of a number, or of what stands for one
CODES = {400: "invalid_argument", 404: "not_found", 405: "method_not_allowed"}


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.before_request
def only_for_who_may_use_it() -> None:
    if not may_use_sandbox():
        abort(404)


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
    return _wait_for("messages", lambda wanted: [_json(found) for found in sandbox_inbox.messages(wanted)])


@blueprint.post("/messages")
def take_message() -> ResponseReturnValue:
    """An inbound message, as if a phone had written it; it is matched before this answers."""
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise BadRequest("The body is a JSON object with from, to and text")
    sender, recipient, text = (given.get(name) for name in ("from", "to", "text"))
    if not isinstance(sender, str) or not sender.strip() or len(sender) > LONGEST_SENDER:
        raise BadRequest("from is the phone that writes")
    if recipient is not None and not isinstance(recipient, str):
        raise BadRequest("to is the number that is written to")
    if not isinstance(text, str):
        raise BadRequest("text is what is written")
    found = received.take(sender.strip(), (recipient or "").strip()[:LONGEST_SENDER] or None, message_text(text))
    return {"id": found.message_id, "account_id": found.account_id, "service_id": found.service_id}, 201


@blueprint.get("/emails")
def list_emails() -> ResponseReturnValue:
    return _wait_for("emails", lambda wanted: caught_mail.list_emails(wanted, _json))


@blueprint.get("/emails/<uid>")
def show_email(uid: str) -> ResponseReturnValue:
    return Response(_found(lambda: caught_mail.find(uid, _json)), content_type="application/json")


@blueprint.get("/emails/<uid>/raw")
def show_raw_email(uid: str) -> ResponseReturnValue:
    return Response(_found(lambda: caught_mail.raw(uid)), content_type="message/rfc822")


def _found(find: Callable[[], bytes]) -> bytes:
    try:
        return find()
    except MessageNotFound:
        abort(404, "No such mail was caught")


def _json(found: dict) -> bytes:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _list(name: str, found: list[bytes]) -> Response:
    """What was found, as it lies there: lists of mails have some megabytes, and are not put together once more."""
    pieces = [piece for one in found for piece in (b",", one)][1:]
    answer = Response([b'{"%s":[' % name.encode(), *pieces, b"]}\n"], content_type="application/json")
    answer.content_length = sum(map(len, answer.response))
    return answer


def _wait_for(name: str, look: Callable[[Wanted], list[bytes]]) -> Response:
    """Look until there is something or ``wait`` seconds are over; without a free place to wait, once."""
    deadline = time.monotonic() + _wait()
    try:
        wanted = Wanted(
            request.args.get("to"), sandbox_inbox.read_since(request.args.get("since") or None), _limit(), _is_newest_first()
        )
        found = look(wanted)
        if found or time.monotonic() >= deadline:
            return _list(name, found)
        with thread_slots.here().taken({LONG_POLLS}) as taken:
            if not taken:
                answer = _list(name, found)
                answer.headers["Retry-After"] = "1"
                return answer
            while not (found := look(wanted)) and time.monotonic() < deadline:
                time.sleep(min(LOOK_EVERY, max(deadline - time.monotonic(), 0)))
    except (sandbox_inbox.UnknownSince, sandbox_inbox.UnknownRecipient) as error:
        raise BadRequest(str(error)) from error
    return _list(name, found)


def _wait() -> float:
    """Seconds; 0 for what is no positive number."""
    try:
        wait = float(request.args.get("wait") or 0)
    except ValueError:
        raise BadRequest("wait is a number of seconds") from None
    return 0.0 if math.isnan(wait) else min(max(wait, 0.0), LONGEST_WAIT)


def _limit() -> int:
    given = request.args.get("limit")
    if given is None:
        return sandbox_inbox.LIMIT
    if not given.isascii() or not given.isdigit() or len(given) > 6 or not 1 <= int(given) <= sandbox_inbox.MOST:
        raise BadRequest(f"limit is a number from 1 to {sandbox_inbox.MOST}")
    return int(given)


def _is_newest_first() -> bool:
    given = request.args.get("order", sandbox_inbox.ASC)
    if given not in (sandbox_inbox.ASC, sandbox_inbox.DESC):
        raise BadRequest(f"order is {sandbox_inbox.ASC} or {sandbox_inbox.DESC}")
    return given == sandbox_inbox.DESC
