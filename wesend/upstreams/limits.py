"""A gateway's limits, counted over all workers: calls at once by locked slots, messages a second by a shared schedule.

Both live in small files of the instance folder; what a killed process held, the kernel frees. The schedule counts by
the machine's monotonic clock, which all processes share and nobody sets.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app

from ..gateways.sms.base import SmsGateway

FOLDER = "limits"
LOOK_EVERY = 0.005
LATE = 60.0  # seconds; more than any call of others reserves beyond its own patience
NEXT_FREE = struct.Struct("<d")


def _path(gateway: SmsGateway, suffix: str) -> Path:
    folder = current_app.config["WESEND"].instance / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{gateway.name}.{suffix}"


@contextmanager
def slot(gateway: SmsGateway, seconds: float, *, spare: int = 0) -> Iterator[bool]:
    """One of the gateway's ``parallel`` calls; False when none got free within ``seconds``.

    ``spare``: so many of them are left to others.
    """
    deadline = time.monotonic() + seconds
    usable = max(1, gateway.parallel - spare)
    held = None
    while held is None:
        held = _take(gateway, usable)
        if held is None:
            if time.monotonic() >= deadline:
                break
            time.sleep(LOOK_EVERY)
    try:
        yield held is not None
    finally:
        if held is not None:
            os.close(held)


def _take(gateway: SmsGateway, usable: int) -> int | None:
    # Each process begins elsewhere, so that not all of them try the same slots first.
    start = os.getpid() + int(time.monotonic() * 1000)
    for number in range(usable):
        path = _path(gateway, f"slot{(start + number) % usable}")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            os.close(descriptor)
    return None


def wait_for_turn(gateway: SmsGateway, messages: int, seconds: float) -> bool:
    """Keep the pace of ``tps``: waits until these messages may go; False when that is more than ``seconds`` away."""
    if gateway.tps is None:
        return True
    pause = _reserve(_path(gateway, "tps"), messages / gateway.tps, seconds, most=seconds + LATE + 2 / gateway.tps)
    if pause is None:
        return False
    time.sleep(pause)
    return True


def at_once(gateway: SmsGateway) -> int:
    """How many messages one call may carry: no more than a second's worth, so that the pace is even."""
    return gateway.batch if gateway.tps is None else max(1, min(gateway.batch, int(gateway.tps)))


def _reserve(path: Path, takes: float, seconds: float, *, most: float) -> float | None:
    """Seconds to wait for; None when it is more than ``seconds``. What lies more than ``most`` ahead is of another boot."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        stored = os.pread(descriptor, NEXT_FREE.size, 0)
        now = time.monotonic()
        free = NEXT_FREE.unpack(stored)[0] if len(stored) == NEXT_FREE.size else now
        if free > now + most:
            free = now
        start = max(now, free)
        if start - now > seconds:
            return None
        os.pwrite(descriptor, NEXT_FREE.pack(start + takes), 0)
        return start - now
    finally:
        os.close(descriptor)
