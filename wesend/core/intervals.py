"""Calls at fixed intervals, planned by the monotonic clock: one thread each.

APScheduler plans by the wall clock. Set back by an hour, its jobs stood still for that hour, and when it was put right
they slept on, for as long as they had reckoned while it was wrong. What is called here never notices.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Interval:
    """Calls ``work`` every ``seconds``, never twice at once; what came due while it ran counts as one call.

    ``work`` handles its own errors.
    """

    def __init__(self, name: str, seconds: float, work: Callable[[], object]):
        self.seconds, self.work = seconds, work
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """No call begins any more; one under way comes to its end."""
        self.stopping.set()

    def _run(self) -> None:
        due = time.monotonic() + self.seconds
        while not self.stopping.wait(max(0.0, due - time.monotonic())):
            self.work()
            due = max(due + self.seconds, time.monotonic())
