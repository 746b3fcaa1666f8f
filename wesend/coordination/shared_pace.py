"""A gateway's messages a second over all hosts: stretches of time, handed out to processes by a row.

A process takes a stretch that is as long as what it has to send, or longer when it has just used one up, and keeps its own
messages in step within it: a bulk costs a few round trips a second, not one a call.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from ..core import clock
from ..core.errors import StorageFull
from ..database import Tx, write

LONGEST = 0.5  # seconds that are taken ahead
LATE = 60.0  # seconds; more than any call of others reserves beyond its own patience
SECOND = 1_000_000

# What lies further ahead than anybody reserves was written before the clock was set back.
RESERVE = """
    INSERT INTO gateway_pace (gateway, next_free_us) VALUES (:gateway, :now + :takes)
    ON CONFLICT (gateway) DO UPDATE SET next_free_us = :takes + CASE
        WHEN gateway_pace.next_free_us > :now AND gateway_pace.next_free_us <= :absurd THEN gateway_pace.next_free_us ELSE :now END
    WHERE gateway_pace.next_free_us <= :latest OR gateway_pace.next_free_us > :absurd
    RETURNING next_free_us
"""


class _Stretch:
    """Of one gateway, by the monotonic clock; ``takes`` seconds long when it was last taken."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.next = self.end = float("-inf")
        self.takes = 0.0

    def turn(self, gateway: str, tps: float, messages: int, seconds: float) -> float | None:
        needed = messages / tps
        with self.lock:
            now = time.monotonic()
            fits = max(now, self.next) + needed <= self.end + 1e-6
            if not (self.next - now <= seconds if fits else self._reserve(gateway, needed, seconds, now)):
                return None
            start = max(now, self.next)
            self.next = start + needed
            return start - now

    def _reserve(self, gateway: str, needed: float, seconds: float, now: float) -> bool:
        used_up = now - self.end < LONGEST
        takes = max(needed, min(2 * self.takes, LONGEST) if used_up else 0.0)
        start = _reserve(gateway, takes, seconds, LATE + seconds + 2 * needed)
        if start is None:
            return False
        self.takes, self.next, self.end = takes, start, start + takes
        return True


def _reserve(gateway: str, takes: float, seconds: float, most: float) -> float | None:
    """When a stretch begins, by the monotonic clock; None when that is more than ``seconds`` away."""
    at, now = time.monotonic(), clock.now_ms() * 1000
    values: dict[str, Any] = {
        "gateway": gateway,
        "now": now,
        "takes": round(takes * SECOND),
        "latest": now + round(seconds * SECOND),
        "absurd": now + round(most * SECOND),
    }

    def unit(tx: Tx) -> int | None:
        row = tx.one(RESERVE, values)
        return None if row is None else row[0]

    try:
        end = write(unit)
    except StorageFull:
        return None
    return None if end is None else at + (end - values["takes"] - now) / SECOND


class SharedPace:
    """Of all gateways, as this process sees them."""

    def __init__(self) -> None:
        self.stretches: dict[str, _Stretch] = {}

    def turn(self, gateway: str, tps: float, messages: int, seconds: float) -> float | None:
        """Seconds to wait for; None when that is more than ``seconds``, or the database is away."""
        return self.stretches.setdefault(gateway, _Stretch()).turn(gateway, tps, messages, seconds)
