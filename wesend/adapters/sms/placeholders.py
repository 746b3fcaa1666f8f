"""Placeholders in an operator's templates: one pass, values never scanned again, so a text can't name a secret.

A JSON or form body is read first and its texts are filled afterwards: what is filled in can't change its structure.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from ...core.languages import sentence
from ..options import BadOption

MESSAGE_NAMES = ("to", "to_digits", "text", "sender", "reference")
VALID_SECONDS = "valid_seconds"
PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w{0,63})\}")


def read_json(body: str) -> Any:
    """The template's document; BadOption when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadOption(
            sentence('The option body must be JSON with placeholders inside its texts: {"to": "{to}"}'), "options.body"
        ) from None


def read_form(body: str) -> list[tuple[str, str]]:
    """The template's fields in order; BadOption when it is no form."""
    try:
        return parse_qsl(body.strip(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise BadOption(sentence("The option body must be a form such as to={to}&text={text}"), "options.body") from None
