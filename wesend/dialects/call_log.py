"""What the log keeps of a call: never its query string, and of its bodies only what shows their shape."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Response
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from ..accounts import api_calls
from ..accounts.api_calls import ApiCall
from ..accounts.sides import SANDBOX
from ..core import clock
from ..core.current_request import this_g, this_request
from ..core.request_ids import request_id

LONGEST_BODY, READ = 10_000, 100_000
"""Characters kept of a body, and bytes of the longest that is looked at."""
PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z_.:/-]{0,39}")
"""What can be neither a text, nor a secret, nor a number: an event, a status, a code of an error."""
UPPER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
WORDS = frozenset(
    {"status", "event", "error", "code", "type", "loc", "msg", "currency", "country", "country_code", "encoding", "mode", "channel"}
)
"""Names whose values are the API's own words."""


def note(response: Response) -> None:
    """Hand a call to the log; of a call without a key nobody's log tells."""
    here, asked = this_g(), this_request()
    key = here.get("key")
    if key is None:
        return
    now, account = clock.now_ms(), key.account
    keeps = account.log_bodies_until is not None and account.log_bodies_until > now
    api_calls.here().add(
        ApiCall(
            account.id,
            key.id,
            int(key.side == SANDBOX),
            here.arrived_at,
            here.get("address", "")[:64],
            asked.method,
            asked.path[: api_calls.LONGEST_PATH],
            response.status_code,
            max(0, now - here.arrived_at),
            request_id(),
            here.get("error_code"),
            masked(here.get("body") or b"", asked.mimetype or "") if keeps else None,
            masked(response.get_data(), response.mimetype or "") if keeps and not response.is_streamed else None,
        )
    )


def code_of(error: Exception, shown: dict[str, Any]) -> str:
    """An error by a word: the dialect's own where it has one, else ours."""
    told = shown.get("detail")
    for word in (shown.get("error"), told.get("code") if isinstance(told, dict) else None):
        if isinstance(word, str):
            return word
    if isinstance(error, ValidationError):
        return "validation_error"
    if isinstance(error, HTTPException):
        return error.name.lower().replace(" ", "_")
    return UPPER.sub("_", type(error).__name__).lower()


def masked(body: bytes, mimetype: str) -> str | None:
    """A body with its names and its shape, and of its values only what can be no text, secret or number of anybody's."""
    if not body:
        return None
    if len(body) > READ or mimetype != "application/json":
        return f"({mimetype or 'no type'}, {len(body)} bytes)"
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return f"(no JSON, {len(body)} bytes)"
    return json.dumps(_masked(parsed, ""), ensure_ascii=False, indent=2)[:LONGEST_BODY]


def _masked(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {_name(key): _masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, name) for inner in value[:50]]
    if isinstance(value, str):
        return value if name in WORDS and PLAIN_WORD.fullmatch(value) else _hidden(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 100_000:
        return "•" * len(str(value))
    return value


def _name(key: str) -> str:
    """A name that the caller wrote may be a number, too: of a contact's fields."""
    return key if PLAIN_WORD.fullmatch(key) or (len(key) < 40 and sum(map(str.isdigit, key)) < 4) else _hidden(key)


def _hidden(text: str) -> str:
    return f"•••• ({len(text)} characters)" if text else ""
