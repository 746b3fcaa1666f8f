"""Who runs the jobs: exactly one scheduler an instance, however many workers and hosts serve.

Each worker stands for election (`leadership`); the one that is chosen runs the sweeps (`sweeps`) and the dispatcher, and when it
dies another is.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from flask import Flask

from .coordination import leadership, lease
from .coordination.bell import WEBHOOKS, Bell, read_dispatch
from .coordination.leadership import Election, Term
from .core import clock, storage
from .core.intervals import Interval
from .gateways import registry
from .messages.dispatch.dispatcher import Dispatcher
from .sandbox import mail_catcher
from .sweeps import SWEEPS, WITHOUT_STORING
from .webhooks import claims
from .webhooks.courier import Courier

T = TypeVar("T")

TRY_EVERY = 0.5  # seconds between tries to run the jobs
BELL_INTERVAL = 1.0
SHORTEST_WAIT = 0.05  # until a webhook's next attempt: however many come due one after the other, 20 looks a second


class Jobs:
    """A worker's share in the jobs: it stands for election, and runs everything while its term lasts."""

    def __init__(self, app: Flask):
        self.app = app
        self.stopping = threading.Event()
        self.intervals: list[Interval] = []
        self.term: Term | None = None

    def start(self) -> None:
        """Call after the fork."""
        threading.Thread(target=self._run, name="scheduler-election", daemon=True).start()

    def _run(self) -> None:
        election = Election(self.app)
        while not self.stopping.is_set():
            term = self._stand(election)
            if term is None:
                self.stopping.wait(TRY_EVERY)
                continue
            self.hold(term)

    def _stand(self, election: Election) -> Term | None:
        try:
            return election.stand()
        except Exception:
            self.app.logger.exception("who is to run the jobs can't be found out; it is tried again")
            return None

    def stop(self) -> None:
        """Begin nothing more; what was begun comes to its end, and another may run the jobs."""
        self.stopping.set()
        for interval in self.intervals:
            interval.stop()
        if self.term is not None:
            self.app.extensions["wesend.dispatcher"].stop()
            with self.app.app_context():
                self.term.give_up()

    def hold(self, term: Term) -> None:
        """Run the jobs until the process ends, or its term."""
        self.term = term
        renewal = self._keep(term)
        self.app.extensions["wesend.dispatcher"] = Dispatcher(self.app)
        self.intervals = [Interval(sweep.__name__, seconds, partial(self._guarded, sweep)) for sweep, seconds in SWEEPS]
        for interval in self.intervals:
            interval.start()
        self.app.logger.info("this process (%s) runs the jobs", os.getpid())
        bell, courier = Bell(self.app.config["WESEND"].instance), Courier(self.app)
        bell.listen_to_others(self.app)
        self.catcher = mail_catcher.start(self.app)
        self._listen(bell, courier)
        if not self.stopping.is_set():
            renewal.stop()
            bell.close()
            self._step_down(courier)

    def _keep(self, term: Term) -> Interval:
        """Renew it, on a thread that nothing else holds up."""

        def renew() -> None:
            with self.app.app_context(), suppress(Exception):  # then it ends in time
                term.renew()

        renewal = Interval("scheduler-term", lease.RENEW_EVERY, renew)
        renewal.start()
        return renewal

    def _step_down(self, courier: Courier) -> None:
        """Another may run the jobs by now: begin nothing more. What is still recorded is held against its claims."""
        self.app.logger.warning("this process (%s) runs the jobs no more", os.getpid())
        for interval in self.intervals:
            interval.stop()
        courier.stop()
        if self.catcher is not None:
            self.catcher.stop()
        dispatcher, self.term = self.app.extensions["wesend.dispatcher"], None
        dispatcher.stop()
        registry.close(self.app)  # a gateway's own connections are the next holder's to open

    def _listen(self, bell: Bell, courier: Courier) -> None:
        """Ring on when work is committed, and at an interval; what fails is tried again at the next."""

        def dispatch(app: Flask) -> None:
            app.extensions["wesend.dispatcher"].ring(gateways)

        def deliver_webhooks(_app: Flask) -> float:
            now = clock.now_ms()
            courier.ring()
            return max(SHORTEST_WAIT, claims.seconds_to_next(now))

        rung: frozenset[bytes] = frozenset()
        looked, due = float("-inf"), float("-inf")
        while not self.stopping.is_set() and (self.term is None or self.term.holds()):
            overdue = time.monotonic() - looked >= BELL_INTERVAL
            if overdue:
                looked = time.monotonic()
            gateways = None if overdue else read_dispatch(rung)
            if gateways is None or gateways:
                self._guarded(dispatch)
            if overdue or WEBHOOKS in rung or time.monotonic() >= due:
                wait = self._guarded(deliver_webhooks) or BELL_INTERVAL
                due = time.monotonic() + min(BELL_INTERVAL, wait)
            rung = bell.wait(max(0.0, min(due, looked + BELL_INTERVAL) - time.monotonic()))

    def _guarded(self, sweep: Callable[[Flask], T]) -> T | None:
        """What a sweep returns; None when it failed, or could not record what it does."""
        with leadership.at_work(self.app):
            if sweep not in WITHOUT_STORING and storage.here().problem() is not None:
                return None
            try:
                return sweep(self.app)
            except lease.LeaseLost:
                return None  # whoever runs the jobs now goes on with it
            except Exception:
                self.app.logger.exception("job %s failed; it runs again", sweep.__name__)
                return None
