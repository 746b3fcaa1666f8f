"""The database: one SQLite file, one way to read (`query`), two ways to write (`atomic`, `write`).

Nothing else commits. Every write waits in the fair queue of a gate file, begins IMMEDIATE and is one
transaction; `write` merges the transactions that wait together into one commit (group commit).
Source of the pragmas and of the gate: measured on this stack, see docs in README "How it is built".
"""

from __future__ import annotations

import fcntl
import gc
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy.exc import DBAPIError

from ..core.current_app import this_app
from ..core.storage import READ_ONLY, Storage, cause_of, open_lock, refusal_of
from . import schema
from .connecting import configure, connect, connect_unchanged
from .group_commit import CommitGroup
from .local import Local
from .postponed import Postponed
from .schema import StrayWrite, db, migrate
from .transaction import Record, Row, Tx, marks

__all__ = [
    "Database",
    "Record",
    "Row",
    "StrayWrite",
    "Tx",
    "atomic",
    "cached",
    "configure",
    "db",
    "init_app",
    "marks",
    "migrate",
    "query",
    "query_one",
    "snapshot",
    "write",
    "write_surely",
]

T = TypeVar("T")

BUSY_SECONDS = 0.001  # a wait for the gate that is worth counting


class Database:
    """The file's connections: one a thread for the hot paths, SQLAlchemy's pool for the rest."""

    def __init__(self, path: Path, storage: Storage):
        self.path = str(path)
        self.storage = storage
        self.gate_path = f"{path}.gate"
        self.local = Local()
        self.group = self._new_group()
        os.register_at_fork(after_in_child=self._after_fork)
        self.cache: dict[Any, tuple[int, Any]] = {}
        self.cache_lock = threading.Lock()
        self.waited_seconds = 0.0
        self.on_busy: Callable[[float], None] | None = None
        """Told of every wait for the gate of at least BUSY_SECONDS, once the gate is free again."""
        self.on_stuck: Callable[[], None] | None = None
        """Told when nothing can be written although the file system is read-only no more: SQLite shares what it mapped
        while it was so among all connections of a process, so that only another process can.
        """

    # -- connections ------------------------------------------------------

    def connection(self) -> sqlite3.Connection:
        """This thread's; where SQLite has no room for its index, one for a single read."""
        local = self.local
        if local.connection is None:
            try:
                local.connection = connect(self.path)
            except sqlite3.OperationalError as error:
                if cause_of(error) is None:
                    raise
                return connect_unchanged(self.path, error)
        return local.connection

    def prepare_thread(self) -> None:
        """Open what this thread will need, while there are descriptors for it."""
        self.connection()
        if self.local.gate is None:
            self.local.gate = open_lock(self.gate_path)

    def _new_group(self) -> CommitGroup:
        return CommitGroup(self.local, self.gate, lambda: connect(self.path))

    def _after_fork(self) -> None:
        # A connection, an open transaction and a held lock must not cross a fork.
        self.local = Local()
        self.group = self._new_group()
        self.cache_lock = threading.Lock()

    def tx(self) -> Tx | None:
        return self.local.tx

    def close(self) -> None:
        """Close this thread's connection and the process's writing one: nothing open may cross a fork."""
        with self.gate():  # whoever leads a commit holds it
            self.group.close()
        self.close_thread()

    def close_thread(self) -> None:
        """Close this thread's connection, when the thread ends."""
        if self.local.connection is not None:
            self.local.connection.close()
        if self.local.gate is not None:
            os.close(self.local.gate)
        self.local.connection = self.local.gate = None

    # -- writing ----------------------------------------------------------

    @contextmanager
    def gate(self) -> Iterator[None]:
        """The fair queue of writers, over all processes; a descriptor a thread, so threads exclude each other too."""
        if self.local.gate is None:
            self.local.gate = open_lock(self.gate_path)
        started = time.perf_counter()
        fcntl.flock(self.local.gate, fcntl.LOCK_EX)
        waited = time.perf_counter() - started
        self.waited_seconds += waited
        # Garbage is looked for afterwards: a whole look takes 30 ms, and everybody would wait for it.
        gc.disable()
        try:
            yield
        finally:
            fcntl.flock(self.local.gate, fcntl.LOCK_UN)
            gc.enable()
            if waited >= BUSY_SECONDS and self.on_busy is not None:
                self.on_busy(waited)

    def write(self, unit: Callable[[Tx], T]) -> T:
        tx = self.tx()
        if tx is not None:
            return unit(tx)
        try:
            result = self.group.run(unit)
        except (sqlite3.Error, OSError) as error:
            self._refuse(error)
            raise
        finally:
            self.local.version = None
        if self.storage.is_suspect():
            self.storage.succeeded()
        return result

    @contextmanager
    def atomic(self) -> Iterator[Tx]:
        try:
            with self._atomic() as tx:
                yield tx
        except (sqlite3.Error, OSError, DBAPIError) as error:
            self._refuse(error)
            raise
        if self.storage.is_suspect():
            self.storage.succeeded()

    def _refuse(self, error: Exception) -> None:
        """StorageFull where this error means that nothing can be stored; nothing of the transaction was."""
        refusal = refusal_of(error)
        if refusal is not None:
            self.storage.failed(refusal.cause)
            db.engine.dispose()
            if refusal.cause == READ_ONLY and self.on_stuck is not None and self.storage.was_read_only():
                self.on_stuck()
            raise refusal from error

    @contextmanager
    def _atomic(self) -> Iterator[Tx]:
        outer = self.tx()
        if outer is not None:
            yield outer
            return
        if db.session.registry.has() and db.session().in_transaction():
            raise StrayWrite("a read transaction is still open: a snapshot can't be upgraded to a write")
        with self.gate():
            session = db.session()
            try:
                connection = session.connection(execution_options={"write": True})
                raw = connection.connection.driver_connection
                assert raw is not None
                tx = self.local.tx = Tx(raw)
                yield tx
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                self.local.tx = self.local.version = None
        for call in tx._after:
            call()

    # -- reading ----------------------------------------------------------

    def query(self, sql: str, parameters: Sequence | dict = ()) -> list[Row]:
        local = self.local
        if local.tx is not None:
            return local.tx.all(sql, parameters)
        return (local.connection or self.connection()).execute(sql, parameters).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Several reads that agree with each other."""
        if self.tx() is not None or self.connection().in_transaction:
            yield
            return
        connection = self.connection()
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")

    # -- configuration that is read on every request ----------------------

    def begin_request(self) -> None:
        self.local.in_request, self.local.version = True, None

    def end_request(self, _error: BaseException | None = None) -> None:
        self.local.in_request, self.local.version = False, None

    def cached(self, key: Any, load: Callable[[], T]) -> T:
        """``load()``, kept until any configuration table changes (triggers raise config_state.version).

        A request looks at the version once: what it starts with holds until it writes.
        """
        local = self.local
        version = local.version if local.tx is None else None
        if version is None:
            version = self.query("SELECT version FROM config_state")[0][0]
            if local.in_request and local.tx is None:
                local.version = version
        kept = self.cache.get(key)
        if kept is not None and kept[0] == version:
            return kept[1]
        value = load()
        if local.tx is None or self._is_committed(version):
            with self.cache_lock:
                if len(self.cache) > 50_000:
                    self.cache.clear()
                self.cache[key] = (version, value)
        return value

    def _is_committed(self, version: int) -> bool:
        """Whether the open transaction sees the configuration as all others do: its own changes may be rolled back."""
        return self.connection().execute("SELECT version FROM config_state").fetchall()[0][0] == version


# -- what the rest of wesend calls -----------------------------------------


def _database() -> Database:
    return this_app().extensions["wesend.database"]


def atomic():
    """The write transaction: ``with atomic() as tx``. An inner one joins the outer one."""
    return _database().atomic()


def write(unit: Callable[[Tx], T]) -> T:
    """Run a short ``unit(tx)`` in a write transaction shared with the units that wait beside it.

    The unit may run in another thread, and once more when one beside it fails: it must use nothing but ``tx`` and its
    closure, and change nothing but the database.
    """
    return _database().write(unit)


def write_surely(unit: Callable[[Tx], Any]) -> bool:
    """Write what has happened already: on a full disk it is tried again behind the caller's back (False)."""
    return this_app().extensions["wesend.postponed"].write_surely(unit)


def query(sql: str, parameters: Sequence | dict = ()) -> list[Row]:
    """All rows of a SELECT, in a read of its own (inside a transaction: as that sees it)."""
    return _database().query(sql, parameters)


def query_one(sql: str, parameters: Sequence | dict = ()) -> Row | None:
    rows = _database().query(sql, parameters)
    return rows[0] if rows else None


def snapshot():
    """Several reads that agree: ``with snapshot(): …``."""
    return _database().snapshot()


def cached(key: Any, load: Callable[[], T]) -> T:
    """Configuration kept in memory until any configuration table changes."""
    return _database().cached(key, load)


def init_app(app: Flask) -> None:
    path = app.config["WESEND"].database
    schema.init_app(app, path)
    database = app.extensions["wesend.database"] = Database(path, app.extensions["wesend.core.storage"])
    app.extensions["wesend.postponed"] = Postponed(app, database.write)
    app.before_request(database.begin_request)
    app.teardown_request(database.end_request)
