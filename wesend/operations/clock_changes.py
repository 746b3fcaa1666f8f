"""When the machine's clock is set: waits that were written down by the clock as it stood before.

Sweeps come round by the monotonic clock, but what waits for a moment is a row that names it. After an hour back such a
row would wait an hour too long. So every wait of a bounded length ends when the clock is set back, and a drip, whose
times are a pace rather than a date, is moved along with the clock. What people scheduled for a moment stays there. And what
lasts so long (a message's validity, a verification, a request's idempotency key) is not over because the clock was set ahead.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from flask import Flask, current_app

from ..accounts import idempotency
from ..adapters.mail.smtp import LONGEST_RETRY
from ..binds import deliveries
from ..core import clock
from ..core.chunks import CHUNK
from ..core.settings import Settings
from ..database import keyset, query, write
from ..gateways import simulated
from ..messages.receipts import polling
from ..messages.state.claims import LEASE_MS
from ..messages.state.statuses import UNACCEPTED
from ..two_way import approval, forwarding, months
from ..verification.apps import LONGEST_EXPIRY
from ..wallets import deposit_polling, deposits
from ..webhooks import claims, deliver

NAME = "clock.offset"
BOOT = Path("/proc/sys/kernel/random/boot_id")
TOLERANCE_MS = 1000  # a clock that is slewed into place moves by less between two looks
AT_ONCE_MS = 50
LOOK_EVERY = 0.1  # seconds: what is written between two looks by a clock that is set twice goes unnoticed
SWEEP_EVERY = 300  # looks: what did is found by its length


class Wait(NamedTuple):
    """``column`` of ``table`` is the end of a wait of at most ``longest`` ms where ``condition`` holds.

    ``stays``: a lease, an expiry or a month that was paid, which is cut to its length and not ended: somebody may be at work
    under it, or has bought it.
    """

    table: str
    column: str
    condition: str
    longest: Callable[[Settings], float]
    stays: bool = False


def _longest_retry(settings: Settings) -> float:
    return max(*settings.retry_delays, LONGEST_RETRY) * clock.SECOND


def _longest_delivery(settings: Settings) -> float:
    """A simulated receipt is told when it is true, which a test may put off."""
    return max(deliveries.LONGEST_GAP_MS, max(settings.sandbox_delay, simulated.LONGEST_DELAY) * clock.SECOND)


OF_SMPP = "api_key_id IN (SELECT id FROM api_keys WHERE api = 'smpp')"
"""For the index, which begins with the key."""
WAITS = (
    *(Wait("messages", "due_at", f"status = 'queued' AND lane = {lane} AND backoffs = 0", lambda _: 0) for lane in (0, 1)),
    *(Wait("messages", "due_at", f"status = 'queued' AND lane = {lane} AND backoffs > 0", _longest_retry) for lane in (0, 1)),
    Wait(
        "messages",
        "poll_at",
        "poll_at IS NOT NULL",
        lambda settings: max(polling.longest_gap_ms(), settings.sandbox_delay * clock.SECOND),
    ),
    Wait("messages", "lease_until", "status IN ('claimed', 'submitting')", lambda _: LEASE_MS, stays=True),
    Wait("messages", "expires_at", "status IN ('submitted', 'sent', 'unknown')", lambda settings: settings.validity_ms, stays=True),
    Wait("batches", "lease_until", f"{UNACCEPTED} AND lease_until IS NOT NULL", lambda _: LEASE_MS, stays=True),
    Wait("webhook_deliveries", "due_at", "status = 'pending' AND claim_token IS NULL", lambda _: deliver.longest_gap_ms()),
    Wait("forwarded_mails", "due_at", "state = 'waiting'", lambda _: forwarding.AGAIN_MS),
    Wait("two_way_services", "bill_at", "bill_at IS NOT NULL", lambda _: approval.MONTH_MS, stays=True),
    Wait("two_way_services", "bill_at", "bill_at IS NOT NULL AND status <> 'active'", lambda _: months.AGAIN_MS, stays=True),
    Wait("webhook_deliveries", "due_at", "status = 'pending' AND claim_token IS NOT NULL", lambda _: claims.LEASE_MS, stays=True),
    Wait("smpp_deliveries", "due_at", f"{OF_SMPP} AND claim_token IS NULL", _longest_delivery),
    Wait("smpp_deliveries", "due_at", f"{OF_SMPP} AND claim_token IS NOT NULL", lambda _: deliveries.LEASE_MS, stays=True),
    Wait("verifications", "expires_at", "status = 'pending'", lambda _: LONGEST_EXPIRY * clock.SECOND, stays=True),
    Wait("deposits", "poll_at", "poll_at IS NOT NULL", lambda _: deposit_polling.LONGEST_GAP_MS),
    Wait("deposits", "expires_at", "status = 'pending'", lambda _: deposits.EXPIRES_MS, stays=True),
)
"""What else compares moments bounds them where it reads them: breaker, rate limits, sign-in, idempotency, tokens."""


class Lasting(NamedTuple):
    """``column`` of ``table`` is a moment from which, ``ms`` later, it is over with a row."""

    table: str
    column: str
    condition: str
    ms: int


WAITING_TO_LEAVE = "valid_until IS NOT NULL AND status IN ('scheduled', 'dripping', 'queued')"
"""The condition of the index over `valid_until`, word for word."""
LASTING = (
    Lasting("messages", "expires_at", "status IN ('submitted', 'sent', 'unknown')", 0),
    Lasting("messages", "valid_until", f"{WAITING_TO_LEAVE} AND status = 'queued'", 0),
    Lasting("verifications", "expires_at", "status = 'pending'", 0),
    Lasting("deposits", "expires_at", "status = 'pending'", 0),
    Lasting("two_way_services", "bill_at", "bill_at IS NOT NULL", 0),
    Lasting("two_way_services", "past_due_since", "status = 'past_due'", months.SUSPENDED_AFTER_MS),
    Lasting("idempotency_keys", "created_at", "lease_until IS NOT NULL", idempotency.KEPT_MS),
)


class Watch:
    """How far the clock stands from one that nobody sets, as it was at the last look of whoever ran the jobs."""

    def __init__(self, instance: Path):
        self.path = instance / NAME
        self.last_batch: int | None = None
        self.looks = 0
        self.is_busy = False
        self.offset = self.stored = self._read()

    def step_ms(self) -> int | None:
        """By how much the clock was set since the last look, 0 for not at all; None where there was no look."""
        before, self.offset = self.offset, _offset_ms()
        # A clock that is slewed into place moves too, and a successor must not take that for a step.
        if self.stored is None or abs(self.offset - self.stored) >= TOLERANCE_MS / 10:
            self._store()
        if before is None:
            return None
        return self.offset - before if abs(self.offset - before) >= TOLERANCE_MS else 0

    def is_true(self) -> bool:
        """Whether the clock stands where it did at the last look, and what that one found was put right."""
        return not self.is_busy and self.offset is not None and abs(_offset_ms() - self.offset) < TOLERANCE_MS

    def _store(self) -> None:
        part = self.path.with_suffix(".part")
        part.write_text(f"{_boot()} {self.offset}\n")
        part.replace(self.path)
        self.stored = self.offset

    def _read(self) -> int | None:
        """Of this boot: what a clock shows that begins at zero with each says nothing about another."""
        try:
            boot, offset = self.path.read_text().split()
            return int(offset) if boot == _boot() else None
        except (OSError, ValueError):
            return None


def _offset_ms() -> int:
    """Both clocks at one moment: a thread that was held up between them would have seen a step."""
    while True:
        began = _steady_ms()
        now = clock.now_ms()
        if _steady_ms() - began <= AT_ONCE_MS:
            return now - began


def _steady_ms() -> int:
    """Goes on while the machine sleeps: waking up is no setting of the clock."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1_000_000


