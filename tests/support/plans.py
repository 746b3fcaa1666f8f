"""Which tables SQLite walks from end to end: every statement that ran is explained afterwards."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

GROWING = (
    "messages",
    "batches",
    "message_events",
    "daily_counts",
    "ledger_entries",
    "contacts",
    "webhook_deliveries",
    "webhook_attempts",
    "idempotency_keys",
    "deposits",
    "verifications",
    "verification_sends",
    "verification_misses",
)
"""Tables that grow with use."""

SHORT = ("ix_batches_bulk", "ix_batches_unaccepted", "ix_verifications_pending")
"""Partial indices over what is under way: walking one is looking at a handful of rows."""

NAMED = re.compile(
    r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+(?:AS\s+)?(?!WHERE|SET|JOIN|LEFT|ORDER|INDEXED|VALUES|ON|GROUP|LIMIT)"
    r"(\w+))?",
    re.IGNORECASE,
)


class Recorder:
    """``with`` the patched `sqlite3.connect`, statements and their first parameters are kept."""

    def __init__(self) -> None:
        self.statements: dict[str, object] = {}

    def connect(self, *arguments, **options) -> sqlite3.Connection:
        recorder = self

        class Cursor(sqlite3.Cursor):
            def execute(self, sql, parameters=(), /):
                recorder.note(sql, parameters)
                return super().execute(sql, parameters)

        class Connection(sqlite3.Connection):
            def cursor(self, factory=Cursor):
                return super().cursor(factory)

            def execute(self, sql, parameters=(), /):
                recorder.note(sql, parameters)
                return super().execute(sql, parameters)

            def executemany(self, sql, rows, /):
                rows = list(rows)
                if rows:
                    recorder.note(sql, rows[0])
                return super().executemany(sql, rows)

        return connect(*arguments, **{**options, "factory": Connection})

    def note(self, sql: str, parameters) -> None:
        if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b", sql, re.IGNORECASE):
            self.statements.setdefault(sql, parameters)

    def scans(self, path: Path) -> list[str]:
        """`table: statement` for each growing table that a statement walks without a search."""
        found = []
        connection = connect(path)
        for sql, parameters in list(self.statements.items()):  # threads of the application go on while it looks
            tables = {alias or table: table for table, alias in NAMED.findall(sql)}
            for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters):
                scanned = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", row[3])
                if scanned and tables.get(scanned[1], scanned[1]) in GROWING and scanned[2] not in SHORT:
                    found.append(f"{row[3]}: {sql}")
        connection.close()
        return found


connect = sqlite3.connect
