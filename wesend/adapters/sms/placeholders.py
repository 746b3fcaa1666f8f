"""Placeholders in an operator's templates: one pass, values never scanned again, so a text can't name a secret.

A JSON or form body is read first and its texts are filled afterwards: what is filled in can't change its structure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from ..options import BadOption

MESSAGE_NAMES = ("to", "to_digits", "text", "sender", "reference")
PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w{0,63})\}")


def fill(template: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """``{name}`` of ``values``, escaped; braces around anything else stay as they are."""
    return PLACEHOLDER.sub(lambda found: escape(values[found[1]]) if found[1] in values else found[0], template)


def fill_all(document: Any, filled: Callable[[str], str]) -> Any:
    """The document with each of its texts filled; names of fields stay."""
    if isinstance(document, dict):
        return {name: fill_all(value, filled) for name, value in document.items()}
    if isinstance(document, list):
        return [fill_all(value, filled) for value in document]
    return filled(document) if isinstance(document, str) else document


def read_json(body: str) -> Any:
    """The template's document; BadOption when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadOption('The option body must be JSON with placeholders inside its texts: {"to": "{to}"}', "options.body") from None


def read_form(body: str) -> list[tuple[str, str]]:
    """The template's fields in order; BadOption when it is no form."""
    try:
        return parse_qsl(body.strip(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise BadOption("The option body must be a form such as to={to}&text={text}", "options.body") from None
