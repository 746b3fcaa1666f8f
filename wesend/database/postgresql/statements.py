"""wesend's SQL, written for SQLite with `?` and `:name`, as PostgreSQL takes it: `$1`, and without hints of indexes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

PIECES = re.compile(
    r"""
    (?P<text>'(?:[^']|'')*')                          # a string, as it is
    | (?P<hint>\s(?:NOT\ INDEXED|INDEXED\ BY\ \w+))   # which index SQLite is to take
    | (?P<none>\b(?P<not>NOT\s+)?IN\s*\(\s*\))        # a list of nothing
    | \?(?P<number>\d*)
    | (?<![:\w]):(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE,
)


class Statement(NamedTuple):
    sql: str
    names: tuple[str, ...]
    """Of named parameters, in the order of their numbers."""
    sql_bytes: bytes

    def values(self, parameters: Sequence | Mapping) -> Sequence:
        return [parameters[name] for name in self.names] if isinstance(parameters, Mapping) else parameters


@lru_cache(maxsize=2048)
def translated(sql: str) -> Statement:
    names: dict[str, int] = {}
    last = 0

    def piece(found: re.Match[str]) -> str:
        nonlocal last
        if found["text"] is not None:
            return found["text"]
        if found["hint"] is not None:
            return ""
        if found["none"] is not None:
            return "<> ALL ('{}')" if found["not"] else "= ANY ('{}')"
        if found["name"] is not None:
            return f"${names.setdefault(found['name'], len(names) + 1)}"
        last = int(found["number"]) if found["number"] else last + 1
        return f"${last}"

    put = PIECES.sub(piece, sql)
    return Statement(put, tuple(names), put.encode())
