"""The locks of an instance, and what they tell: who serves, who runs the jobs, and how late the jobs are.

They are `flock`s: the kernel frees them when their holder dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.settings import Settings
from ..core.storage import open_lock
from ..database.schema_version import DatabaseProblem

SCHEDULER, BEAT = "scheduler.lock", "scheduler.beat"
BEAT_EVERY = 1.0  # seconds
STALLED_AFTER = 30.0
"""Seconds without a beat after which the jobs count as stalled, though their process lives."""


def scheduler_pid(settings: Settings) -> int | None:
    """The process that runs the jobs of this instance; None when there is none."""
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
    """The scheduler has come round: called every BEAT_EVERY seconds by a job of its own."""
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
