"""Group commit: the transactions of threads that wait together share one commit."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from ..core.errors import DatabaseUnavailable
from .errors import NotBegun, Unexpected
from .local import Local
from .transaction import Tx

T = TypeVar("T")

GROUP_LIMIT = 64  # units merged into one commit
GROUP_SECONDS = 0.01  # after which a group takes no further unit: units of hundreds of messages must not add up
CAREFUL = 16  # groups that expect a failure after one: refusals come in bursts, and each would do a group's work twice


class Writer(Protocol):
    """An engine's write transactions, for whoever holds the gate."""

    @property
    def tx(self) -> Callable[[Any], Tx]:
        """Its open transaction, as use cases see it, on a connection; what needs no answer may be put off."""

    @property
    def tx_step_by_step(self) -> Callable[[Any], Tx]:
        """The same, where nothing is put off."""

    @property
    def tx_once(self) -> Callable[[Any], Tx]:
        """The same for a block that can't be run again: what the engine has to try again, it does itself."""

    def transaction(self, *, once: bool = False) -> AbstractContextManager[Any]:
        """A connection; begun and committed, or rolled back. ``once``: what is done in it can't be done again.

        Unexpected where what was put off went wrong.
        """

    def carry_out(self, connection: Any) -> None:
        """Do what was put off; Unexpected."""

    def begin_again(self, connection: Any) -> None:
        """Nothing of what was done so far, and a new transaction."""

    def say(self, connection: Any, sql: str) -> None:
        """Divide the transaction by a savepoint."""

    def close(self) -> None: ...


class _Job:
    __slots__ = ("unit", "wake", "result", "error", "done", "after", "configures")

    def __init__(self, unit: Callable[[Tx], Any]):
        self.unit = unit
        self.wake = threading.Lock()
        self.wake.acquire()
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False
        self.after: tuple[Callable[[], None], ...] = ()
        self.configures = True


