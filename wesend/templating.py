"""Placeholders in texts: one regular expression, one pass; values are never scanned again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

# A name begins and ends with something that is no space: else a long run of spaces is tried in quadratic time.
DOUBLE = re.compile(r"\{\{\s*([^{}\s](?:[^{}]{0,62}[^{}\s])?)\s*\}\}")
SINGLE = re.compile(r"\{\s*([A-Za-z_](?:[\w \-]{0,62}[\w\-])?)\s*\}")


def has_variables(text: str) -> bool:
    return "{{" in text and DOUBLE.search(text) is not None


def render(text: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """Fill ``{{name}}`` from ``values`` (keys in lower case); a missing one becomes the empty string."""
    return DOUBLE.sub(lambda found: escape(values.get(found[1].lower(), "")), text)


def render_single(text: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """Fill ``{name}``; where a value is empty, the double space that is left is closed."""
    filled, end = "", 0
    for found in SINGLE.finditer(text):
        filled += text[end:found.start()]
        end = found.end()
        value = values.get(found[1].lower(), "")
        if value:
            filled += escape(value)
        elif filled.endswith(" ") and text.startswith(" ", end):
            end += 1
    return filled + text[end:]
