"""Requests a minute a key over all hosts: handed out to processes by a row, a hundredth of the limit at a time.

Up to a limit of 199 it is one at a time, so exact; beyond, what one process has left can't be used at another. More than the
limit is never let through. A key that has used it up is refused without a look at the database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from typing import NamedTuple, NoReturn

from ..core import clock
from ..core.errors import DatabaseUnavailable, RateLimited
from ..database import Tx, marks, write

WINDOW_MS = 60_000
AHEAD_MS = 10_000
"""A window that another has just opened is a little ahead; one that is further so was opened before the clock was set back."""
PARTS = 100
LIMIT = 50_000  # keys remembered

TAKE = """
    INSERT INTO rate_windows (key_id, opened_at, taken) VALUES (:key, :now, :some)
    ON CONFLICT (key_id) DO UPDATE SET
        taken = :some + CASE WHEN rate_windows.opened_at > :ended AND rate_windows.opened_at <= :ahead
            THEN rate_windows.taken ELSE 0 END,
        opened_at = CASE WHEN rate_windows.opened_at > :ended AND rate_windows.opened_at <= :ahead
            THEN rate_windows.opened_at ELSE :now END
    RETURNING opened_at, taken
"""


class _Part(NamedTuple):
    """``left`` of what was handed out, until ``ends`` (monotonic seconds); ``over``: nobody has anything left."""

    left: int
    ends: float
    over: bool


class SharedRateLimit:
    """As this process sees it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.parts: dict[int, _Part] = {}

    def check(self, key_id: int, limit: int) -> None:
        """Count one request; RateLimited beyond ``limit``."""
        if self._use_own(key_id):
            return
        part = _take(key_id, limit)
        if part.over:
            self._keep(key_id, part)
            raise _refusal(part)
        self._keep(key_id, part._replace(left=part.left - 1))

    def forget(self, key_ids: Collection[int]) -> None:
        """Let these keys begin anew: at once here, elsewhere when what another process has of them is over."""
        with self.lock:
            for key_id in key_ids:
                self.parts.pop(key_id, None)
        ids = list(key_ids)
        if ids:
            write(lambda tx: tx.changed(f"DELETE FROM rate_windows WHERE key_id IN ({marks(ids)})", ids))

    def _use_own(self, key_id: int) -> bool:
        with self.lock:
            part = self.parts.get(key_id)
            if part is None or time.monotonic() >= part.ends:
                return False
            if part.over:
                raise _refusal(part)
            if not part.left:
                return False
            self.parts[key_id] = part._replace(left=part.left - 1)
            return True

    def _keep(self, key_id: int, part: _Part) -> None:
        """Beside what another thread has brought meanwhile."""
        with self.lock:
            if len(self.parts) > LIMIT:
                self.parts.clear()
            known = self.parts.get(key_id)
            left = known.left if known is not None and time.monotonic() < known.ends else 0
            self.parts[key_id] = part._replace(left=part.left + left, over=part.over and not left)


def _refusal(part: _Part) -> RateLimited:
    return RateLimited(max(1, round(part.ends - time.monotonic())))


def _raise_unavailable(_tx: Tx) -> NoReturn:
    raise DatabaseUnavailable("a window of the rate limit can't be written")


def _take(key_id: int, limit: int) -> _Part:
    some, now = max(1, limit // PARTS), clock.now_ms()

    values = {"key": key_id, "now": now, "some": some, "ended": now - WINDOW_MS, "ahead": now + AHEAD_MS}
    row = write(lambda tx: tx.require(TAKE, values, _raise_unavailable)).row
    if row is None:
        raise DatabaseUnavailable("what was taken of the limit is not known")
    opened, taken = row["opened_at"], row["taken"]
    got = min(some, limit - (taken - some))
    return _Part(max(0, got), time.monotonic() + (opened + WINDOW_MS - now) / 1000, got <= 0)
