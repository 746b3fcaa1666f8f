"""What vendors send, as a document, and the values in it. All of it is hostile until read: nothing here raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from ... import reading
from ...callbacks import CallbackRequest
from .definition import Condition, Paths

MOST_ENTRIES = 10_000
NUMBER = re.compile(r"-?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]{1,12})?|[0-9]{1,15}(?:[.,][0-9]{1,12})?)")
THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?:[,.]|$))")


class Whole(str):
    """A plain text that is all there is: every path leads to it."""


def of_answer(body: bytes, form: str) -> Any:
    """The document of an answer in ``json``, ``form`` or ``text``; None when it is no such thing."""
    if form == "json":
        return reading.json_value(body)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    if form == "text":
        return Whole(text)
    try:
        return dict(parse_qsl(text.strip(), keep_blank_values=True, max_num_fields=1000)) or None
    except ValueError:
        return None


def of_call(request: CallbackRequest, by: str) -> Any:
    """The document of a call to us; what stands in its address counts as well, unless the body says otherwise."""
    if by == "query":
        return dict(request.query)
    if by == "form":
        return dict(request.form)
    document = reading.json_value(request.body)
    if by == "json":
        return document
    if isinstance(document, list):
        return document
    return {**request.query, **(document if isinstance(document, dict) else request.form)}


def value_at(document: Any, path: str) -> Any:
    """The value at a path; of a field whose own name has dots in it, too."""
    if isinstance(document, Whole):
        return str(document)
    return document[path] if isinstance(document, dict) and path in document else reading.pick(document, path)


def first_at(document: Any, paths: Paths) -> str | None:
    """The first text, number or truth value that is found, as one line."""
    for path in paths:
        found = reading.text(value_at(document, path))
        if found is not None:
            return found
    return None


def folded(word: str) -> str:
    """As words are compared: without case."""
    return word.casefold()


def entries(document: Any, path: str) -> Iterator[Any]:
    """The objects of a list at a path. Where a list stands on the way, those below each of its entries; an object by
    itself is one. Without a path: the document, or each entry of it."""
    if isinstance(document, list):
        for entry in document:
            if isinstance(entry, dict):
                yield from entries(entry, path)
        return
    if not path:
        if document is not None:
            yield document
        return
    head, _, rest = path.partition(".")
    below = document.get(head) if isinstance(document, dict) else None
    if isinstance(below, dict | list):
        yield from entries(below, rest)


def meets(document: Any, when: Condition | None) -> bool:
    if when is None:
        return True
    found = first_at(document, when.path)
    return found is not None and folded(found) in when.values


def amount_in(text: str | None) -> str | None:
    """The number in a text such as ``KES 0.8000`` or ``KSh1,234.50``; a comma that no thousands end at is a point."""
    found = NUMBER.search(text.replace(" ", "")) if text else None
    if found is None:
        return None
    number = found[0]
    if number.lstrip("-")[0] != "0":
        number = THOUSANDS.sub("", number)
    return number.replace(",", ".")


CURRENCY = re.compile(r"\b[A-Z]{3}\b")


def currency_at(document: Any, paths: Paths, text: str | None = None) -> str | None:
    """What the amount in ``text`` is of: as the document tells, or the text; else the file, by a code in place of a path."""
    told = first_at(document, paths) or currency_in(text)
    if told is None and len(paths) == 1 and CURRENCY.fullmatch(paths[0]):
        return paths[0]
    return told


def currency_in(text: str | None) -> str | None:
    """The currency in a text such as ``KES 0.8000``."""
    found = CURRENCY.search(text) if text else None
    return found[0] if found else None
