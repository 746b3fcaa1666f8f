"""A gateway's calls at once, counted over all workers: locked files of the instance folder, one a call.

What a killed process held, the kernel frees. Each process keeps its files open and remembers which of them it holds
itself, so that taking one that is free is one system call. Where several hosts share the database: `shared_slots`.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Protocol

from flask import Flask, current_app

from ..adapters.sms.base import SmsGateway
from ..core.forks import after_fork
from . import cluster
from .shared_slots import SharedSlots

FOLDER = "limits"
LOOK_EVERY, YIELDING = 0.01, 0.05  # seconds; what this process itself gives back is noticed at once


class Slots(Protocol):
    """One gateway's, as this process sees them."""

    def take(self, parallel: int, seconds: float, yields: bool, /) -> int | None: ...

    def give_back(self, number: int, /) -> None: ...

    def forget(self) -> None: ...


class Slot:
    """The right to make one call; give it back when the call is over."""

    __slots__ = ("_slots", "number")

    def __init__(self, slots: Slots, number: int):
        self._slots, self.number = slots, number

    def give_back(self) -> None:
        self._slots.give_back(self.number)


def take(gateway: SmsGateway, seconds: float, *, yields: bool = False) -> Slot | None:
    """One of the gateway's ``parallel`` calls; None when none got free within ``seconds``.

    ``yields``: leaves one in ten to others while any of them waits, as the queue does to requests.
    """
    slots = current_app.extensions["wesend.call-slots"].of(gateway.name)
    number = slots.take(gateway.parallel, seconds, yields)
    return None if number is None else Slot(slots, number)


def take_of(name: str, at_most: int) -> Slot | None:
    """One of so many of something else that is counted in the same way; None while all are taken."""
    slots = current_app.extensions["wesend.call-slots"].of(name)
    number = slots.take(at_most, 0, False)
    return None if number is None else Slot(slots, number)


@contextmanager
def slot(gateway: SmsGateway, seconds: float) -> Iterator[bool]:
    """The same for as long as a block lasts; False when none got free."""
    held = take(gateway, seconds)
    try:
        yield held is not None
    finally:
        if held is not None:
            held.give_back()


class FileSlots:
    """Those of one machine."""

    def __init__(self, path: str):
        self.path = path
        self.changed = threading.Condition()
        self.held: set[int] = set()
        self.files: dict[str, int] = {}
        self.first = 0  # to be tried: what was given back last is free, unless another process was quicker
        self.waiting = 0  # threads of this process that don't yield

    def take(self, parallel: int, seconds: float, yields: bool) -> int | None:
        with self.changed:
            number = self._try(parallel, yields)
            if number is None and seconds > 0:
                number = self._wait(parallel, time.monotonic() + seconds, yields)
            return number

    def give_back(self, number: int) -> None:
        with self.changed:
            fcntl.flock(self._file(f"slot{number}"), fcntl.LOCK_UN)
            self.held.discard(number)
            self.first = number
            self.changed.notify_all()

    def is_wanted(self) -> bool:
        """Whether somebody who does not yield waits for a call, in whichever process."""
        if self.waiting:
            return True
        looking = self._file("wanted")
        try:
            fcntl.flock(looking, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(looking, fcntl.LOCK_UN)
        return False

    def forget(self) -> None:
        """In a forked child: close what its parent goes on using."""
        for descriptor in self.files.values():
            os.close(descriptor)
        self.files.clear()

    def _wait(self, parallel: int, deadline: float, yields: bool) -> int | None:
        if not yields:
            self._show_waiting(1)
        try:
            while True:
                number = self._try(parallel, yields)
                left = deadline - time.monotonic()
                if number is not None or left <= 0:
                    return number
                self.changed.wait(min(left, YIELDING if yields else LOOK_EVERY))
        finally:
            if not yields:
                self._show_waiting(-1)

    def _show_waiting(self, more: int) -> None:
        """A shared lock tells the other processes; a file apart, for looking and showing by one would end each other."""
        self.waiting += more
        if self.waiting == (more + 1) // 2:
            fcntl.flock(self._file("wanted", "shown"), fcntl.LOCK_SH if self.waiting else fcntl.LOCK_UN)

    def _try(self, parallel: int, yields: bool) -> int | None:
        usable = parallel
        if yields and self.is_wanted():
            usable = max(1, usable - max(1, usable // 10))
        first = self.first if self.first < usable else 0
        for number in chain(range(first, usable), range(first)):
            if number in self.held:
                continue
            try:
                fcntl.flock(self._file(f"slot{number}"), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            self.held.add(number)
            return number
        return None

    def _file(self, suffix: str, purpose: str = "") -> int:
        """Opened once for each purpose: locks belong to the opening, not to the file."""
        key = suffix + purpose
        if key not in self.files:
            self.files[key] = os.open(f"{self.path}.{suffix}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self.files[key]


class _Gateways:
    """The slots of every gateway that this process has called."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.lock = threading.Lock()
        self.slots: dict[str, Slots] = {}
        after_fork(self._after_fork)

    def _after_fork(self) -> None:
        # A lock belongs to the opening of a file, which a child shares: it must open them anew.
        self.lock = threading.Lock()
        for slots in self.slots.values():
            slots.forget()
        self.slots = {}

    def of(self, name: str) -> Slots:
        with self.lock:
            if name not in self.slots:
                self.slots[name] = self._make(name)
            return self.slots[name]

    def _make(self, name: str) -> Slots:
        if cluster.is_shared():
            return SharedSlots(name)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return FileSlots(str(self.folder / name))

    def shared(self) -> list[SharedSlots]:
        """Those that have to be held on to."""
        with self.lock:
            return [slots for slots in self.slots.values() if isinstance(slots, SharedSlots)]


def keep() -> None:
    """Every two seconds: hold on to what is in use in this process, and let others have the rest."""
    for slots in current_app.extensions["wesend.call-slots"].shared():
        slots.keep()


def init_app(app: Flask) -> None:
    app.extensions["wesend.call-slots"] = _Gateways(app.config["WESEND"].instance / FOLDER)
