"""`/callbacks/{sms,money}/NAME/<token>`: what vendors report. Kept first and answered at once; a job makes something of it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from io import BytesIO
from typing import TypeVar

from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.formparser import FormDataParser

from ..adapters.callbacks import BadSignature, CallbackRequest, UnreadableCallback
from ..adapters.sms.base import SmsGateway, read_either
from ..gateways import registry, service
from ..messages.receipts import inbox as receipt_inbox
from ..two_way import incoming
from ..wallets import deposit_polling

blueprint = Blueprint("callbacks", __name__, url_prefix="/callbacks")
LIMIT = 1024 * 1024
T = TypeVar("T")


@blueprint.route("/sms/<name>/<token>", methods=["GET", "POST", "PUT"])
def take_receipts(name: str, token: str) -> ResponseReturnValue:
    """Receipts, and messages that people wrote where a vendor has one address for both."""
    gateway = _sms_gateway(name, token)
    called = _called()
    receipts, messages = _read(lambda call: read_either(gateway, call), called)
    if messages:
        incoming.keep(name, messages, _raw(called))
    if receipts:
        receipt_inbox.keep(name, receipts, _raw(called))
    return _answered(gateway.inbound_answer if messages and not receipts else gateway.callback_answer)


@blueprint.route("/sms/<name>/<token>/in", methods=["GET", "POST", "PUT"])
def take_inbound(name: str, token: str) -> ResponseReturnValue:
    """Messages that people wrote, at an address of their own."""
    gateway = _sms_gateway(name, token)
    called = _called()
    messages = _read(gateway.read_inbound, called)
    if not messages:
        abort(400)
    incoming.keep(name, messages, _raw(called))
    return _answered(gateway.inbound_answer)


def _sms_gateway(name: str, token: str) -> SmsGateway:
    gateway = registry.sms_gateway(name)
    _check(name, token, gateway)
    assert gateway is not None
    return gateway


def _raw(called: CallbackRequest) -> str:
    return called.body.decode("utf-8", "replace") or request.query_string.decode("latin-1")


def _answered(answer: tuple[str | None, int]) -> ResponseReturnValue:
    """What the vendor wants to read: JSON and XML are called so, whatever is in the file."""
    body, status = answer
    if body is None:
        return "", status
    mimetype = {"{": "application/json", "[": "application/json", "<": "text/xml"}.get(body[:1], "text/plain")
    return Response(body, status, mimetype=mimetype)


@blueprint.route("/money/<name>/<token>", methods=["GET", "POST", "PUT"])
def take_hints(name: str, token: str) -> ResponseReturnValue:
    gateway = registry.money_gateway(name)
    _check(name, token, gateway)
    assert gateway is not None
    deposit_polling.take_hints(name, _read(gateway.read_callback, _called()))
    body, status = gateway.callback_answer
    return (body, status) if body is not None else ("", status)


def _check(name: str, token: str, gateway: object | None) -> None:
    """The token in the path is the secret: one answer for a wrong one and for no gateway of that name."""
    right = service.callback_token(name) or ""
    if not hmac.compare_digest(right.encode(), token.encode("utf-8", "replace")) or not right or gateway is None:
        abort(404)


def _called() -> CallbackRequest:
    # Not by Flask's own limit: a chunked body that is too long would be cut short by it, and read as a whole one.
    body = b"" if (request.content_length or 0) > LIMIT else request.stream.read(LIMIT + 1)
    if len(body) > LIMIT or (request.content_length or 0) > LIMIT:
        abort(413)
    form = FormDataParser().parse(BytesIO(body), request.mimetype, len(body), request.mimetype_params)[1]
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return CallbackRequest(
        request.method,
        current_app.config["WESEND"].base_url + request.path + query,
        dict(request.headers),
        request.args.to_dict(),
        form.to_dict(),
        body,
    )


def _read(read: Callable[[CallbackRequest], T], called: CallbackRequest) -> T:
    try:
        return read(called)
    except BadSignature:
        abort(403)
    except UnreadableCallback:
        abort(400)
