"""PostgreSQL, one or many hosts on it: reads borrow a connection each, writes go one at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from ...core.errors import DatabaseUnavailable
from ...core.storage import Storage
from ..engine import Asked, Database
from ..errors import NothingDone, PostgresBusy, PostgresError
from ..transaction import VERSION, Tx
from . import connection as connecting
from .calls import call_of
from .connection import PATIENCE, PATIENCE_OF_JOBS, Connection
from .once import TRIES
from .pool import Pool
from .seen_version import SeenVersion
from .writing import Writer

T = TypeVar("T")

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresDatabase(Database):
    def __init__(self, url: str, size: int, storage: Storage, instance: Path):
        self.url, self.size = url, size
        self.seen = SeenVersion(instance)
        self._new_pool()
        super().__init__(storage)

    def _new_pool(self) -> None:
        self.pool = Pool(lambda: connecting.connect(self.url), self.size)
        self.turn = threading.Lock()

    def _new_writer(self) -> Writer:
        return Writer(self.pool, self.patience, self.seen)

    def _after_fork(self) -> None:
        self._new_pool()
        super()._after_fork()

    def patience(self) -> float:
        return PATIENCE if self.local.in_request else PATIENCE_OF_JOBS

    def prepare_thread(self) -> None:
        """A thread has nothing of its own."""

    def close_thread(self) -> None:
        """A thread has nothing of its own."""

    def close(self) -> None:
        self.pool.forget()

    # -- writing ----------------------------------------------------------

    @contextmanager
    def gate(self) -> Iterator[None]:
        """One writer of this process at a time asks for the lock of all."""
        started = time.perf_counter()
        if not self.turn.acquire(timeout=self.patience()):
            raise DatabaseUnavailable("others are writing")
        try:
            yield
        finally:
            self.turn.release()
            self.note_wait(time.perf_counter() - started)

    def write(self, unit: Callable[[Tx], T]) -> T:
        """Deadlocks and failed serializations are PostgreSQL's to have, and nobody's to see: units may run again."""
        until = time.monotonic() + self.patience()
        for _ in range(TRIES):
            try:
                return super().write(unit)
            except (PostgresBusy, NothingDone) as error:
                if self.tx() is not None:
                    raise
                if time.monotonic() > until:
                    raise DatabaseUnavailable(str(error)) from None
        raise DatabaseUnavailable("it met with too many others")

    @contextmanager
    def atomic(self) -> Iterator[Tx]:
        try:
            with super().atomic() as tx:
                yield tx
        except PostgresBusy as error:
            if self.tx() is not None:
                raise
            raise NothingDone(str(error)) from None

    def forget_deleted(self, *, whole: bool) -> bool:
        """PostgreSQL's own autovacuum frees what was replaced; a dump never had it."""
        return False

    # -- reading ----------------------------------------------------------

    def query(self, sql: str, parameters: Sequence | dict = ()) -> list[Any]:
        local = self.local
        if local.tx is not None:
            return local.tx.all(sql, parameters)
        if local.connection is not None:
            return local.connection.execute(sql, parameters).fetchall()
        return self._read(sql, parameters)

    all = query

    def _read(self, sql: str, parameters: Sequence | dict) -> list[Any]:
        return self._borrowed(lambda connection: connection.execute(sql, parameters).rows)

    def _borrowed(self, read: Callable[[Connection], T]) -> T:
        """A read may be done once more where its connection was lost."""
        patience = self.patience()
        until = time.monotonic() + patience
        while True:
            connection = self.pool.take(patience)
            try:
                return read(connection)
            except (DatabaseUnavailable, PostgresBusy):
                if time.monotonic() > until:
                    raise
                if not connection.is_usable:
                    self.pool.forget()
            finally:
                if connection.in_transaction:
                    with suppress(DatabaseUnavailable, PostgresError):
                        connection.roll_back()
                self.pool.give_back(connection)

    def together(self, asked: Sequence[Asked]) -> list[list[Any]]:
        """In one round trip."""
        local = self.local
        if local.tx is not None or local.connection is not None:
            return super().together(asked)
        calls = [call_of(SNAPSHOT), *(call_of(sql, parameters) for sql, parameters in asked), call_of("COMMIT")]
        return [answer.rows for answer in self._borrowed(lambda connection: connection.ask(calls))[1:-1]]

    def version(self) -> int:
        """As it was seen a moment ago: at once what this host changed, within a second what another one did."""
        if self.local.tx is not None:
            return self.local.tx.version()
        version = self.seen.version()
        if version is None:
            look = self.seen.look()
            version = self.query(VERSION)[0][0]
            self.seen.read(version, look)
        return version

    def committed(self, sql: str) -> list[Any] | None:
        """Where no connection is free now, nobody waits for one with a transaction open."""
        try:
            with self.pool.lent(0) as connection:
                connection.raw.patience = self.patience()  # for the answer, not for a connection
                return connection.execute(sql).fetchall()
        except DatabaseUnavailable:
            return None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        local = self.local
        if local.tx is not None or local.connection is not None:
            yield
            return
        connection = local.connection = self._begun()
        try:
            yield
        finally:
            local.connection = None
            connection.roll_back()
            self.pool.give_back(connection)

    def _begun(self) -> Connection:
        patience = self.patience()
        until = time.monotonic() + patience
        while True:
            connection = self.pool.take(patience)
            try:
                connection.execute(SNAPSHOT)
            except BaseException as error:
                self.pool.give_back(connection)
                if not isinstance(error, DatabaseUnavailable) or time.monotonic() > until:
                    raise
                self.pool.forget()
            else:
                return connection
