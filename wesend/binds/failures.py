"""Failed binds by address, counted over all workers of a machine in one small file, by the clock that nobody sets."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..accounts import places

NAME = "smpp-failures"
MOST = 10
WINDOW = 600.0  # seconds in which so many may fail, and for which none is looked at after the last of them
ADDRESSES = 10_000

Failures = dict[str, list[float]]


def is_shut_out(instance: Path, address: str) -> bool:
    """Whether an address has failed so often within ten minutes that it is not looked at for ten more.

    OSError is no reason to shut anybody out.
    """
    path = instance / NAME
    if not path.exists():
        return False
    with _opened(path) as (_, failures):
        times = failures.get(places.place_of(address), [])
        return len(times) >= MOST and times[-1] - times[0] < WINDOW and len(_lately(times[-1:])) == 1


def note(instance: Path, address: str) -> int:
    """A bind from there has failed; how many did lately."""
    with _opened(instance / NAME) as (descriptor, failures):
        place = places.place_of(address)
        found = [*_lately(failures.pop(place, [])), time.monotonic()][-MOST:]
        failures = {**{name: times for name, times in failures.items() if _lately(times)}, place: found}
        while len(failures) > ADDRESSES:
            del failures[next(iter(failures))]
        data = json.dumps(failures).encode()
        os.pwrite(descriptor, data, 0)
        os.ftruncate(descriptor, len(data))
        return len(found)


def _lately(times: list[float]) -> list[float]:
    """Times ahead are of before the machine was started anew."""
    now = time.monotonic()
    return [at for at in times if now - WINDOW < at <= now]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, Failures]]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            read = json.loads(os.pread(descriptor, os.fstat(descriptor).st_size, 0) or b"{}")
        except ValueError:
            read = {}  # cut short on a full disk
        yield descriptor, read if isinstance(read, dict) else {}
    finally:
        os.close(descriptor)
