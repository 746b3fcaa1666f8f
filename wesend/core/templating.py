"""Placeholders in texts: one regular expression, one pass; values are never scanned again.

``{{name|customer}}`` has a fallback, for whoever has no name. A field that is itself named with a bar goes before. Single
braces have none: what stands between them with a bar is a text of the sender's.

What comes out is bounded before it is put together: a contact's field may have half a megabyte, and a text may name it
a hundred times.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import islice
from typing import NamedTuple

from .errors import InvalidInput, TextTooLong
from .languages import sentence

# A name begins and ends with something that is no space: else a long run of spaces is tried in quadratic time.
DOUBLE = re.compile(r"\{\{\s*([^{}\s](?:[^{}]{0,62}[^{}\s])?|[^{}|\s](?:[^{}|]{0,62}[^{}|\s])?\s*\|[^{}]{0,100})\s*\}\}")
SINGLE = re.compile(r"\{\s*([^\W\d](?:[\w \-]{0,62}[\w\-])?)\s*\}")
LONGEST = 39_015
"""Characters of a message with its fields filled in: what 255 parts hold, and no phone puts more together."""
MOST_PLACEHOLDERS = 1000
"""Fields that one text may name: each costs a look-up a recipient, and a text of 1 MB could name 300,000."""


BAR = "|"


class Placeholder(NamedTuple):
    """A field's name in lower case, and what stands in for it (None: nothing does)."""

    field: str
    fallback: str | None


def placeholder(inner: str) -> Placeholder:
    """What stands between the braces."""
    field, bar, fallback = inner.partition(BAR)
    return Placeholder(field.strip().lower(), fallback.strip() if bar else None)


def placeholders(text: str) -> list[Placeholder]:
    """What a text of double braces names, each once, in order of appearance."""
    return list(dict.fromkeys(placeholder(found[1]) for found in islice(DOUBLE.finditer(text), MOST_PLACEHOLDERS)))


def value_of(inner: str, values: Mapping[str, str]) -> str:
    """What is put in the place of what stands between the braces."""
    given = values.get(inner.lower())
    if given or BAR not in inner:
        return given or ""
    field, fallback = placeholder(inner)
    return values.get(field) or fallback or ""


def has_variables(text: str) -> bool:
    return "{{" in text and DOUBLE.search(text) is not None


def named(text: str, pattern: re.Pattern[str]) -> Counter[str]:
    """The fields that a text names, in lower case, and how often; InvalidInput for too many."""
    matches = list(islice(pattern.finditer(text), MOST_PLACEHOLDERS + 1))
    if len(matches) > MOST_PLACEHOLDERS:
        raise InvalidInput(
            sentence("The text names more than %(most_placeholders)s fields", most_placeholders=f"{MOST_PLACEHOLDERS:,}"),
            {"text": ["Too many fields"]},
        )
    return Counter(key for found in matches for key in keys_of(found[1]))


def keys_of(inner: str) -> tuple[str, ...]:
    """The fields that may fill what stands between the braces, in lower case."""
    whole = inner.lower()
    return (whole, placeholder(inner).field) if BAR in inner else (whole,)


def too_long(limit: int) -> TextTooLong:
    return TextTooLong(
        sentence("With its fields filled in the message has more than %(limit)s characters", limit=f"{limit:,}"),
        {"text": [f"At most {limit:,} characters"]},
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
        given = value_of(found[1], self.values)
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


WHOLE = "\0whole"
"""No field is named so: the values' whole text, for `as_it_was`; a mail's whole subject."""


def as_it_was(_text: str, values: Mapping[str, str]) -> str:
    """A text that was filled in before, and is sent once more."""
    return values[WHOLE]


Render = Callable[[str, Mapping[str, str]], str]


def renderer(text: str) -> Render | None:
    """What fills a text in for each recipient; None where it names nothing, and is the same for all of them."""
    return render if has_variables(text) else None


LONGEST_FALLBACK = 100
"""Characters, as `DOUBLE` has them."""

PATTERNS: dict[Callable[..., str], re.Pattern[str]] = {render: DOUBLE, render_single: SINGLE}
"""How each of them finds what a text names."""
