"""The database's connections: one a thread to read with, one a process to write with, behind the gate."""

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

from ..core.storage import READ_ONLY, Storage, cause_of, open_lock, refusal_of
from .configuration import Configuration
from .connecting import connect, connect_unchanged
from .group_commit import CommitGroup
from .local import Local
from .transaction import Tx

T = TypeVar("T")

BUSY_SECONDS = 0.001  # a wait for the gate that is worth counting


class Database:
    """One SQLite file: whoever writes waits in the fair queue of a gate file, begins IMMEDIATE, and is one transaction."""

    def __init__(self, path: Path, storage: Storage):
        self.path = str(path)
        self.storage = storage
        self.gate_path = f"{path}.gate"
        self.local = Local()
        self.group = self._new_group()
        os.register_at_fork(after_in_child=self._after_fork)
        self.configuration = Configuration(self)
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
        self.configuration.lock = threading.Lock()

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
        except (sqlite3.Error, OSError) as error:
            self._refuse(error)
            raise
        if self.storage.is_suspect():
            self.storage.succeeded()

    def _refuse(self, error: Exception) -> None:
        """StorageFull where this error means that nothing can be stored; nothing of the transaction was."""
        refusal = refusal_of(error)
        if refusal is not None:
            self.storage.failed(refusal.cause)
            if refusal.cause == READ_ONLY and self.on_stuck is not None and self.storage.was_read_only():
                self.on_stuck()
            raise refusal from error

    @contextmanager
    def _atomic(self) -> Iterator[Tx]:
        outer = self.tx()
        if outer is not None:
            yield outer
            return
        with self.gate(), self.group.transaction() as connection:
            tx = self.local.tx = Tx(connection)
            try:
                yield tx
            finally:
                self.local.tx = self.local.version = None
        for call in tx._after:
            call()

    # -- reading ----------------------------------------------------------

    def query(self, sql: str, parameters: Sequence | dict = ()) -> list[Any]:
        local = self.local
        if local.tx is not None:
            return local.tx.all(sql, parameters)
        return (local.connection or self.connection()).execute(sql, parameters).fetchall()

    all = query

    def one(self, sql: str, parameters: Sequence | dict = ()) -> Any | None:
        rows = self.query(sql, parameters)
        return rows[0] if rows else None

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
