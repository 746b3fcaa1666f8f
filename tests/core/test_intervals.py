"""Calls at an interval: never two at once, and what came due meanwhile is one call."""

from __future__ import annotations

import threading
import time

from wesend.core.intervals import Interval


def test_a_slow_call_is_not_made_up_for(clock):
    begun, gate = [], threading.Semaphore(0)

    def work() -> None:
        begun.append(time.monotonic())
        gate.acquire(timeout=10)

    interval = Interval("test", 0.02, work)
    interval.start()
    time.sleep(0.3)
    assert len(begun) == 1
    interval.stop()
    gate.release()
    interval.thread.join(10)
    assert len(begun) == 1 and not interval.thread.is_alive()
