"""What calls of `/sandbox/…` are asked with; BadRequest, which names what is wrong."""

from __future__ import annotations

import math
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

from ..core import namespaces
from . import inbox as sandbox_inbox

LONGEST_WAIT = 30.0


def query_namespace() -> str | None:
    return read_namespace(request.args.get("namespace"))


def read_namespace(given: Any) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not namespaces.is_namespace(given):
        raise BadRequest(f"namespace has {namespaces.PROBLEM}")
    return given


def json_body(expected: str, *, optional: bool = False) -> dict[str, Any]:
    """The body as an object, whatever it is called."""
    raw = request.get_data()
    if optional and not raw.strip():
        return {}
    given = request.get_json(silent=True, force=True)
    if not isinstance(given, dict):
        raise BadRequest(f"The body is a JSON object with {expected}")
    return given


def read_wait() -> float:
    """Seconds, cut to LONGEST_WAIT; BadRequest for what is no number of them."""
    try:
        wait = float(request.args.get("wait") or 0)
    except ValueError:
        raise BadRequest("wait is a number of seconds") from None
    if math.isnan(wait) or wait < 0:
        raise BadRequest("wait is a number of seconds, from 0 on")
    return min(wait, LONGEST_WAIT)


def read_limit() -> int:
    given = request.args.get("limit")
    if given is None:
        return sandbox_inbox.LIMIT
    if not given.isascii() or not given.isdigit() or len(given) > 6 or not 1 <= int(given) <= sandbox_inbox.MOST:
        raise BadRequest(f"limit is a number from 1 to {sandbox_inbox.MOST}")
    return int(given)
