"""An open write transaction, as use cases see it."""

from __future__ import annotations

import re
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


VERSION = "SELECT version FROM config_state"
"""Of the configuration: triggers raise it with every change of a configuration table."""
LEAVES_CONFIGURATION = re.compile(
    r"\s*(?:SELECT|BEGIN|SAVEPOINT|RELEASE|UPDATE wallets SET balance_micros =|(?:INSERT INTO|UPDATE|DELETE FROM) (?:"
    r"batches|brought_receipts|commits|daily_counts|daily_use|gateway_health|idempotency_keys|ledger_entries|margin_days|"
    r"message_events|message_parts|messages|rate_windows|recent_sends|route_minutes|slot_shares|verifications|"
    r"webhook_deliveries)\b)"
)
"""Of the statements that most units are made of: no trigger raises the configuration's version for them, but one for
`gateway_health`, of which nothing is kept in memory that a transaction reads.
"""


@lru_cache(maxsize=1024)
def leaves_configuration(sql: str) -> bool:
    return LEAVES_CONFIGURATION.match(sql) is not None


class Later:
    """What `Tx.require` found, which is to be read once the transaction is committed."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows: list[Any] | None = None

    def answer(self, rows: list[Any]) -> None:
        self.rows = rows

    @property
    def row(self) -> Any | None:
        """None where it was committed, and the answer was lost with its connection."""
        return self.rows[0] if self.rows else None


class RowKey(Later):
    """A row that `Tx.put` wrote: a parameter of the unit's later statements, and ``int(key)`` once it is carried out."""

    __slots__ = ("table", "uid")

    def __init__(self, table: str, uid: str):
        super().__init__()
        self.table, self.uid = table, uid

    def __int__(self) -> int:
        assert self.rows, "its id is known once it is carried out"
        return self.rows[0][0]


Refuse = Callable[["Tx"], Any]
"""Raises what a statement that changed nothing means."""


class Tx:
    """An open write transaction. Values go in as SQL parameters; rows come out as `Row`s.

    What happens all the time says which of its results it needs: `run`, `run_many`, `put` and `require` need none before the
    commit, so that on PostgreSQL a whole unit goes out in one round trip, its COMMIT with it. Each of the other methods
    waits for an answer.
    """

    __slots__ = ("connection", "_after", "_version", "configures")

    def __init__(self, connection: Any):
        self.connection = connection
        self._after: list[Callable[[], None]] = []
        self._version: int | None = None
        """As it was read in this transaction, which nobody else's write falls into; None after what may have raised it."""
        self.configures = False
        """Whether anything in it may have changed the configuration."""

    def _note(self, sql: str) -> None:
        if not leaves_configuration(sql):
            self._version, self.configures = None, True

    def execute(self, sql: str, parameters: Sequence | dict = ()) -> Any:
        self._note(sql)
        cursor = self.connection.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence]) -> int:
        """Run a statement for each row of parameters; how many rows it changed in all."""
        self._note(sql)
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
        self._note(sql)
        return self.connection.execute(sql, parameters).rowcount

    def insert(self, table: str, **values: object) -> int:
        """Insert one row; its integer primary key comes back."""
        return self.insert_row(table, tuple(values), tuple(values.values()))

    def insert_row(self, table: str, columns: tuple[str, ...], values: Sequence) -> int:
        """The same, for values in the order of ``columns``."""
        sql = insert_sql(table, columns)
        self._note(sql)
        row_id = self.connection.execute(sql, values).lastrowid
        assert row_id is not None
        return row_id

    def insert_many(self, table: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> None:
        sql = insert_sql(table, columns)
        self._note(sql)
        self.connection.executemany(sql, rows)

    # -- what needs no answer before the commit ------------------------------

    def run(self, sql: str, parameters: Sequence | dict = ()) -> None:
        """Carry out a statement whose result nobody looks at."""
        self._note(sql)
        self.connection.execute(sql, parameters)

    def run_many(self, sql: str, rows: Iterable[Sequence]) -> None:
        """The same for each row of parameters."""
        self.executemany(sql, rows)

    def require(self, sql: str, parameters: Sequence | dict, refuse: Refuse) -> Later:
        """Carry out a statement that has to change a row; where it does not, ``refuse(tx)`` raises, and nothing is kept.

        With RETURNING, its row is there after the commit.
        """
        cursor = self.execute(sql, parameters)
        row = cursor.fetchone()
        if row is None and cursor.rowcount <= 0:
            refuse(self)
        found = Later()
        found.answer([row])
        return found

    def later(self, sql: str, parameters: Sequence | dict = ()) -> Later:
        """The rows of a SELECT, as they are at this point of the unit, to be looked at once it is committed."""
        found = Later()
        found.answer(self.all(sql, parameters))
        return found

    def put(self, table: str, columns: tuple[str, ...], values: Sequence) -> int | RowKey:
        """Insert one row of a table whose rows have a ``uid``; by what is returned later statements name it."""
        return self.insert_row(table, columns, values)

    def carry_out(self) -> None:
        """Do what was put off now: the keys of rows are known afterwards."""

    def version(self) -> int:
        """Of the configuration, as this transaction sees it."""
        if self._version is None:
            self._version = self.all(VERSION)[0][0]
        return self._version

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
