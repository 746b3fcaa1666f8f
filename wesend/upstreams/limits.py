"""A gateway's limits, counted over all workers: calls at once by locked slots, messages a second by a shared schedule.

Both live in small files of the instance folder; what a killed process held, the kernel frees. The schedule counts by
the machine's monotonic clock, which all processes share and nobody sets.
"""

from __future__ import annotations

import fcntl
import os
import random
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app

from ..gateways.sms.base import SmsGateway

FOLDER = "limits"
LOOK_EVERY, YIELDING = 0.01, 0.05  # seconds; what this process itself gives back is noticed at once
LATE = 60.0  # seconds; more than any call of others reserves beyond its own patience
NEXT_FREE = struct.Struct("<d")


def _path(gateway: SmsGateway, suffix: str) -> Path:
    folder = current_app.config["WESEND"].instance / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{gateway.name}.{suffix}"


@contextmanager
def slot(gateway: SmsGateway, seconds: float, *, yields: bool = False) -> Iterator[bool]:
    """One of the gateway's ``parallel`` calls; False when none got free within ``seconds``.

    ``yields``: leaves one in ten to others while any of them waits, as the queue does to requests.
    """
    held = _take(gateway, yields)
    if held is None and seconds > 0:
        held = _wait(gateway, yields, time.monotonic() + seconds)
    try:
        yield held is not None
    finally:
        if held is not None:
            os.close(held)
            _given_back.note()


class _GivenBack:
    """Wakes those that wait in this process when it gives back a call; of other processes' they look now and then."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Anew, in a forked child too: a lock that was held at the fork would be held for ever."""
        self.changed = threading.Condition()
        self.times = 0

    def note(self) -> None:
        with self.changed:
            self.times += 1
            self.changed.notify()

    def wait(self, times: int, seconds: float) -> None:
        """Until more was given back than ``times``: what came between a look and this wait is not missed."""
        with self.changed:
            self.changed.wait_for(lambda: self.times != times, seconds)


_given_back = _GivenBack()
os.register_at_fork(after_in_child=_given_back.begin)


def _wait(gateway: SmsGateway, yields: bool, deadline: float) -> int | None:
    sign = None if yields else os.open(_path(gateway, "wanted"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if sign is not None:
            fcntl.flock(sign, fcntl.LOCK_SH)
        while True:
            times = _given_back.times
            held = _take(gateway, yields)
            left = deadline - time.monotonic()
            if held is not None or left <= 0:
                return held
            _given_back.wait(times, min(left, YIELDING if yields else LOOK_EVERY))
    finally:
        if sign is not None:
            os.close(sign)


def _is_wanted(gateway: SmsGateway) -> bool:
    """Whether somebody who does not yield waits for a call, in whichever process."""
    descriptor = os.open(_path(gateway, "wanted"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def _take(gateway: SmsGateway, yields: bool) -> int | None:
    usable = gateway.parallel
    if yields and _is_wanted(gateway):
        usable = max(1, usable - max(1, usable // 10))
    # Each begins elsewhere, so that not all of them try the same slots first.
    start = random.randrange(usable)
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