def _boot() -> str:
    try:
        return BOOT.read_text().strip()
    except OSError:
        return f"process-{os.getpid()}"


def _watch(app: Flask) -> Watch:
    if "wesend.core.clock-watch" not in app.extensions:
        app.extensions["wesend.core.clock-watch"] = Watch(app.config["WESEND"].instance)
    return app.extensions["wesend.core.clock-watch"]


def is_true(app: Flask) -> bool:
    """Whether what is over by the clock is over; for whoever ends something for good."""
    return _watch(app).is_true()


def follow(app: Flask) -> None:
    """Put right what waits when the clock was set since the last look, and now and then what waits too long."""
    watch = _watch(app)
    watch.is_busy = True
    try:
        _follow(app, watch)
    finally:
        watch.is_busy = False


def _follow(app: Flask, watch: Watch) -> None:
    step, known = watch.step_ms(), watch.last_batch
    watch.last_batch = query("SELECT coalesce(max(id), 0) FROM batches")[0][0]
    if step:
        app.logger.warning("the clock was set by %+.1f s", step / 1000)
        move_drips(step, watch.last_batch if known is None else known)
    if step is not None and step > 0:
        prolong(step)
    set_back = step is not None and step < 0
    if set_back or watch.looks % SWEEP_EVERY == 0:
        end_waits(set_back=set_back)
        ask_for_the_expired()
    watch.looks += 1


