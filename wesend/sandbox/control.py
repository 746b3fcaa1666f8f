"""`/sandbox/rules`, `/reset`, `/events`, `/requests`, `/webhook-secrets`: what tests steer the sandbox with, and see of it."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from ..accounts import api_calls
from ..accounts.sides import SANDBOX
from ..adapters.sms.sandbox_numbers import OUTCOMES
from ..core.errors import InvalidInput
from ..gateways import simulated
from ..gateways.simulated import Rule, UnknownRule
from ..webhooks import listening_secrets
from ..webhooks.formats import formats
from . import events as sandbox_events
from . import inbox as sandbox_inbox
from . import resetting
from .answers import as_json, wait_until
from .arguments import json_body, query_namespace, read_limit, read_namespace, read_wait

blueprint = Blueprint("control", __name__)
ACTOR = "system"


@blueprint.post("/rules")
def add_rule() -> ResponseReturnValue:
    given = json_body("to and outcome")
    outcome, delay, times = given.get("outcome"), given.get("delay"), given.get("times")
    if not isinstance(outcome, str):
        raise BadRequest(f"outcome is one of {', '.join(OUTCOMES)}")
    if delay is not None and (isinstance(delay, bool) or not isinstance(delay, int | float)):
        raise BadRequest("delay is a number of seconds")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int)):
        raise BadRequest(f"times is a number from 1 to {simulated.MOST_TIMES}")
    namespace = read_namespace(given.get("namespace"))
    try:
        return shown(simulated.add(sandbox_inbox.one_number(given.get("to")), outcome, delay, times, namespace)), 201
    except sandbox_inbox.UnknownRecipient as error:
        raise BadRequest(str(error)) from error
    except InvalidInput as error:
        raise BadRequest(str(error)) from error


@blueprint.get("/rules")
def list_rules() -> ResponseReturnValue:
    namespace = query_namespace()
    return {"rules": [shown(rule) for rule in simulated.list_rules() if namespace is None or rule.namespace == namespace]}


@blueprint.delete("/rules")
def remove_rules() -> ResponseReturnValue:
    simulated.remove_those_of(query_namespace())
    return "", 204


@blueprint.delete("/rules/<rule_id>")
def remove_rule(rule_id: str) -> ResponseReturnValue:
    try:
        simulated.remove(int(rule_id) if rule_id.isascii() and rule_id.isdigit() and len(rule_id) < 19 else 0)
    except UnknownRule:
        abort(404, "There is no such rule")
    return "", 204


def shown(rule: Rule) -> dict[str, Any]:
    delay = None if rule.delay_ms is None else rule.delay_ms / 1000
    return {
        "id": rule.id,
        "to": rule.recipient,
        "outcome": rule.outcome,
        "delay": int(delay) if delay is not None and delay.is_integer() else delay,
        "times": rule.times,
        "namespace": rule.namespace,
    }


@blueprint.post("/reset")
def reset() -> ResponseReturnValue:
    given = json_body("namespace", optional=True)
    asked = given.get("namespace")
    return dict(resetting.reset(query_namespace() if asked is None else read_namespace(asked), actor=ACTOR))


@blueprint.get("/events")
def list_events() -> ResponseReturnValue:
    deadline, limit, namespace = time.monotonic() + read_wait(), read_limit(), query_namespace()
    since = request.args.get("since") or None
    if since == "now":  # of this call, not of each look
        since = str(time.time())
    try:
        return wait_until("events", lambda: [as_json(one) for one in sandbox_events.events(since, limit, namespace)], deadline)
    except sandbox_inbox.UnknownSince as error:
        raise BadRequest(str(error)) from error


@blueprint.get("/webhook-secrets")
def show_secrets() -> ResponseReturnValue:
    """What the events are signed with."""
    return {"secrets": listening_secrets.secrets_of(SANDBOX, list(formats()))}


@blueprint.post("/webhook-secrets")
def renew_secrets() -> ResponseReturnValue:
    return {"secrets": listening_secrets.renew(SANDBOX, list(formats()))}, 201


@blueprint.get("/requests")
def list_requests() -> ResponseReturnValue:
    return {"requests": [api_calls.shown(row) for row in api_calls.of_sandbox(read_limit())]}
