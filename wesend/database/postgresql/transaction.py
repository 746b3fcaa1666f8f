"""An open write transaction on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..transaction import Tx, insert_sql
from .connection import Connection


class PostgresTx(Tx):
    __slots__ = ()

    connection: Connection

    def execute(self, sql: str, parameters: Sequence | dict = ()) -> Any:
        return self.connection.execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence]) -> int:
        return self.connection.executemany(sql, rows)

    def insert_row(self, table: str, columns: tuple[str, ...], values: Sequence) -> int:
        row = self.connection.execute(f"{insert_sql(table, columns)} RETURNING id", values).fetchone()
        assert row is not None
        return row[0]

    def insert_many(self, table: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> None:
        self.connection.executemany(insert_sql(table, columns), rows)
