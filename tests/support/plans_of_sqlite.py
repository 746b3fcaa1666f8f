"""SQLite's plans: `plans`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

STATEMENT = re.compile(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b", re.IGNORECASE)
NAMED = re.compile(
    r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+(?:AS\s+)?(?!WHERE|SET|JOIN|LEFT|ORDER|INDEXED|VALUES|ON|GROUP|LIMIT)"
    r"(\w+))?",
    re.IGNORECASE,
)
connect = sqlite3.connect


def record(monkeypatch: pytest.MonkeyPatch, statements: dict[str, object]) -> None:
    def note(sql: str, parameters: object) -> None:
        if STATEMENT.match(sql):
            statements.setdefault(sql, parameters)

    class Cursor(sqlite3.Cursor):
        def execute(self, sql, parameters=(), /):
            note(sql, parameters)
            return super().execute(sql, parameters)

    class Connection(sqlite3.Connection):
        def cursor(self, factory=Cursor):
            return super().cursor(factory)

        def execute(self, sql, parameters=(), /):
            note(sql, parameters)
            return super().execute(sql, parameters)

        def executemany(self, sql, rows, /):
            rows = list(rows)
            if rows:
                note(sql, rows[0])
            return super().executemany(sql, rows)

    def recording(*arguments, **options) -> sqlite3.Connection:
        return connect(*arguments, **{**options, "factory": Connection})

    monkeypatch.setattr(sqlite3, "connect", recording)


def scans(file: Path, ran: Iterable[tuple[str, object]], growing: Iterable[str], short: Iterable[str]) -> list[str]:
    found = []
    with closing(connect(file)) as connection:
        for sql, parameters in ran:
            tables = {alias or table: table for table, alias in NAMED.findall(sql)}
            for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters):
                scanned = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", row[3])
                if scanned and tables.get(scanned[1], scanned[1]) in growing and scanned[2] not in short:
                    found.append(f"{row[3]}: {sql}")
    return found
