"""Placeholders in texts: one regular expression, one pass; values are never scanned again.

What comes out is bounded before it is put together: a contact's field may have half a megabyte, and a text may name it
a hundred times.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import islice

from .errors import InvalidInput, TextTooLong

# A name begins and ends with something that is no space: else a long run of spaces is tried in quadratic time.
DOUBLE = re.compile(r"\{\{\s*([^{}\s](?:[^{}]{0,62}[^{}\s])?)\s*\}\}")
SINGLE = re.compile(r"\{\s*([A-Za-z_](?:[\w \-]{0,62}[\w\-])?)\s*\}")
LONGEST = 39_015
"""Characters of a message with its fields filled in: what 255 parts hold, and no phone puts more together."""
MOST_PLACEHOLDERS = 1000
"""Fields that one text may name: each costs a look-up a recipient, and a text of 1 MB could name 300,000."""


def has_variables(text: str) -> bool:
    return "{{" in text and DOUBLE.search(text) is not None


def named(text: str, pattern: re.Pattern[str]) -> Counter[str]:
    """The fields that a text names, in lower case, and how often; InvalidInput for too many."""
    found = Counter(match[1].lower() for match in islice(pattern.finditer(text), MOST_PLACEHOLDERS + 1))
    if sum(found.values()) > MOST_PLACEHOLDERS:
        raise InvalidInput(f"The text names more than {MOST_PLACEHOLDERS:,} fields", {"text": ["Too many fields"]})
    return found


def too_long(limit: int) -> TextTooLong:
    return TextTooLong(
        f"With its fields filled in the message has more than {limit:,} characters", {"text": [f"At most {limit:,} characters"]}
    )


Escape = Callable[[str, int], str]
"""A value and the place of its placeholder in the text → what is put there."""


def as_it_is(value: str, _place: int) -> str:
    return value


class _Filling:
    """Values by name, in lower case; TextTooLong as soon as they have more than ``limit`` characters together."""

    def __init__(self, values: Mapping[str, str], escape: Escape, limit: int):
        self.values, self.escape, self.left, self.limit = values, escape, limit, limit

    def __call__(self, found: re.Match[str]) -> str:
        given = self.values.get(found[1].lower(), "")
        if len(given) > self.left:
            raise too_long(self.limit)
        value = self.escape(given, found.start())
        self.left -= len(value)
        if self.left < 0:
            raise too_long(self.limit)
        return value


def render(text: str, values: Mapping[str, str], escape: Escape = as_it_is, limit: int = LONGEST) -> str:
    """Fill ``{{name}}`` from ``values`` (keys in lower case); a missing one becomes the empty string."""
    return DOUBLE.sub(_Filling(values, escape, limit), text)


def render_single(text: str, values: Mapping[str, str], escape: Escape = as_it_is, limit: int = LONGEST) -> str:
    """Fill ``{name}``; where a value is empty, the double space that is left is closed."""
    fill = _Filling(values, escape, limit)
    parts: list[str] = []
    end = 0
    last = ""  # the last character so far
    for found in SINGLE.finditer(text):
        before = text[end : found.start()]
        end = found.end()
        value = fill(found)
        last = (value or before or last)[-1:]
        parts += (before, value)
        if not value and last == " " and text.startswith(" ", end):
            end += 1
    return "".join((*parts, text[end:]))


Render = Callable[[str, Mapping[str, str]], str]


def renderer(text: str) -> Render | None:
    """What fills a text in for each recipient; None where it names nothing, and is the same for all of them."""
    return render if has_variables(text) else None


PATTERNS: dict[Callable[..., str], re.Pattern[str]] = {render: DOUBLE, render_single: SINGLE}
"""How each of them finds what a text names."""
