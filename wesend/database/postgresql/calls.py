"""wesend's statements with their values, as they go to PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..transaction import Later, Refuse, RowKey
from .statements import translated
from .values import written


class Call(NamedTuple):
    """``once``: it is never prepared, so that its text is seen on the wire."""

    sql: bytes
    oids: tuple[int, ...] = ()
    texts: Sequence[bytes | None] = ()
    formats: Sequence[int] | None = None
    once: bool = False


class PutOff(NamedTuple):
    """A call that waits for the next round trip; who is told what it gave, and what is to be said where it changed nothing.

    ``begins``: the transaction, which there is none of where it fails.
    """

    call: Call
    later: Later | None = None
    refuse: Refuse | None = None
    begins: bool = False


def call_of(sql: str, parameters: Sequence | Mapping = ()) -> Call:
    statement = translated(sql)
    values = statement.values(parameters)
    keys: list[tuple[int, str]] = []
    if any(isinstance(value, RowKey) for value in values):
        values, keys = by_uid(values)
    text = with_keys(statement.sql, tuple(keys)) if keys else statement.sql_bytes
    return Call(text, *written(values))


def required(sql: str) -> str:
    """The same statement, which is an error of PostgreSQL where it changes no row: a division by none."""
    return _required(sql)


@lru_cache(maxsize=256)
def _required(sql: str) -> str:
    returning = "" if "RETURNING" in sql else " RETURNING 1 AS done"
    return f"""
        WITH changed AS ({sql}{returning}), counted AS (SELECT 1 / count(*) AS one FROM changed)
        SELECT changed.* FROM counted LEFT JOIN changed ON counted.one <= 1
    """


def by_uid(values: Sequence[Any]) -> tuple[list[Any], list[tuple[int, str]]]:
    """Keys that are not known yet as the uids of their rows; their places (from 1) and tables."""
    given, keys = list(values), []
    for place, value in enumerate(values):
        if isinstance(value, RowKey):
            if value.rows:
                given[place] = int(value)
            else:
                given[place] = value.uid
                keys.append((place + 1, value.table))
    return given, keys


@lru_cache(maxsize=256)
def with_keys(sql: str, keys: tuple[tuple[int, str], ...]) -> bytes:
    """The statement, where the parameters in these places are uids of rows of these tables."""
    for place, table in keys:
        sql = re.sub(rf"\${place}\b", f"(SELECT id FROM {table} WHERE uid = ${place})", sql)
    return sql.encode()
