"""One thread a process that ends what takes too long.

(A socket's own time-out bounds each read, not the whole: a server that drips a byte a second would hold a thread for ever.)
"""

from __future__ import annotations

import heapq
import os
import threading
import time
from collections.abc import Callable
from itertools import count


def _nothing() -> None:
    pass


class Watch:
    """Calls ``cut`` at ``deadline`` (monotonic seconds) unless it ended before: ``with Watch(…):``.

    ``cut`` runs on the watchdog's thread, and must be short.
    """

    __slots__ = ("deadline", "cut", "over")

    def __init__(self, deadline: float, cut: Callable[[], None]):
        self.deadline, self.cut, self.over = deadline, cut, False

    def __enter__(self) -> Watch:
        _watchdog.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.over, self.cut = True, _nothing  # it may stay for a while; what it would have cut must not


class _Watchdog:
    """A heap of deadlines. What ended in time stays in it until its deadline, so that ending costs nothing."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Anew, in a forked child too, which has no thread of its parent's."""
        self.changed = threading.Condition()
        self.heap: list[tuple[float, int, Watch]] = []
        self.numbers = count()
        self.thread: threading.Thread | None = None

    def add(self, watch: Watch) -> None:
        with self.changed:
            heapq.heappush(self.heap, (watch.deadline, next(self.numbers), watch))
            if self.thread is None:
                self.thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self.thread.start()
            elif self.heap[0][2] is watch:  # earlier than what the thread waits for
                self.changed.notify()

    def _run(self) -> None:
        while True:
            with self.changed:
                while not (late := self._late()):
                    self.changed.wait(self.heap[0][0] - time.monotonic() if self.heap else None)
            for watch in late:
                if not watch.over:
                    watch.cut()

    def _late(self) -> list[Watch]:
        """Those whose time is over, taken off the heap together with what has ended before them."""
        now, late = time.monotonic(), []
        while self.heap and (self.heap[0][2].over or self.heap[0][0] <= now):
            watch = heapq.heappop(self.heap)[2]
            if not watch.over:
                late.append(watch)
        return late


_watchdog = _Watchdog()
os.register_at_fork(after_in_child=_watchdog.begin)
