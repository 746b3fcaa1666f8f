"""Which processes of this server have collected calls that are not written yet, in memory that all of them share."""

from __future__ import annotations

import mmap
import os
import struct
import time

MOMENT = struct.Struct("<q")
SLOTS = mmap.PAGESIZE // MOMENT.size
LOOK_EVERY = 0.02  # seconds
LONGEST = 2.0
"""Seconds after which nobody is waited for: who has noted something for so long has died, or can't write."""


class Unwritten:
    """Make it before the fork: a process each has a place, by its id, with the moment since when something waits there."""

    def __init__(self) -> None:
        self.moments = mmap.mmap(-1, mmap.PAGESIZE)

    def note(self) -> None:
        MOMENT.pack_into(self.moments, self._place(), time.monotonic_ns())

    def clear(self) -> None:
        MOMENT.pack_into(self.moments, self._place(), 0)

    @staticmethod
    def _place() -> int:
        return os.getpid() % SLOTS * MOMENT.size

    def wait(self) -> None:
        """Until everything is written that was collected before this call."""
        asked = time.monotonic_ns()
        while self._waits_since_before(asked) and time.monotonic_ns() - asked < LONGEST * 10**9:
            time.sleep(LOOK_EVERY)

    def _waits_since_before(self, asked: int) -> bool:
        oldest = asked - round(LONGEST * 10**9)
        return any(oldest < moment <= asked for (moment,) in MOMENT.iter_unpack(self.moments[:]))
