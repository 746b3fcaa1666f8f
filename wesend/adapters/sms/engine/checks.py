"""Reading a table strictly: every key is known, every value of its kind, and what is wrong is said in one sentence.

`acme.toml: [answer.codes] 200: expected accepted, refused, temporary or unknown, not "ok"`
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

Reader = Callable[[Any], Any]
PATH = re.compile(r"[^\s{}]{1,200}")
STATUSES = range(100, 600)


class BadVendorFile(ValueError):
    """``str`` names the file, the table, the key and what was expected."""


class Expected(ValueError):
    """A value of the wrong kind: ``str`` is what was expected; ``key``: below the one that was read."""

    def __init__(self, expected: str, *, key: str | None = None, value: Any = None, other: bool = False):
        super().__init__(expected)
        self.key, self.value, self.other = key, value, other


def listed(words: Iterable[str]) -> str:
    """``a, b or c``."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def shown(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = "that"
    return text if len(text) <= 60 else text[:57] + "…"


def nearest(name: str, known: Collection[str]) -> str:
    """``, did you mean x?`` where a known name is near."""
    found = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f", did you mean {found[0]}?" if found else f"; known are {', '.join(sorted(known))}" if known else ""


class Table:
    """A table that is read key by key; `done` complains of keys that nobody asked for."""

    def __init__(self, file: str, name: str, values: Any):
        self.file, self.name, self.asked = file, name, set[str]()
        if not isinstance(values, dict):
            raise BadVendorFile(f"{self.where()}: expected a table, not {shown(values)}")
        self.values: dict[str, Any] = values

    def where(self, key: str | None = None) -> str:
        return f"{self.file}:" + (f" [{self.name}]" if self.name else "") + (f" {key}" if key is not None else "")

    def wrong(self, key: str | None, sentence: str) -> BadVendorFile:
        return BadVendorFile(f"{self.where(key)}: {sentence}")

    def read(self, key: str, reader: Reader, default: Any = None, *, required: bool = False) -> Any:
        self.asked.add(key)
        if key not in self.values:
            if required:
                raise self.misspelt(key) or self.wrong(key, "is missing")
            return default
        return self.checked(key, self.values[key], reader)

    def checked(self, key: str, value: Any, reader: Reader) -> Any:
        try:
            return reader(value)
        except Expected as error:
            if error.key is not None:
                where = Table(self.file, f"{self.name}.{key}" if self.name else key, {})
                raise where.wrong(error.key, f"expected {error}, not {shown(error.value)}") from None
            raise self.wrong(key, str(error) if error.other else f"expected {error}, not {shown(value)}") from None

    def table(self, key: str, *, required: bool = False) -> Table | None:
        self.asked.add(key)
        if key not in self.values:
            if required:
                missing = BadVendorFile(f"{self.file}: [{self.name + '.' if self.name else ''}{key}] is missing")
                raise self.misspelt(key) or missing
            return None
        return Table(self.file, f"{self.name}.{key}" if self.name else key, self.values[key])

    def misspelt(self, key: str) -> BadVendorFile | None:
        """What is missing may stand there under a name that is nearly its own."""
        unread = [other for other in self.values if other not in self.asked]
        found = difflib.get_close_matches(key, unread, 1, 0.6)
        return self.wrong(found[0], f"unknown key, did you mean {key}?") if found else None

    def done(self) -> None:
        for key in self.values:
            if key not in self.asked:
                raise self.wrong(key, f"unknown key{nearest(key, self.asked)}")


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Expected("a text of one line")
    return value


def any_text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise Expected("a text")
    return value


def pattern(value: Any) -> str:
    try:
        re.compile(text(value))
    except (re.error, RecursionError, OverflowError):
        raise Expected("a regular expression") from None
    return value


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Expected("true or false")
    return value


def integer(least: int, most: int) -> Reader:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Expected(f"a whole number from {least} to {most}")
        return value

    return read


def number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**6:
        raise Expected("a number above 0")
    return float(value)


def one_of(*words: str) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise Expected(listed(words))
        return value

    return read


def list_of(reader: Reader, what: str) -> Reader:
    """One value, or a list of them."""

    def read(value: Any) -> tuple:
        values = value if isinstance(value, list) else [value]
        try:
            return tuple(map(reader, values))
        except Expected:
            raise Expected(what) from None

    return read


def path(value: Any) -> str:
    if not isinstance(value, str) or not PATH.fullmatch(value):
        raise Expected("a dotted path")
    return value


paths = list_of(path, "a dotted path, or a list of them")
values = list_of(lambda value: plain(value), "a list of texts or numbers")
statuses = list_of(lambda value: integer(100, 599)(value), "an HTTP status, or a list of them")


def plain(value: Any) -> str:
    """A text or a number, as it is compared: without case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int):
        raise Expected("a text or a number")
    return " ".join(str(value).split()).casefold()


def word_table(words: Collection[str]) -> Reader:
    """What a vendor calls it → one of ``words``; keys are compared without case."""

    def read(value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise Expected("a table")
        for key, word in value.items():
            if not isinstance(word, str) or word not in words:
                raise Expected(listed(words), key=key, value=word)
        return {plain(key): word for key, word in value.items()}

    return read


def status_table(words: Collection[str]) -> Reader:
    """HTTP status → one of ``words``."""

    def read(value: Any) -> dict[int, str]:
        found = word_table(words)(value)
        for key in value:
            if not key.isdecimal() or int(key) not in STATUSES:
                raise Expected("an HTTP status as the key", key=key, value=key)
        return {int(key): word for key, word in found.items()}

    return read


def of_scalars(value: Mapping) -> bool:
    """Whether a table holds only texts, numbers, truth values and lists of them."""
    return all(
        isinstance(one, str | int | float) or (isinstance(one, list) and all(isinstance(each, str | int | float) for each in one))
        for one in value.values()
    )


def table_of_scalars(value: Any) -> dict:
    if not isinstance(value, dict) or not of_scalars(value):
        raise Expected("a table of texts and numbers")
    return value


def table_of_texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(one, str | int) and not isinstance(one, bool) and (name + str(one)).isprintable() for name, one in value.items()
    ):
        raise Expected("a table of texts")
    return {name: str(one) for name, one in value.items()}


def document(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, dict):
        for name, one in value.items():
            try:
                document(one)
            except Expected as error:
                raise Expected(str(error), key=f"{name}.{error.key}" if error.key else name, value=error.value) from None
    elif isinstance(value, list):
        for one in value:
            document(one)
    elif not isinstance(value, str | int | float) or value != value or value in (float("inf"), float("-inf")):
        raise Expected("a text, a number, true, false, a list or a table", value=str(value))
    return value
