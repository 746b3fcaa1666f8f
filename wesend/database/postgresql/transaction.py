"""An open write transaction on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..transaction import VERSION, Later, Refuse, RowKey, Tx, insert_sql
from .connection import Connection
from .seen_version import SeenVersion


class StepByStep(Tx):
    """Every statement waits for its answer: where what was put off went wrong, and for what runs once (`once`)."""

    __slots__ = ("seen",)

    connection: Connection

    def __init__(self, connection: Connection, seen: SeenVersion):
        super().__init__(connection)
        self.seen = seen
        self.configures = True  # as far as anybody asks: the version costs nothing here, a COMMIT tells it

    def execute(self, sql: str, parameters: Sequence | dict = ()) -> Any:
        return self.connection.execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence]) -> int:
        return self.connection.executemany(sql, rows)

    def insert_row(self, table: str, columns: tuple[str, ...], values: Sequence) -> int:
        row = self.connection.execute(_insert_returning(table, columns), values).fetchone()
        assert row is not None
        return row[0]

    def insert_many(self, table: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> None:
        self.connection.executemany(insert_sql(table, columns), rows)

    def version(self) -> int:
        """As this process has seen it last, for as long as that is good for requests; after a change, as it is here."""
        if self.connection.changes_configuration:
            return self.all(VERSION)[0][0]
        if self.connection.version is None:
            self.connection.version = self.seen.version() or self.all(VERSION)[0][0]
        return self.connection.version


class PostgresTx(StepByStep):
    """What needs no answer goes out with the next statement that does, or with the COMMIT."""

    __slots__ = ()

    def run(self, sql: str, parameters: Sequence | dict = ()) -> None:
        self.connection.put_off(sql, parameters)

    def run_many(self, sql: str, rows: Iterable[Sequence]) -> None:
        self.connection.put_off_each(sql, rows)

    def insert_many(self, table: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> None:
        self.connection.put_off_each(insert_sql(table, columns), rows)

    def require(self, sql: str, parameters: Sequence | dict, refuse: Refuse) -> Later:
        later = Later()
        self.connection.put_off_required(sql, parameters, later, refuse)
        return later

    def later(self, sql: str, parameters: Sequence | dict = ()) -> Later:
        later = Later()
        self.connection.put_off(sql, parameters, later)
        return later

    def carry_out(self) -> None:
        if self.connection.waiting:
            self.connection.ask([])

    def put(self, table: str, columns: tuple[str, ...], values: Sequence) -> RowKey:
        key = RowKey(table, values[columns.index("uid")])
        self.connection.put_off(_insert_returning(table, columns), values, key)
        return key


def _insert_returning(table: str, columns: tuple[str, ...]) -> str:
    return f"{insert_sql(table, columns)} RETURNING id"
