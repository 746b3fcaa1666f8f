"""One statement for many rows: what is said for each of them goes out as few statements with many rows each.

A statement costs PostgreSQL and us about as much as a row does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from .calls import Call, call_of
from .values import UNKNOWN, written

INSERT = re.compile(r"(INSERT INTO \w+ \([\w, ]+\) VALUES) \((?:\?, )*\?\)")
UPDATE = re.compile(r"UPDATE (\w+) SET ((?:\w+ = \?, )*\w+ = \?) WHERE (id = \?(?: AND \w+ = \?)*)")
SIZES = (50, 10)  # rows a statement: few sizes, for each is prepared for itself


class Form(NamedTuple):
    """An UPDATE of one row by its id: the columns that it sets, and those that it is found by."""

    table: str
    sets: tuple[str, ...]
    keys: tuple[str, ...]


def calls_of(sql: str, rows: Iterable[Sequence]) -> list[Call]:
    """Statements that do together what this one does for each of the rows."""
    given = list(rows)
    is_insert, form = INSERT.fullmatch(sql) is not None, _form(sql)
    if len(given) < SIZES[-1] or not (is_insert or form):
        return [call_of(sql, row) for row in given]
    if form is not None and len({row[len(form.sets)] for row in given}) < len(given):
        return [call_of(sql, row) for row in given]  # one after the other may find what the one before has left
    found: list[Call] = []
    place = 0
    while place < len(given):
        size = next((size for size in SIZES if len(given) - place >= size), 1)
        part = given[place : place + size]
        together = _together(sql, form, part) if size > 1 else None
        found += [together] if together is not None else [call_of(sql, row) for row in part]
        place += size
    return found


def _together(sql: str, form: Form | None, rows: Sequence[Sequence]) -> Call | None:
    """None where the values of a column are of several kinds, or not known yet."""
    types: list[int] = []
    texts: list[list[bytes | None]] = []
    for column in zip(*rows, strict=True):
        try:
            oids, values, formats = written(column)
        except TypeError:
            return None
        kinds = set(oids) - {UNKNOWN}
        if len(kinds) > 1 or formats is not None:
            return None
        types.append(kinds.pop() if kinds else UNKNOWN)
        texts.append(values)
    if form is None:
        return Call(_insert(sql, len(rows)), tuple(types) * len(rows), [value for row in zip(*texts, strict=True) for value in row])
    given = tuple(place for place, kind in enumerate(types) if kind != UNKNOWN)
    if given[-len(form.keys) :] != tuple(range(len(form.sets), len(types))):
        return None
    return Call(
        _update(form, given, len(rows)),
        tuple(types[place] for place in given) * len(rows),
        [value for row in zip(*(texts[place] for place in given), strict=True) for value in row],
    )


@lru_cache(maxsize=256)
def _form(sql: str) -> Form | None:
    found = UPDATE.fullmatch(sql)
    return None if found is None else Form(found[1], _columns(found[2], ", "), _columns(found[3], " AND "))


def _columns(text: str, between: str) -> tuple[str, ...]:
    return tuple(one.partition(" ")[0] for one in text.split(between))


@lru_cache(maxsize=256)
def _insert(sql: str, rows: int) -> bytes:
    head, _, marks = sql.rpartition(" VALUES ")
    return f"{head} VALUES {_values(rows, marks.count('?'))}".encode()


@lru_cache(maxsize=256)
def _update(form: Form, given: tuple[int, ...], rows: int) -> bytes:
    """A column that is NULL in every row has no type to be told."""
    sets = ", ".join(f"{name} = {f'v.c{place}' if place in given else 'NULL'}" for place, name in enumerate(form.sets))
    keys = " AND ".join(f"{form.table}.{name} = v.c{place}" for place, name in enumerate(form.keys, len(form.sets)))
    names = ", ".join(f"c{place}" for place in given)
    return f"UPDATE {form.table} SET {sets} FROM (VALUES {_values(rows, len(given))}) AS v({names}) WHERE {keys}".encode()


def _values(rows: int, columns: int) -> str:
    """``($1, $2), ($3, $4)``"""
    return ", ".join(f"({', '.join(f'${row * columns + column + 1}' for column in range(columns))})" for row in range(rows))
