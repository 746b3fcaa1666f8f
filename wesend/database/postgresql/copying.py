"""Everything that a SQLite file holds, copied into an empty database of PostgreSQL in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from ...core.errors import DatabaseUnavailable
from .connection import CONNECT_SECONDS, why_no_connection
from .revision import COMMENT, UNDER_WAY
from .values import adapt

CHUNK = 2_000  # rows read at a time
IS_EMPTY = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
"""
REVISIONS = (
    b"CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY)"
)
"""As Alembic makes it."""
SEQUENCE = "SELECT pg_get_serial_sequence(%s, %s)"

Tell = Callable[[str, int, int], None]
"""Told of every chunk: the table, the rows of it that were copied, and how many there are."""


class Target:
    """The database to copy into. DatabaseUnavailable where nobody answers."""

    def __init__(self, url: str):
        try:
            self.connection: psycopg.Connection[Any] = psycopg.connect(url, connect_timeout=CONNECT_SECONDS, client_encoding="utf8")
        except psycopg.Error as error:
            raise DatabaseUnavailable(why_no_connection(error)) from None
        adapt(self.connection)

    def close(self) -> None:
        self.connection.close()

    def is_empty(self) -> bool:
        """Nothing is in it, or what a move left that was broken off."""
        empty = not self._value(IS_EMPTY) or self._value(COMMENT) == UNDER_WAY
        self.connection.rollback()
        return empty

    def mark(self) -> None:
        """It is for a copy, and nothing else uses it until that is done: before it has tables, which a killed move leaves."""
        self.connection.execute(REVISIONS)
        self.connection.execute(sql.SQL("COMMENT ON TABLE alembic_version IS {}").format(sql.Literal(UNDER_WAY)))
        self.connection.commit()

    def _value(self, statement: str, *values: str) -> Any:
        row = self.connection.execute(statement.encode(), values or None).fetchone()
        return row[0] if row else None

    def copy(self, source: Path, tables: Sequence[tuple[str, Sequence[str]]], tell: Tell) -> int:
        """Every row of these tables (with their columns), which stand in the order of their references; how many rows.

        Triggers rest: what they would count and keep is copied, too.
        """
        rows = 0
        with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, isolation_level=None)) as reading:
            reading.execute("BEGIN")
            with self.connection.transaction():
                self._empty([name for name, _ in tables])
                for name, columns in tables:
                    rows += self._copy_table(reading, name, columns, tell)
                for name, columns in tables:
                    self._let_triggers(name, "ENABLE")
                    if "id" in columns:
                        self._move_sequence(name, reading)
                self.connection.execute(b"COMMENT ON TABLE alembic_version IS NULL")
        self.connection.autocommit = True
        self.connection.execute(b"ANALYZE")  # else the first minutes' plans are guesses
        self.connection.autocommit = False
        return rows

    def _empty(self, names: Sequence[str]) -> None:
        for name in names:
            self._let_triggers(name, "DISABLE")
        self.connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, names))))

    def _let_triggers(self, name: str, what: str) -> None:
        statement = sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(name), sql.SQL(what))
        self.connection.execute(statement)

    def _copy_table(self, reading: sqlite3.Connection, name: str, columns: Sequence[str], tell: Tell) -> int:
        names = ", ".join(f'"{column}"' for column in columns)
        total = reading.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns)))
        done = 0
        with self.connection.cursor() as cursor, cursor.copy(into) as copy:
            for chunk in _chunks(reading.execute(f'SELECT {names} FROM "{name}"')):
                for row in chunk:
                    copy.write_row(row)
                done += len(chunk)
                tell(name, done, total)
        return done

    def _move_sequence(self, name: str, reading: sqlite3.Connection) -> None:
        """To what SQLite would give next: ids that were given and removed are not given again where it kept account of them."""
        sequence = self._value(SEQUENCE, name, "id")
        if sequence is None:
            return
        last = reading.execute(f'SELECT coalesce(max(id), 0) FROM "{name}"').fetchone()[0]
        if reading.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
            kept = reading.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).fetchone()
            last = max(last, kept[0] if kept else 0)
        if last:
            self.connection.execute(b"SELECT setval(%s, %s)", (sequence, last))


def _chunks(cursor: sqlite3.Cursor) -> Iterator[list[tuple]]:
    while chunk := cursor.fetchmany(CHUNK):
        yield chunk
