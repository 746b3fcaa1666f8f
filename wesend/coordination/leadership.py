"""The locks of an instance, and what they tell: who serves, who runs the jobs, and how late the jobs are.

They are `flock`s: the kernel frees them when their holder dies, however it dies. Where several hosts share the database, the
one process of each host that has its lock stands for the lease of the jobs (`lease`), and runs them while it holds that too.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from flask import Flask

from ..core.settings import Settings
from ..core.storage import open_lock
from ..database import fence
from ..database.schema_version import DatabaseProblem
from . import cluster, lease

SCHEDULER, BEAT = "scheduler.lock", "scheduler.beat"
BEAT_EVERY = 1.0  # seconds
STALLED_AFTER = 30.0
"""Seconds without a beat after which the jobs count as stalled, though their process lives."""
TAKEN_OVER_WITHIN = 15.0
"""Seconds after the last beat of a host that died by which another host runs the jobs."""

TERM = "wesend.term"


class Term:
    """A process's time at the jobs: of one machine's process for as long as it lives, of a cluster's while its lease lasts."""

    def __init__(self, settings: Settings, held: lease.Lease | None):
        self.settings, self.lease = settings, held

    def holds(self) -> bool:
        return self.lease is None or self.lease.holds()

    def beat(self) -> None:
        """The scheduler has come round: called every BEAT_EVERY seconds by a job of its own."""
        if self.lease is not None:
            self.lease.beat()
        beat(self.settings)

    def renew(self) -> None:
        if self.lease is not None and not self.lease.lost:
            self.lease.renew()

    def give_up(self) -> None:
        """Its work has ended: another may begin."""
        if self.lease is not None and not self.lease.lost:
            self.lease.give_up()


class Election:
    """One process's tries to be the one that runs the jobs."""

    def __init__(self, app: Flask):
        self.app = app
        self.settings: Settings = app.config["WESEND"]
        self.descriptor: int | None = None

    def stand(self) -> Term | None:
        """The term, when this process is to run the jobs; None while another does."""
        if not self._is_first_of_the_host():
            return None
        with self.app.app_context():
            held = lease.take(lease.JOBS) if cluster.is_shared() else None
            if held is None and cluster.is_shared():
                return None
        term = self.app.extensions[TERM] = Term(self.settings, held)
        return term

    def _is_first_of_the_host(self) -> bool:
        try:
            if self.descriptor is None:
                self.descriptor = open_lock(self.settings.instance / SCHEDULER)
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another holds it; or it can't be opened, for now
            return False
        # Whose lock it is, in place, for there may be no room for a longer file. Nothing depends on it.
        with suppress(OSError):
            os.pwrite(self.descriptor, f"{os.getpid():<10}\n".encode(), 0)
            beat(self.settings)
        return True


@contextmanager
def at_work(app: Flask) -> Iterator[None]:
    """An app context for a thread of the jobs: what it writes is refused (`lease.LeaseLost`) once another runs them."""
    term: Term | None = app.extensions.get(TERM)
    with app.app_context(), fence.fenced(term.lease.check if term is not None and term.lease is not None else None):
        yield


class Running(NamedTuple):
    """Who runs the jobs, of all hosts. ``lag``: seconds by which they are late; ``host``: see `cluster`."""

    host: str
    pid: int
    lag: float


def running(settings: Settings) -> Running | None:
    """Of the cluster, inside an app context; None when nobody does."""
    if cluster.is_shared():
        held = lease.holder_of(lease.JOBS)
        return None if held is None else Running(held.host, held.pid, max(0.0, held.silent_ms / 1000 - BEAT_EVERY))
    pid = scheduler_pid(settings)
    return None if pid is None else Running(cluster.host_id(settings), pid, scheduler_lag(settings))


def changes_hands() -> bool:
    """Whether the host that ran the jobs has just ended, and another is about to take them over: inside an app context."""
    last = lease.last_holder_of(lease.JOBS) if cluster.is_shared() else None
    return last is not None and last.silent_ms < TAKEN_OVER_WITHIN * 1000


def scheduler_pid(settings: Settings) -> int | None:
    """The process that runs the jobs of this machine's instance, or stands for it; None when there is none."""
    try:
        descriptor = os.open(settings.instance / SCHEDULER, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 32, 0).decode().strip()
        return int(text) if text.isdigit() else 0
    else:
        return None
    finally:
        os.close(descriptor)


def beat(settings: Settings) -> None:
    """Note that the scheduler has come round."""
    # The monotonic clock is one for all processes of a machine, and nobody sets it.
    path = settings.instance / BEAT
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(descriptor, b"%020d" % time.monotonic_ns(), 0)
    finally:
        os.close(descriptor)


def scheduler_lag(settings: Settings) -> float:
    """Seconds by which the scheduler is late; infinite before its first beat."""
    try:
        last = int((settings.instance / BEAT).read_bytes() or b"x")
    except (OSError, ValueError):
        return float("inf")
    return max(0.0, (time.monotonic_ns() - last) / 1e9 - BEAT_EVERY)


def _serving(settings: Settings) -> Path:
    return settings.database.with_name(settings.database.name + ".serving")


def announce_serving(settings: Settings) -> int:
    """Hold the serving lock until every process that inherits the descriptor has ended. DatabaseProblem in a
    restore.
    """
    descriptor = open_lock(_serving(settings))
    if not _taken(descriptor, fcntl.LOCK_SH):
        os.close(descriptor)
        raise DatabaseProblem(f"A backup is being restored to {settings.database}: start again when that is done.")
    return descriptor


@contextmanager
def nobody_serves(settings: Settings) -> Iterator[None]:
    """Inside, no server runs on the database and none can start; DatabaseProblem when one runs."""
    descriptor = os.open(_serving(settings), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _taken(descriptor, fcntl.LOCK_EX) or scheduler_pid(settings) is not None:
            raise DatabaseProblem(f"A server runs on {settings.database}: stop it first.")
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
