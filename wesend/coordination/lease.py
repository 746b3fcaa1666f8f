"""Who alone does something among several hosts: a row with an epoch, which every write of its holder is held against.

A lock of a database session would not do: a session that breaks frees it, while its holder goes on working. Here whoever
takes over raises the epoch, and what the former holder still writes is refused in the very transaction that writes it,
however long it was asleep. When a lease has ended is judged by the database's clock.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from ..core import clock
from ..database import Tx, query_one, write
from ..database.rows import LeaseRow
from . import cluster

JOBS = "jobs"
LEASE_MS = 8_000
RENEW_EVERY = 2.0  # seconds
MARGIN = 1.5  # seconds before its end that a holder stops: another's clock is never quite the same

TAKE = """
    INSERT INTO leases (name, epoch, holder, host, lease_until, beat_at) VALUES (?, 1, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET epoch = leases.epoch + 1, holder = excluded.holder, host = excluded.host,
        lease_until = excluded.lease_until, beat_at = excluded.beat_at
    WHERE leases.lease_until <= ?
    RETURNING epoch
"""
RENEW = "UPDATE leases SET lease_until = ?, beat_at = ? WHERE name = ? AND epoch = ? AND holder = ?"
GIVE_UP = "UPDATE leases SET lease_until = 0 WHERE name = ? AND epoch = ? AND holder = ?"
IS_HELD = "SELECT 1 FROM leases WHERE name = ? AND epoch = ? AND holder = ?"


class LeaseLost(Exception):
    """Another has taken over: nothing was written."""


class Held(NamedTuple):
    """Who holds a lease now. ``silent_ms``: since its work last showed that it lives."""

    host: str
    holder: str
    silent_ms: int

    @property
    def pid(self) -> int:
        return int(self.holder.split("/")[1])


def holder_of(name: str) -> Held | None:
    """None while nobody holds it."""
    found, now = _row_of(name), clock.now_ms()
    return None if found is None or found["lease_until"] <= now else _told(found, now)


def last_holder_of(name: str) -> Held | None:
    """Who holds it, or held it last; None when nobody ever did."""
    found = _row_of(name)
    return None if found is None else _told(found, clock.now_ms())


def _row_of(name: str) -> LeaseRow | None:
    return query_one("SELECT * FROM leases WHERE name = ?", (name,))


def _told(row: LeaseRow, now: int) -> Held:
    return Held(row["host"], row["holder"], max(0, now - row["beat_at"]))


class Lease:
    """One holder's time; it ends when it can't be renewed, or when another has taken over."""

    def __init__(self, name: str, holder: str, epoch: int, began: float):
        self.name, self.holder, self.epoch = name, holder, epoch
        self.lost = False
        self.beaten_ms = clock.now_ms()
        self._keep_until(began)

    def _keep_until(self, began: float) -> None:
        """From before it was asked for: however long the answer took, its end is no later than what is written."""
        self.valid_until = began + LEASE_MS / 1000 - MARGIN

    def holds(self) -> bool:
        """Whether the holder may go on, as far as it knows itself."""
        return not self.lost and time.monotonic() < self.valid_until

    def beat(self) -> None:
        """The work lives."""
        self.beaten_ms = clock.now_ms()

    def renew(self) -> bool:
        """Hold it on; False when it was lost."""
        began = time.monotonic()
        values = (clock.now_ms() + LEASE_MS, self.beaten_ms, self.name, self.epoch, self.holder)
        if write(lambda tx: tx.changed(RENEW, values)):
            self._keep_until(began)
        else:
            self.lost = True
        return not self.lost

    def check(self, tx: Tx) -> None:
        """Refuse the transaction of a former holder: LeaseLost."""
        if tx.one(IS_HELD, (self.name, self.epoch, self.holder)) is None:
            self.lost = True
            raise LeaseLost(f"{self.name} is another's")

    def give_up(self) -> None:
        """Let another take over at once."""
        self.lost = True
        write(lambda tx: tx.changed(GIVE_UP, (self.name, self.epoch, self.holder)))


def take(name: str) -> Lease | None:
    """Take a lease that nobody holds; None while somebody does."""
    if holder_of(name) is not None:
        return None
    process, began, now = cluster.this_process(), time.monotonic(), clock.now_ms()
    holder, host = process.holder, process.host

    def unit(tx: Tx) -> int | None:
        row = tx.one(TAKE, (name, holder, host, now + LEASE_MS, now, now))
        return None if row is None else row[0]

    epoch = write(unit)
    return None if epoch is None else Lease(name, holder, epoch, began)
