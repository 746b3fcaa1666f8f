"""Where a person is named: what a database looks for, and how a text, or JSON, reads without them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import phonenumbers

from .person import Person

TEXTS = frozenset(
    "text message body content sms subject html name first_name firstname last_name lastname full_name fullname"
    " variables vars fields".split()
)
"""Keys, in lower case, whose values tell what was written to somebody, or who they are."""


class Mentions:
    """A person's addresses in all the ways in which they are written: +256…, 256…, 00256…, 0…, and in an address of the web."""

    def __init__(self, person: Person):
        self.token = person.token
        self.patterns: list[tuple[re.Pattern[str], str]] = []
        self.likes: list[str] = []
        for address, token in person.tokens.items():
            for piece, like in _ways(address):
                self.patterns.append((re.compile(piece, re.IGNORECASE), token))
                self.likes.append(like)
        self.likes = list(dict.fromkeys(self.likes))

    def are_in(self, text: str) -> bool:
        return any(pattern.search(text) for pattern, _ in self.patterns)

    def scrub(self, text: str) -> str:
        """The text with tokens where they stood; JSON stays JSON."""
        if not self.are_in(text):
            return text
        return self.scrub_json(text, within=False)

    def scrub_json(self, text: str, *, within: bool) -> str:
        """``within``: all of it is about the person, so that what was written to them goes as well."""
        if text[:1] in ("{", "["):
            try:
                read = json.loads(text)
            except (ValueError, RecursionError):
                return self.replaced(text)
            return json.dumps(self._walk(read, within), ensure_ascii=text.isascii())
        return self.replaced(text)

    def pruned(self, value: Any) -> Any:
        """Of lists only what names them: the rest is of others."""
        if isinstance(value, list):
            return [self.pruned(item) for item in value if self.are_in(json.dumps(item, ensure_ascii=False))]
        if isinstance(value, dict):
            return {key: self.pruned(item) for key, item in value.items()}
        return value

    def replaced(self, text: str) -> str:
        """Tokens where the addresses stood, and nothing else changed."""
        for pattern, token in self.patterns:
            text = pattern.sub(token, text)
        return text

    def removed(self, text: str) -> str:
        """What is left without the addresses."""
        for pattern, _ in self.patterns:
            text = pattern.sub("", text)
        return text

    def _walk(self, value: Any, within: bool) -> Any:
        if isinstance(value, str):
            return self.replaced(value)
        if _is_number(value):
            return self.replaced(str(value)) if self.are_in(str(value)) else value
        if isinstance(value, list):
            return [self._walk(item, within) for item in value]
        if isinstance(value, dict):
            theirs = within or any(
                (isinstance(item, str) or _is_number(item)) and self.are_in(str(item)) for item in value.values()
            )
            return {
                self.replaced(key): self.token if theirs and _is_text(key, item) else self._walk(item, theirs)
                for key, item in value.items()
            }
        return value


def _is_number(value: Any) -> bool:
    """Some vendors write phones so."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(key: str, value: Any) -> bool:
    return key.lower() in TEXTS and isinstance(value, str) and bool(value)


def _ways(address: str) -> Iterable[tuple[str, str]]:
    """Regular expressions, each with what a LIKE looks for (in lower case)."""
    if "@" in address:
        for written in (address, address.replace("@", "%40")):
            yield re.escape(written), like(written)
        return
    digits = address[1:]
    # The whole number is replaced wherever its digits stand; how it is dialled at home only where it stands alone.
    yield rf"(?:\+|%2B|(?<!\d)00)?{digits}", like(digits)
    number = phonenumbers.parse(address)
    home = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    national = re.sub(r"\D", "", home)
    if len(national) >= 7:
        yield rf"(?<![\w+]){national}(?!\w)", like(national)


def like(text: str) -> str:
    escaped = re.sub(r"([%_\\])", r"\\\1", text.lower())
    return f"%{escaped}%"
