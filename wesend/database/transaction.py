"""An open write transaction, as use cases see it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol


class Row(Protocol):
    """A row, or what is known to stand in one: read by the names of its columns. Those of one table: `rows`."""

    def __getitem__(self, name: str, /) -> Any: ...


class Reader(Protocol):
    """What reads: a transaction, or the database outside of any."""

    def all(self, sql: str, parameters: Sequence | dict = (), /) -> list[Any]: ...

    def one(self, sql: str, parameters: Sequence | dict = (), /) -> Any | None: ...


class Tx:
    """An open write transaction. Values go in as SQL parameters; rows come out as `Row`s."""

    __slots__ = ("connection", "_after")

    def __init__(self, connection: Any):
        self.connection = connection
        self._after: list[Callable[[], None]] = []

    def execute(self, sql: str, parameters: Sequence | dict = ()) -> Any:
        cursor = self.connection.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence]) -> int:
        """Run a statement for each row of parameters; how many rows it changed in all."""
        cursor = self.connection.executemany(sql, rows)
        changed = cursor.rowcount
        # Closed here: a cursor that another thread drops later resets the statement that the next writer is using.
        cursor.close()
        return changed

    def all(self, sql: str, parameters: Sequence | dict = ()) -> list[Any]:
        return self.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Sequence | dict = ()) -> Any | None:
        return self.execute(sql, parameters).fetchone()

    def changed(self, sql: str, parameters: Sequence | dict = ()) -> int:
        """Run an UPDATE or DELETE and tell how many rows it changed."""
        return self.connection.execute(sql, parameters).rowcount

    def insert(self, table: str, **values: object) -> int:
        """Insert one row; its integer primary key comes back."""
        return self.insert_row(table, tuple(values), tuple(values.values()))

    def insert_row(self, table: str, columns: tuple[str, ...], values: Sequence) -> int:
        """The same, for values in the order of ``columns``."""
        row_id = self.connection.execute(insert_sql(table, columns), values).lastrowid
        assert row_id is not None
        return row_id

    def insert_many(self, table: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> None:
        self.connection.executemany(insert_sql(table, columns), rows)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Run ``call`` once the transaction is committed; never when it is rolled back."""
        if call not in self._after:
            self._after.append(call)


@lru_cache(maxsize=256)
def insert_sql(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def marks(values: Sequence) -> str:
    """``?, ?, ?`` for an IN list."""
    return ", ".join("?" * len(values))
