"""How many threads of this process may be held by what takes long, so that the rest keeps answering.

Slow clients have slots of their own (`web/connections`): they are counted where a socket is waited for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from .current_app import this_app
from .errors import TooManyExports

BY_HAND, EXPORTS, LONG_POLLS = "by hand", "file exports", "long polls"  # no gateway has a space in its name
AGAIN = 5  # seconds
QUICK = 0.05  # seconds that a gateway's requests take, at most, to be given more than half of the threads
WEIGHT = 0.2  # of the latest request, in the average of how long they take
WAITS = 0.02  # seconds that one more request waits for a place with a quick gateway


class ThreadSlots:
    """Half of the threads for each use (a gateway's name, or one of the above), all but one for all of them together.

    A gateway that answers at once may have all but one, too: what it leaves to the queue costs more than its thread, and
    more than a moment's wait of the last one.
    """

    def __init__(self, threads: int):
        self.limit, self.limit_in_all = max(1, threads // 2), max(1, threads - 1)
        # No long poll where there is a single thread: it can be answered at once instead.
        self.limits = {BY_HAND: self.limit, EXPORTS: self.limit, LONG_POLLS: threads // 2}
        self.seconds: dict[str, float] = {}
        """How long requests that wait for a gateway take, in the weighted average."""
        self.ended_at: dict[str, float] = {}
        """When the last of them ended, in monotonic seconds."""
        self.busy: dict[str, int] = {}
        self.lock = threading.RLock()  # a Held may be collected while its thread has it
        self.freed = threading.Condition(self.lock)

    def take(self, names: set[str]) -> set[str]:
        """A slot for each of these, as far as there are any; those that got one, to be given back."""
        with self.lock:
            room = self.limit_in_all - sum(self.busy.values())
            free = sorted(name for name in names if self.busy.get(name, 0) < self._limit(name))
            taken = set(free[: max(0, room)])
            for name in taken:
                self.busy[name] = self.busy.get(name, 0) + 1
        return taken

    def give_back(self, names: set[str]) -> None:
        with self.lock:
            for name in names:
                self.busy[name] -= 1
            self.freed.notify()

    def _limit(self, name: str) -> int:
        return self.limit_in_all if self._is_quick(name) else self.limits.get(name, self.limit)

    def _is_quick(self, name: str) -> bool:
        """Whether it is a gateway that has just answered at once."""
        is_quick = self.seconds.get(name, QUICK) < QUICK and time.monotonic() - self.ended_at[name] < QUICK
        return is_quick and name not in self.limits

    def _take_soon(self, names: set[str]) -> set[str]:
        """The same, after a moment's wait where the gateways are quick."""
        until = time.monotonic() + WAITS
        with self.lock:
            while not (taken := self.take(names)) and all(map(self._is_quick, names)) and time.monotonic() < until:
                self.freed.wait(until - time.monotonic())
        return taken

    @contextmanager
    def taken(self, names: set[str]) -> Iterator[set[str]]:
        taken, began = self._take_soon(names), time.monotonic()
        try:
            yield taken
        finally:
            self.give_back(taken)
            self._note(taken, began)

    def _note(self, names: set[str], began: float) -> None:
        ended = time.monotonic()
        with self.lock:
            for name in names:
                before = self.seconds.get(name, QUICK)
                self.seconds[name] = before + WEIGHT * (ended - began - before)
                self.ended_at[name] = ended


class Held:
    """A slot that an answer keeps while it is streamed: given back once, whoever says first that it is over."""

    def __init__(self, slots: ThreadSlots, name: str):
        self.slots, self.names = slots, {name}

    def release(self) -> None:
        names, self.names = self.names, set()
        self.slots.give_back(names)

    __del__ = release
    """Also of an answer that nobody came to stream."""


@contextmanager
def held_for_export() -> Iterator[Held]:
    """``with held_for_export() as held``: a thread to stream a file, which keeps it afterwards, unless what is prepared fails.

    TooManyExports beyond the bound.
    """
    slots = here()
    if not slots.take({EXPORTS}):
        raise TooManyExports(AGAIN)
    held = Held(slots, EXPORTS)
    try:
        yield held
    except BaseException:
        held.release()
        raise


def init_app(app: Flask) -> None:
    app.extensions["wesend.core.thread_slots"] = ThreadSlots(app.config["WESEND"].threads)


def here() -> ThreadSlots:
    """Those of the application that runs."""
    return this_app().extensions["wesend.core.thread_slots"]
