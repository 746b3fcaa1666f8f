"""Texts with placeholders, compiled once and filled for every call.

What is filled in is never read again: a message's text can name no secret, and can't change a document's structure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from ..placeholders import PLACEHOLDER

Values = Mapping[str, Any]
Filler = Callable[[Values], Any]
UrlFiller = Callable[[Values], str]


def written(value: Any) -> str:
    """A value as it stands inside a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def names_in(document: Any) -> Iterator[str]:
    """The placeholders of all texts of a document."""
    if isinstance(document, str):
        yield from PLACEHOLDER.findall(document)
    elif isinstance(document, dict):
        for value in document.values():
            yield from names_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from names_in(value)


def _parts(text: str, known: Collection[str]) -> list[tuple[str, str | None]]:
    """Text before each placeholder, and its name; last what is left. Braces around anything else stay as they are."""
    found: list[tuple[str, str | None]] = []
    end = 0
    for placeholder in PLACEHOLDER.finditer(text):
        if placeholder[1] in known:
            found.append((text[end : placeholder.start()], placeholder[1]))
            end = placeholder.end()
    return [*found, (text[end:], None)]


def _constant(value: Any) -> Filler:
    return lambda _values: value


def _is_alone(text: str, known: Collection[str]) -> bool:
    found = PLACEHOLDER.fullmatch(text)
    return found is not None and found[1] in known


def text_filler(text: str, known: Collection[str], write: Callable[[Any], str] = written) -> UrlFiller:
    """The text with its placeholders filled, each written by ``write``."""
    parts = _parts(text, known)
    if len(parts) == 1:
        return _constant(text)

    def fill(values: Values) -> str:
        return "".join([before if name is None else before + write(values[name]) for before, name in parts])

    return fill


def filler(document: Any, known: Collection[str]) -> Filler:
    """The document with its texts filled. A placeholder that stands alone keeps its type; when it is empty, its key goes."""
    if isinstance(document, str):
        if _is_alone(document, known):
            name = document[1:-1]
            return lambda values: values[name]
        return text_filler(document, known)
    if isinstance(document, dict):
        return _table_filler(document, known)
    if isinstance(document, list) and any(name in known for name in names_in(document)):
        made = [(filler(value, known), isinstance(value, str) and _is_alone(value, known)) for value in document]
        return lambda values: [
            found for found, may_go in ((fill(values), may_go) for fill, may_go in made) if not (may_go and found in (None, ""))
        ]
    return _constant(document)


def plain_filler(document: Any, known: Collection[str]) -> Filler:
    """The document with its texts filled; each stays a text, and stays where it is."""
    if isinstance(document, str):
        return text_filler(document, known)
    if isinstance(document, dict):
        table = {name: plain_filler(value, known) for name, value in document.items()}
        return lambda values: {name: fill(values) for name, fill in table.items()}
    if isinstance(document, list):
        entries = [plain_filler(value, known) for value in document]
        return lambda values: [fill(values) for fill in entries]
    return _constant(document)


def _table_filler(document: dict, known: Collection[str]) -> Filler:
    if not any(name in known for name in names_in(document)):
        return _constant(document)
    made = [(key, filler(value, known), isinstance(value, str) and _is_alone(value, known)) for key, value in document.items()]

    def fill(values: Values) -> dict:
        table = {}
        for key, fill_one, may_go in made:
            value = fill_one(values)
            if not (may_go and (value is None or value == "")):
                table[key] = value
        return table

    return fill


def url_filler(text: str, known: Collection[str], addresses: Collection[str]) -> UrlFiller:
    """A URL: ``addresses`` are options that are URLs themselves; anything else is one quoted part of it."""
    parts = _parts(text, known)

    def fill(values: Values) -> str:
        return "".join(
            [
                before
                if name is None
                else before + (str(values[name]).rstrip("/") if name in addresses else quote(written(values[name]), safe=""))
                for before, name in parts
            ]
        )

    return fill


def one_line(value: Any) -> str:
    """As a header holds it."""
    return " ".join(written(value).split())
