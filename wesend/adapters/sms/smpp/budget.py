"""The time that one submission has."""

from __future__ import annotations

import time


class Budget:
    """Moments by the monotonic clock. The first half of ``timeout`` (s) is for beginning, the rest for answers.

    A long message that has begun to go out is worth waiting for, since a phone can't show half of it: it has one and
    a half times as long, and its last answer half more. Twice the time-out is still within a message's lease.
    """

    def __init__(self, timeout: float):
        began = time.monotonic()
        self.begin_by = began + timeout / 2
        self.finish_by = began + timeout * 1.5
        self._answer_by = began + timeout
        self._patience = timeout / 2

    def answer_by(self) -> float:
        """How long to wait for answers, now that everything is written."""
        return max(self._answer_by, time.monotonic() + self._patience)
