"""The jobs and who runs them: exactly one scheduler an instance folder, however many workers serve.

Each worker tries for a lock; the holder runs APScheduler and the dispatcher, and when it dies the kernel frees the
lock for another. Due work lives in rows, so every job is a sweep: idempotent, bounded, harmless to interrupt.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from . import mail_catcher
from .accounts import idempotency
from .contacts import service as contacts
from .messages import brought, bulk, control, dispatch, queue, receipts
from .messages.dispatch import Dispatcher
from .wake import DISPATCH, WEBHOOKS, Bell
from .wallets import deposits
from .webhooks import attempts
from .webhooks.courier import Courier

LOCK_NAME = "scheduler.lock"
TRY_EVERY = 0.5  # seconds between tries for the lock
BELL_INTERVAL = 1.0


def repeat(sweep: Callable[[], int], at_most: int = 20) -> None:
    """Run a bounded sweep until it finds nothing more, or has run ``at_most`` times."""
    for _ in range(at_most):
        if not sweep():
            return


def release(app: Flask) -> None:
    """Queue what is due."""
    before = queue.release_due()
    if before:
        repeat(queue.release_due)
        app.extensions["wesend.dispatcher"].ring()


def poll_receipts(_app: Flask) -> None:
    """Ask gateways for receipts."""
    repeat(receipts.poll_due, at_most=50)


def poll_deposits(_app: Flask) -> None:
    """Ask mobile-money gateways for results."""
    repeat(deposits.poll_due)


def recover(app: Flask) -> None:
    """Put right what a crash left: leases that are over, bulks that were never opened."""
    repeat(lambda: sum(queue.recover_leases()))
    bulk.undo_abandoned()
    control.finish_cancellations()
    app.extensions["wesend.dispatcher"].ring()


def match_receipts(_app: Flask) -> None:
    """Match the receipts that gateways brought."""
    repeat(brought.match_new)


def lead_around(_app: Flask) -> None:
    """Find another way for what waits for a gateway that is gone."""
    dispatch.lead_around_the_gone()


def expire(_app: Flask) -> None:
    """Fail what has had no receipt within its validity."""
    repeat(receipts.expire)


def housekeeping(_app: Flask) -> None:
    """Remove what nobody needs any more."""
    repeat(idempotency.forget_old)
    repeat(attempts.forget_old)
    repeat(brought.forget_old)
    contacts.sweep_deleted()
    bulk.sweep_rejected()


SWEEPS: tuple[tuple[Callable[[Flask], None], float], ...] = (
    (release, 0.5), (poll_receipts, 0.3), (match_receipts, 0.2), (poll_deposits, 0.5), (recover, 2.0), (lead_around, 5.0),
    (expire, 2.0), (housekeeping, 300.0))
"""Each job with its interval in seconds."""


class Jobs:
    """A worker's share in the jobs: it tries for the lock, and runs everything while it holds it."""

    def __init__(self, app: Flask):
        self.app = app
        self.stopping = threading.Event()
        self.scheduler: BackgroundScheduler | None = None

    def start(self) -> None:
        """Call after the fork."""
        threading.Thread(target=self._run, name="scheduler-election", daemon=True).start()

    def _run(self) -> None:
        path = self.app.config["WESEND"].instance / LOCK_NAME
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while not self.stopping.is_set():
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.stopping.wait(TRY_EVERY)
                continue
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            self.hold()
            return

    def hold(self) -> None:
        """Run the jobs until the process ends; the lock is held."""
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        dispatcher = self.app.extensions["wesend.dispatcher"] = Dispatcher(self.app)
        self.scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(len(SWEEPS))}, timezone="UTC",
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1})
        for sweep, seconds in SWEEPS:
            self.scheduler.add_job(self._guarded, "interval", seconds=seconds, args=(sweep,), id=sweep.__name__)
        self.scheduler.start()
        self.app.logger.info("this process (%s) runs the jobs", os.getpid())
        self.catcher = mail_catcher.start(self.app)
        bell = Bell(self.app.config["WESEND"].instance)
        courier = Courier(self.app)
        with self.app.app_context():
            dispatcher.ring()
            courier.ring()
            looked = time.monotonic()
            while not self.stopping.is_set():
                rung = bell.wait(BELL_INTERVAL)
                overdue = time.monotonic() - looked >= BELL_INTERVAL
                if overdue or DISPATCH in rung:
                    dispatcher.ring()
                if overdue or WEBHOOKS in rung:
                    courier.ring()
                if overdue:
                    looked = time.monotonic()

    def _guarded(self, sweep: Callable[[Flask], None]) -> None:
        with self.app.app_context():
            try:
                sweep(self.app)
            except Exception:
                self.app.logger.exception("job %s failed; it runs again", sweep.__name__)


def scheduler_pid(app: Flask) -> int | None:
    """The process that runs the jobs of this instance; None when there is none."""
    path = app.config["WESEND"].instance / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 32, 0).decode().strip()
        return int(text) if text.isdigit() else 0
    else:
        return None
    finally:
        os.close(descriptor)
