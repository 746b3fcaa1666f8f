"""A gateway's messages a second, counted over all workers: a schedule in a small file of the instance folder.

It counts by the machine's monotonic clock, which all processes share and nobody sets. Where several hosts share the
database: `shared_pace`.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from pathlib import Path

from flask import Flask, current_app

from ..adapters.sms.base import SmsGateway
from . import cluster
from .call_slots import FOLDER
from .shared_pace import SharedPace

LATE = 60.0  # seconds; more than any call of others reserves beyond its own patience
NEXT_FREE = struct.Struct("<d")


def wait_for_turn(gateway: SmsGateway, messages: int, seconds: float) -> bool:
    """Keep the pace of ``tps``: waits until these messages may go; False when that is more than ``seconds`` away."""
    if gateway.tps is None:
        return True
    pause = _turn(gateway.name, gateway.tps, messages, seconds)
    if pause is None:
        return False
    time.sleep(pause)
    return True


def _turn(name: str, tps: float, messages: int, seconds: float) -> float | None:
    """Seconds to wait for; None when it is more than ``seconds``, and nothing is taken then."""
    if cluster.is_shared():
        return current_app.extensions["wesend.shared-pace"].turn(name, tps, messages, seconds)
    folder = current_app.config["WESEND"].instance / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return _reserve(folder / f"{name}.tps", messages / tps, seconds, most=seconds + LATE + 2 / tps)


def at_once(gateway: SmsGateway) -> int:
    """How many messages one call may carry: no more than a second's worth, so that the pace is even."""
    return gateway.batch if gateway.tps is None else max(1, min(gateway.batch, int(gateway.tps)))


def _reserve(path: Path, takes: float, seconds: float, *, most: float) -> float | None:
    """Seconds to wait for; None when it is more than ``seconds``. Further ahead than ``most`` is another boot's."""
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


def init_app(app: Flask) -> None:
    app.extensions["wesend.shared-pace"] = SharedPace()
