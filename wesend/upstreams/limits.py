"""A gateway's limits, counted over all workers: calls at once by locked slots, messages a second by a shared schedule.

Both live in small files of the instance folder; what a killed process held, the kernel frees.
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
NEXT_FREE = struct.Struct("<d")


def _path(gateway: SmsGateway, suffix: str) -> Path:
    folder = current_app.config["WESEND"].instance / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{gateway.name}.{suffix}"


@contextmanager
def slot(gateway: SmsGateway, seconds: float) -> Iterator[bool]:
    """One of the gateway's ``parallel`` calls; False when none got free within ``seconds``."""
    deadline = time.monotonic() + seconds
    held = None
    while held is None:
        held = _take(gateway)
        if held is None:
            if time.monotonic() >= deadline:
                break
            time.sleep(LOOK_EVERY)
    try:
        yield held is not None
    finally:
        if held is not None:
            os.close(held)


def _take(gateway: SmsGateway) -> int | None:
    # Each process begins elsewhere, so that not all of them try the same slots first.
    start = os.getpid() + int(time.monotonic() * 1000)
    for number in range(gateway.parallel):
        path = _path(gateway, f"slot{(start + number) % gateway.parallel}")
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
    pause = _reserve(_path(gateway, "tps"), messages / gateway.tps, seconds)
    if pause is None:
        return False
    time.sleep(pause)
    return True


def _reserve(path: Path, takes: float, seconds: float) -> float | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        stored = os.pread(descriptor, NEXT_FREE.size, 0)
        now = time.time()
        free = NEXT_FREE.unpack(stored)[0] if len(stored) == NEXT_FREE.size else now
        if free > now + 3600:
            free = now  # the clock was set back
        start = max(now, free)
        if start - now > seconds:
            return None
        os.pwrite(descriptor, NEXT_FREE.pack(start + takes), 0)
        return start - now
    finally:
        os.close(descriptor)
