"""The connections of a process: so many at most, and who finds none free waits here, not at the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...core.errors import DatabaseUnavailable
from .connection import Connection

REMEMBERED = 0.5  # seconds after a failed try to connect, in which nobody else tries


class Pool:
    """psycopg's own pool connects in a thread of its own, later and later after each failure, and bears no fork."""

    def __init__(self, connect: Callable[[], Connection], size: int):
        self.connect = connect
        self.free = threading.Semaphore(size)
        self.idle: list[Connection] = []
        self.failed_at = float("-inf")

    @contextmanager
    def lent(self, patience: float) -> Iterator[Connection]:
        """A connection for a block, the one that was used last; DatabaseUnavailable without one in time."""
        connection = self.take(patience)
        try:
            yield connection
        finally:
            self.give_back(connection)

    def take(self, patience: float) -> Connection:
        if not self.free.acquire(timeout=patience):
            raise DatabaseUnavailable("all connections are in use")
        try:
            connection = self._idle_one() or self._new_one()
        except BaseException:
            self.free.release()
            raise
        connection.raw.patience = patience
        return connection

    def _idle_one(self) -> Connection | None:
        try:
            return self.idle.pop()
        except IndexError:
            return None

    def _new_one(self) -> Connection:
        if time.monotonic() - self.failed_at < REMEMBERED:
            raise DatabaseUnavailable("the database could not be reached a moment ago")
        try:
            return self.connect()
        except DatabaseUnavailable:
            self.failed_at = time.monotonic()
            raise

    def give_back(self, connection: Connection) -> None:
        if connection.is_usable:
            self.idle.append(connection)
        else:
            connection.close()
        self.free.release()

    def forget(self) -> None:
        """Close what is idle: it is as old as the one that was just lost."""
        while (connection := self._idle_one()) is not None:
            connection.close()
