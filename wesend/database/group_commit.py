"""Group commit: the transactions of threads that wait together share one commit."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from .local import Local
from .transaction import Tx

T = TypeVar("T")

GROUP_LIMIT = 64  # units merged into one commit: keeps the write lock well under 50 ms


class _Job:
    __slots__ = ("unit", "wake", "result", "error", "done", "after")

    def __init__(self, unit: Callable[[Tx], Any]):
        self.unit = unit
        self.wake = threading.Lock()
        self.wake.acquire()
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False
        self.after: tuple[Callable[[], None], ...] = ()


class CommitGroup:
    """Group commit: the first waiting thread leads, runs all waiting units in one transaction, and hands over.

    A unit that raises is undone alone (savepoint); a failed commit is everybody's error.
    """

    def __init__(self, local: Local, gate: Callable[[], AbstractContextManager[None]],
                 connect: Callable[[], sqlite3.Connection]):
        self.local, self.gate, self.connect = local, gate, connect
        # One connection for all leaders: SQLite throws a connection's page cache away when another one has written.
        self.connection: sqlite3.Connection | None = None
        self.lock = threading.Lock()
        self.waiting: deque[_Job] = deque()
        self.leading = False

    def close(self) -> None:
        # Behind the gate: SQLite crashes when a connection is closed under a thread that is using it.
        with self.gate():
            if self.connection is not None:
                self.connection.close()
                self.connection = None

    def run(self, unit: Callable[[Tx], T]) -> T:
        job = _Job(unit)
        with self.lock:
            self.waiting.append(job)
            lead = not self.leading
            self.leading = True
        if not lead:
            job.wake.acquire()
        if not job.done:
            self._lead()
        if job.error is not None:
            raise job.error
        for call in job.after:
            call()
        return job.result

    def _lead(self) -> None:
        jobs: list[_Job] = []
        try:
            with self.gate():
                with self.lock:
                    while self.waiting and len(jobs) < GROUP_LIMIT:
                        jobs.append(self.waiting.popleft())
                self._carry_out(jobs)
        except BaseException as error:
            if not jobs:
                with self.lock:
                    jobs = list(self.waiting)
                    self.waiting.clear()
            for job in jobs:
                job.error, job.result = error, None
        finally:
            with self.lock:
                heir = self.waiting[0] if self.waiting else None
                self.leading = heir is not None
            for job in jobs:
                job.done = True
                job.wake.release()
            if heir is not None:
                heir.wake.release()

    def _carry_out(self, jobs: list[_Job]) -> None:
        connection = self.connection = self.connection or self.connect()
        connection.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                tx = self.local.tx = Tx(connection)
                if len(jobs) == 1:
                    # Alone: rolling the transaction back is enough, and cheaper than a savepoint.
                    job.result = job.unit(tx)
                else:
                    self._carry_out_one(connection, tx, job)
                job.after = tuple(tx._after)
            self.local.tx = None
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            self.local.tx = None

    @staticmethod
    def _carry_out_one(connection: sqlite3.Connection, tx: Tx, job: _Job) -> None:
        connection.execute("SAVEPOINT unit")
        try:
            job.result = job.unit(tx)
        except Exception as error:
            connection.execute("ROLLBACK TO unit")
            connection.execute("RELEASE unit")
            job.error = error
            tx._after.clear()
        else:
            connection.execute("RELEASE unit")
