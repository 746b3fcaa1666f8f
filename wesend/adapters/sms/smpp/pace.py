"""Pace: how many submit_sm a session may write now, by its limit and by what the SMSC said last."""

from __future__ import annotations

import threading
import time

THROTTLED_PAUSE = 1.0  # seconds without a submit_sm after the SMSC said "too fast"; Kannel's default as well


class Pace:
    """At most ``per_second``, without a limit when None. A tenth of a second's worth may be made up for at once."""

    def __init__(self, per_second: float | None):
        self._rate = per_second
        self._most = max(1.0, per_second / 10) if per_second else 0.0
        self._lock = threading.Lock()
        self._allowance = self._most
        self._counted_at = time.monotonic()
        self._held_until = 0.0

    def take(self, wanted: int, until: float) -> int:
        """How many of ``wanted`` may go, after waiting if need be; 0 when it would be later than ``until``.

        One at a time where there is a limit: what is taken but finds no place in the window would be lost.
        """
        while True:
            with self._lock:
                now = time.monotonic()
                if now >= until:
                    return 0
                delay = self._held_until - now
                if delay <= 0:
                    if self._rate is None:
                        return wanted
                    self._refill(now)
                    if self._allowance >= 1:
                        self._allowance -= 1
                        return 1
                    delay = (1 - self._allowance) / self._rate
            if now + delay > until:
                return 0
            time.sleep(delay)

    def _refill(self, now: float) -> None:
        assert self._rate is not None
        self._allowance = min(self._most, self._allowance + (now - self._counted_at) * self._rate)
        self._counted_at = now

    def hold(self) -> None:
        """The SMSC is throttling: nobody sends for a moment."""
        with self._lock:
            self._held_until = time.monotonic() + THROTTLED_PAUSE
