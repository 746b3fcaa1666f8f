"""The clock of a database that several hosts share: theirs may stand seconds apart, so they judge by its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

LOOKS = 3  # at a time; the one with the shortest round trip counts
KEPT = 10.0  # seconds that a look is good for; clocks drift by less than a millisecond in that time


class Look(NamedTuple):
    """What the database's clock showed (seconds since 1970), at which moment by the monotonic clock of this host."""

    shown: float
    at: float
    round_trip: float

    def now(self) -> float:
        return self.shown + time.monotonic() - self.at


class DatabaseClock:
    """A source for `core.clock`: between two looks it goes on by the monotonic clock, which nobody sets.

    ``ask`` gives what the database's clock shows, in seconds since 1970, or raises. Until it answered for the first time
    this host's own clock has to do.
    """

    def __init__(self, ask: Callable[[], float]):
        self._ask = ask
        self._lock = threading.Lock()
        self._look: Look | None = None
        self._tried = float("-inf")

    def __call__(self) -> float:
        if self._look is None and time.monotonic() - self._tried >= 1.0:
            self.refresh()
        return time.time() if self._look is None else self._look.now()

    def is_stale(self) -> bool:
        return self._look is None or time.monotonic() - self._look.at >= KEPT

    def refresh(self) -> bool:
        """Look anew; False when the database did not answer: what was seen last goes on."""
        with self._lock:
            self._tried = time.monotonic()
            try:
                self._look = min((self._once() for _ in range(LOOKS)), key=lambda look: look.round_trip)
            except Exception:  # of whichever driver: a clock that raised would stop everything
                return False
        return True

    def _once(self) -> Look:
        began = time.monotonic()
        shown = self._ask()
        ended = time.monotonic()
        return Look(shown, (began + ended) / 2, ended - began)

    def distance(self) -> float | None:
        """Seconds by which this host's clock is ahead of the database's; None where it did not answer."""
        return None if self._look is None and not self.refresh() or self._look is None else time.time() - self._look.now()