def end_waits(*, set_back: bool) -> int:
    """End what would wait longer than it was meant to; how many. ``set_back``: surely, so what may end ends."""
    settings, ended = current_app.config["WESEND"], 0
    for wait in WAITS:
        longest = round(wait.longest(settings))
        limit = 0 if set_back and not wait.stays else longest
        while changed := _end_some(wait, limit, longest if wait.stays else 0):
            ended += changed
    return ended


def _end_some(wait: Wait, limit: int, then: int) -> int:
    found = f"SELECT id FROM {wait.table} WHERE {wait.condition} AND {wait.column} > ? LIMIT ?"
    if not query(found, (clock.now_ms() + limit, 1)):
        return 0
    now = clock.now_ms()
    return write(
        lambda tx: tx.changed(f"UPDATE {wait.table} SET {wait.column} = ? WHERE id IN ({found})", (now + then, now + limit, CHUNK))
    )


def prolong(step: int) -> None:
    """What is over since the clock was set ahead by ``step`` ms, and only because of it, lasts on."""
    for lasting in LASTING:
        while _prolong_some(lasting, step):
            pass


def _prolong_some(lasting: Lasting, step: int) -> int:
    until = clock.now_ms() - lasting.ms
    found = f"SELECT id FROM {lasting.table} WHERE {lasting.condition} AND {lasting.column} <= ? AND {lasting.column} > ? LIMIT ?"
    change = f"UPDATE {lasting.table} SET {lasting.column} = {lasting.column} + ? WHERE id IN ({found})"
    return write(lambda tx: tx.changed(change, (step, until, until - step, CHUNK)))


def move_drips(step: int, last_batch: int) -> None:
    """Drips keep their pace: their times move with the clock, those of batches up to ``last_batch``, which it timed."""
    for (batch_id,) in query(DRIPPING_BATCHES, (last_batch,)):
        _move_batch(batch_id, step)


def _move_batch(batch_id: int, step: int) -> None:
    for rows in keyset.pages(lambda last: query(DRIPPING, (batch_id, last, CHUNK))):
        _move([(step, step, row["id"]) for row in rows])


def _move(steps: list[tuple[int, int, int]]) -> None:
    write(lambda tx: tx.executemany(MOVE, steps))


DRIPPING_BATCHES = """
    SELECT DISTINCT m.batch_id FROM messages m JOIN batches b ON b.id = m.batch_id
    WHERE m.status IN ('scheduled', 'dripping') -- the index's condition
        AND m.status = 'dripping' AND b.state = 'open' AND b.id <= ?
"""
MOVE = "UPDATE messages SET valid_until = valid_until + ?, due_at = due_at + ? WHERE id = ? AND status = 'dripping'"
DRIPPING = "SELECT id FROM messages WHERE batch_id = ? AND id > ? AND status = 'dripping' ORDER BY id LIMIT ?"


def ask_for_the_expired() -> None:
    """Deposits that were given up at a moment that is still to come had their day cut short: their gateways are asked."""
    now = clock.now_ms()
    cut_short = "status = 'expired' AND poll_at IS NULL AND updated_at > ?"
    if query(f"SELECT 1 FROM deposits WHERE {cut_short} LIMIT 1", (now,)):
        write(lambda tx: tx.changed(f"UPDATE deposits SET poll_at = ?, polls = 0 WHERE {cut_short}", (now, now)))
