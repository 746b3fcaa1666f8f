"""A gateway's calls at once over all hosts: shares of them, leased to processes by rows.

A process that needs calls asks for some at a time, and hands them out itself: a call under a share costs no round trip. While
others want more than there is, all of them keep to an equal part.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from ..core import clock
from ..core.errors import StorageFull
from ..database import Tx, write
from . import cluster

LEASE_MS = 10_000
WANTED_MS = 3_000  # that a wish for more counts; it is repeated while somebody waits
LOOK_EVERY = 0.05  # seconds between two tries while somebody waits
FRESH = 0.5  # seconds after which a process that is busy looks whether others want anything

SHARES = "SELECT holder, slots, wants_until FROM slot_shares WHERE name = ? AND lease_until > ?"
HOLD = """
    INSERT INTO slot_shares (name, holder, slots, wants_until, lease_until) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (name, holder) DO UPDATE SET slots = excluded.slots, wants_until = excluded.wants_until,
        lease_until = excluded.lease_until
"""
LEAVE = "DELETE FROM slot_shares WHERE name = ? AND (holder = ? OR lease_until <= ?)"


class Share(NamedTuple):
    """What a process may have under way; ``others_want`` more than there is."""

    slots: int
    others_want: bool


class SharedSlots:
    """One gateway's, as this process sees them."""

    def __init__(self, name: str):
        self.name = name
        self.changed = threading.Condition()
        self.asking = threading.Lock()
        self.parallel = 1
        self.share = Share(0, False)
        self.used = 0
        self.waiting = 0  # threads; and of them those that don't yield
        self.insisting = 0
        self.valid_until = self.asked = float("-inf")  # monotonic seconds

    def take(self, parallel: int, seconds: float, yields: bool) -> int | None:
        """0 for a call; None when none got free within ``seconds``, or the database is away."""
        deadline = time.monotonic() + seconds
        with self.changed:
            self.parallel = parallel
            self.waiting += 1
            self.insisting += not yields
        try:
            while True:
                if time.monotonic() - self.asked >= FRESH or time.monotonic() >= self.valid_until:
                    self._ask()
                if self._take_own(yields):
                    return 0
                if time.monotonic() - self.asked >= LOOK_EVERY or self.share.slots < self.parallel and not self.share.others_want:
                    self._ask()
                    if self._take_own(yields):
                        return 0
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                with self.changed:
                    self.changed.wait(min(left, LOOK_EVERY))
        finally:
            with self.changed:
                self.waiting -= 1
                self.insisting -= not yields

    def _take_own(self, yields: bool) -> bool:
        with self.changed:
            left_to_others = min(1, self.share.slots - 1) if yields and self.insisting else 0
            if self.used + left_to_others >= min(self.share.slots, self.parallel) or time.monotonic() >= self.valid_until:
                return False
            self.used += 1
            return True

    def give_back(self, _number: int) -> None:
        with self.changed:
            self.used -= 1
            others_want = self.share.others_want
            self.changed.notify_all()
        if others_want:
            self._ask()

    def keep(self) -> None:
        """Hold on to what is in use, and leave the rest to others."""
        if self.share.slots or self.waiting:
            self._ask()

    def forget(self) -> None:
        """In a forked child: what its parent holds is the parent's."""

    def _ask(self) -> None:
        """Agree with the others. Nobody takes a call of this process meanwhile but by waiting, so ``used`` only falls."""
        with self.asking:
            with self.changed:
                self.share = Share(self.used, self.share.others_want)
                used, desired, parallel = self.used, self.used + self.waiting, self.parallel
            began, holder = time.monotonic(), cluster.this_process().holder
            try:
                share = write(lambda tx: _agree(tx, self.name, holder, used, desired, parallel))
            except StorageFull:
                self.asked = time.monotonic()
                return
            with self.changed:
                self.share, self.asked = share, time.monotonic()
                self.valid_until = began + LEASE_MS / 1000
                self.changed.notify_all()


def _agree(tx: Tx, name: str, holder: str, used: int, desired: int, parallel: int) -> Share:
    now = clock.now_ms()
    if not desired:
        tx.execute(LEAVE, (name, holder, now))
        return Share(0, False)
    others = [row for row in tx.all(SHARES, (name, now)) if row["holder"] != holder]
    free = parallel - sum(row["slots"] for row in others)
    wanting = sum(row["wants_until"] > now for row in others)
    if wanting:
        wished = min(desired, max(1, parallel // (1 + wanting)))
    else:
        wished = desired + parallel // 8
    slots = max(used, min(wished, free))
    tx.execute(HOLD, (name, holder, slots, now + WANTED_MS if desired > slots else 0, now + LEASE_MS))
    return Share(slots, wanting > 0)
