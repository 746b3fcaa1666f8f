"""A connection to PostgreSQL with the methods of sqlite3's that wesend uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.abc import PQGen
from psycopg.raw_cursor import RawCursor

from ...core.errors import DatabaseUnavailable, StorageFull
from ...core.storage import FULL
from ..errors import PostgresBusy, PostgresError, PostgresIntegrityError
from .records import Record, records
from .statements import translated
from .values import adapt

CONNECT_SECONDS = 2
PATIENCE, PATIENCE_OF_JOBS = 2.3, 60.0
"""Seconds that an answer is waited for: in a request, which has to be refused within 5, and elsewhere."""
PREPARED_AFTER = 2  # times that a statement ran on a connection
GONE = ("08", "57P01", "57P02", "57P03", "57P05", "25P03", "53300", "25006", "55P03")
"""What PostgreSQL says when it ends or refuses a connection, is a standby, or has a lock that nobody lets go of."""


class Raw(psycopg.Connection[Any]):
    """psycopg's connection, which waits for no answer for ever."""

    patience: float = PATIENCE_OF_JOBS

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except errors._WaitTimeout:
            if timeout is None:
                self.pgconn.finish()
            raise


class Connection:
    """In PostgreSQL's autocommit: what begins and ends a transaction is said."""

    __slots__ = ("raw", "number")

    def __init__(self, raw: Raw):
        self.raw = raw
        self.number = ""
        """Of the write transaction that is open: by it PostgreSQL tells later what became of it."""

    @property
    def in_transaction(self) -> bool:
        return self.raw.pgconn.transaction_status in (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR)

    @property
    def is_usable(self) -> bool:
        return self.raw.pgconn.transaction_status == pq.TransactionStatus.IDLE

    def execute(self, sql: str, parameters: Sequence | Mapping = ()) -> RawCursor[Record]:
        statement = translated(sql)
        cursor: RawCursor[Record] = RawCursor(self.raw, row_factory=records)
        try:
            return cursor.execute(statement.sql, statement.values(parameters) or None)
        except psycopg.Error as error:
            raise _plain(error, self.raw) from None

    def say(self, sql: str) -> RawCursor[Any]:
        """Statements without parameters that begin, divide or end a transaction, in one round trip."""
        try:
            return RawCursor(self.raw).execute(sql, prepare=False)
        except psycopg.Error as error:
            raise _plain(error, self.raw) from None

    def executemany(self, sql: str, rows: Iterable[Sequence | Mapping]) -> int:
        """How many rows it changed in all."""
        statement = translated(sql)
        cursor: RawCursor[Record] = RawCursor(self.raw, row_factory=records)
        try:
            cursor.executemany(statement.sql, [statement.values(row) for row in rows])
        except psycopg.Error as error:
            raise _plain(error, self.raw) from None
        return cursor.rowcount

    def close(self) -> None:
        with suppress(psycopg.Error):
            self.raw.close()


def connect(url: str) -> Connection:
    """DatabaseUnavailable where nobody answers."""
    try:
        raw = Raw.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS, client_encoding="utf8", **LIVELY)
    except psycopg.Error as error:
        raise DatabaseUnavailable(_first_line(error)) from None
    adapt(raw)
    connection = Connection(raw)
    # A pooler between us has a process number of its own, and its sessions know nothing of each other's statements.
    through_a_pooler = connection.execute("SELECT pg_backend_pid()").fetchall()[0][0] != raw.info.backend_pid
    raw.prepare_threshold = None if through_a_pooler else PREPARED_AFTER
    return connection


LIVELY: dict[str, Any] = {
    "application_name": "wesend",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A connection whose other end went without a word is found out by the kernel."""


def _plain(error: psycopg.Error, raw: Raw) -> Exception:
    """This error as wesend knows it: without the values that were to be stored, and without the URL."""
    state = error.sqlstate or ""
    sentence = error.diag.message_primary or _first_line(error)
    if raw.closed or raw.broken or state.startswith(GONE):
        return DatabaseUnavailable(sentence)
    if isinstance(error, errors.DiskFull):
        return StorageFull(FULL)
    if isinstance(error, (errors.DeadlockDetected, errors.SerializationFailure)):
        return PostgresBusy(sentence, state)
    # A trigger's `RAISE EXCEPTION` is what SQLite calls a violated constraint, too.
    if isinstance(error, (psycopg.IntegrityError, errors.RaiseException)):
        return PostgresIntegrityError(sentence, state)
    return PostgresError(sentence, state)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