class CommitGroup:
    """Group commit: the first waiting thread leads, runs all waiting units in one transaction, and hands over.

    A unit that raises is undone alone: its group is begun anew, each unit behind a savepoint, so units must bear to be
    run twice. A transaction that can't begin, or a failed commit, is everybody's error, and is not tried again.
    """

    def __init__(
        self, local: Local, gate: Callable[[], AbstractContextManager[None]], writer: Writer, patience: Callable[[], float]
    ):
        self.local, self.gate, self.writer, self.patience = local, gate, writer, patience
        self.lock = threading.Lock()
        self.waiting: deque[_Job] = deque()
        self.leading = False
        self.heir: _Job | None = None  # who was told to lead next
        self.careful = 0  # groups left to be carried out behind savepoints from the start

    def run(self, unit: Callable[[Tx], T]) -> T:
        job = _Job(unit)
        with self.lock:
            self.waiting.append(job)
            lead = not self.leading
            self.leading = True
        if not lead and not job.wake.acquire(timeout=self.patience()):
            self._withdraw(job)
        if not job.done:
            self._lead()
        if job.configures:
            self.local.version = None  # the request that wrote this sees what it has made of the configuration
        if job.error is not None:
            raise job.error
        for call in job.after:
            call()
        return job.result

    def _withdraw(self, job: _Job) -> None:
        """Wait no longer for a turn to write. One that has begun, or is next, comes to its end."""
        with self.lock:
            withdrawn = job in self.waiting and job is not self.heir
            if withdrawn:
                self.waiting.remove(job)
        if withdrawn:
            raise DatabaseUnavailable("others are writing")
        job.wake.acquire()

    def _lead(self) -> None:
        jobs: list[_Job] = []
        try:
            with self.gate():
                with self.lock:
                    while self.waiting and len(jobs) < GROUP_LIMIT:
                        jobs.append(self.waiting.popleft())
                undone = self._carry_out(jobs)
            if undone:
                jobs = jobs[: -len(undone)]
                with self.lock:
                    self.waiting.extendleft(reversed(undone))
        except BaseException as error:
            if not jobs:
                with self.lock:
                    jobs = list(self.waiting)
                    self.waiting.clear()
            for job in jobs:
                job.error, job.result = error, None
        finally:
            with self.lock:
                heir = self.heir = self.waiting[0] if self.waiting else None
                self.leading = heir is not None
            for job in jobs:
                job.done = True
                job.wake.release()
            if heir is not None:
                heir.wake.release()

    def _carry_out(self, jobs: list[_Job]) -> list[_Job]:
        """One transaction; those that it had no time for."""
        apart = self.careful > 0 and len(jobs) > 1
        if apart:
            self.careful -= 1
        try:
            return self._attempt(jobs, apart)
        except Unexpected as wrong:
            if len(jobs) > 1:
                self.careful = CAREFUL
                return self._attempt(jobs, True)
            return self._attempt(jobs, False, wrong)

    def _attempt(self, jobs: list[_Job], apart: bool, wrong: Unexpected | None = None) -> list[_Job]:
        """``wrong``: what a single one met with that had put off more than it should have."""
        with self.writer.transaction() as connection:
            try:
                if wrong is not None:
                    self._run_again(connection, jobs[0], wrong)
                    return []
                return jobs[self._carry_out_all(connection, jobs, apart) :]
            finally:
                self.local.tx = None

    def _carry_out_all(self, connection: Any, jobs: list[_Job], apart: bool) -> int:
        """Each without a savepoint, and when one fails, all anew behind savepoints; how many there was time for."""
        if apart:
            return self._carry_out_each(connection, jobs, self._carry_out_apart)
        try:
            return self._carry_out_each(connection, jobs, self._run_unit)
        except NotBegun:
            raise
        except Exception:
            if len(jobs) == 1:
                raise  # rolling the transaction back undoes it
            self.careful = CAREFUL
            self.writer.begin_again(connection)
            return self._carry_out_each(connection, jobs, self._carry_out_apart)

    @staticmethod
    def _carry_out_each(connection: Any, jobs: list[_Job], carry_out: Callable[[Any, _Job], None]) -> int:
        """One after the other until the group has had its time; how many."""
        began = time.perf_counter()
        for done, job in enumerate(jobs, 1):
            carry_out(connection, job)
            if time.perf_counter() - began > GROUP_SECONDS:
                return done
        return len(jobs)

    def _carry_out_apart(self, connection: Any, job: _Job) -> None:
        """Behind a savepoint, which copies every page that the unit touches."""
        self.writer.say(connection, "SAVEPOINT unit")
        try:
            try:
                self._run_unit(connection, job)
                self.writer.carry_out(connection)
            except Unexpected as wrong:
                self.writer.say(connection, "ROLLBACK TO unit")
                self._run_again(connection, job, wrong)
        except NotBegun:
            raise  # there is no savepoint to go back to
        except Exception as error:
            if not connection.in_transaction:
                raise  # a full disk undoes it all, and the savepoint with it
            self.writer.say(connection, "ROLLBACK TO unit")
            self.writer.say(connection, "RELEASE unit")
            job.error, job.result, job.after = error, None, ()
        else:
            self.writer.say(connection, "RELEASE unit")

    def _run_unit(self, connection: Any, job: _Job) -> None:
        try:
            self._run(self.writer.tx(connection), job)
        except Exception:
            self.writer.carry_out(connection)  # what it had put off may have more to say
            raise

    def _run_again(self, connection: Any, job: _Job, wrong: Unexpected) -> None:
        """Step by step. Where it is known what the unit has to say to what it met with, that is enough."""
        tx = self.local.tx = self.writer.tx_step_by_step(connection)
        if wrong.refuse is not None:
            wrong.refuse(tx)
        self._run(tx, job)

    def _run(self, tx: Tx, job: _Job) -> None:
        self.local.tx = tx
        job.result = job.unit(tx)
        job.after, job.configures = tuple(tx._after), tx.configures
