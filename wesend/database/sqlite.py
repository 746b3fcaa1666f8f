"""SQLite: connections, one a thread to read with, one a process to write with, behind the gate."""

from __future__ import annotations

import fcntl
import gc
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core.storage import Storage, cause_of, open_lock
from .connecting import connect, connect_unchanged
from .engine import Database
from .transaction import Tx

SMALL = 16 * 2**20
"""Bytes of a file that is written anew within a moment."""
EMPTYING = 10.0
"""Seconds for readers to be done with the log."""


def _empty_log(connection: sqlite3.Connection) -> None:
    """Move what the log holds into the file, and cut it off: it holds copies of pages as they were."""
    ends = time.monotonic() + EMPTYING
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] and time.monotonic() < ends:
        time.sleep(0.05)


class SqliteDatabase(Database):
    """One file: whoever writes waits in the fair queue of a gate file, and begins IMMEDIATE."""

    def __init__(self, path: Path, storage: Storage):
        self.path = str(path)
        self.gate_path = f"{path}.gate"
        super().__init__(storage)

    def _new_writer(self) -> SqliteWriter:
        return SqliteWriter(self.path)

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

    def close(self) -> None:
        """Close this thread's connection and the process's writing one: nothing open may cross a fork."""
        with self.gate():  # whoever leads a commit holds it
            self.group.writer.close()
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
        # Garbage is looked for afterwards: a whole look takes 30 ms, and everybody would wait for it.
        gc.disable()
        try:
            yield
        finally:
            fcntl.flock(self.local.gate, fcntl.LOCK_UN)
            gc.enable()
            self.note_wait(waited)

    def forget_deleted(self, *, whole: bool) -> bool:
        """The log is emptied; what lies unused in the file goes with a VACUUM, which a small file gets without being asked."""
        self.close_thread()  # a reader of our own would be in the way
        size = os.stat(self.path).st_size
        vacuums = whole or size <= SMALL
        connection = connect(self.path)
        try:
            with self.gate():
                if vacuums:
                    connection.execute("VACUUM")
                _empty_log(connection)
        finally:
            connection.close()
        return vacuums

    # -- reading ----------------------------------------------------------

    def query(self, sql: str, parameters: Sequence | dict = ()) -> list[Any]:
        local = self.local
        if local.tx is not None:
            return local.tx.all(sql, parameters)
        return (local.connection or self.connection()).execute(sql, parameters).fetchall()

    all = query

    def committed(self, sql: str) -> list[Any]:
        return self.connection().execute(sql).fetchall()

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


class SqliteWriter:
    """The one connection for all who write: SQLite throws a connection's page cache away when another one has written."""

    def __init__(self, path: str):
        self.path = path
        self.connection: sqlite3.Connection | None = None

    tx = tx_step_by_step = tx_once = Tx

    def carry_out(self, connection: sqlite3.Connection) -> None:
        """Nothing is put off."""

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    @contextmanager
    def transaction(self, *, once: bool = False) -> Iterator[sqlite3.Connection]:
        """Begun and committed, or rolled back; for whoever holds the gate."""
        connection = self.connection = self.connection or connect(self.path)
        try:
            self.begin(connection)
            yield connection
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if cause_of(error) is not None:
                # Opened anew: one that found the file read-only would never write again.
                connection.close()
                self.connection = None
            raise

    @staticmethod
    def begin(connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")

    def begin_again(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self.begin(connection)

    def say(self, connection: sqlite3.Connection, sql: str) -> None:
        connection.execute(sql)
