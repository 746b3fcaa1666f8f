"""Placeholders in texts: one regular expression, one pass; values are never scanned again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

DOUBLE = re.compile(r"\{\{\s*([^{}]{1,64}?)\s*\}\}")
SINGLE = re.compile(r"\{\s*([A-Za-z_][\w \-]{0,63}?)\s*\}")
GAP = "\ue000"  # private use: marks where an empty value stood while double spaces are closed


def has_variables(text: str) -> bool:
    return "{{" in text and DOUBLE.search(text) is not None


def render(text: str, values: Mapping[str, str]) -> str:
    """Fill ``{{name}}`` from ``values`` (keys in lower case); a missing one becomes the empty string."""
    return DOUBLE.sub(lambda found: values.get(found[1].lower(), ""), text)


def render_single(text: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """Fill ``{name}``; where a value is empty, the double space that is left is closed."""

    def fill(found: re.Match) -> str:
        value = values.get(found[1].lower(), "")
        return escape(value) if value else GAP

    filled = SINGLE.sub(fill, text)
    if GAP not in filled:
        return filled
    filled = filled.replace(f" {GAP} ", " ")
    return filled.replace(GAP, "")
