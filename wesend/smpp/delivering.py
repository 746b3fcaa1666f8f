"""Delivering: what waits for this process's binds is claimed and handed to them, as far as their windows have room."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from flask import Flask

from ..binds import deliveries, terms
from ..binds.deliveries import Told
from ..core import storage
from ..database.rows import SmppDeliveryRow
from .session import Session

INTERVAL = 0.15  # seconds between two looks at what other processes have written

HandOver = Callable[[Session, Sequence[SmppDeliveryRow], str], None]


class Deliverer:
    """A thread of its own. ``sessions`` gives the open ones; ``hand_over`` is called with what is for one of them."""

    def __init__(self, app: Flask, sessions: Callable[[], list[Session]], hand_over: HandOver):
        self.app, self.sessions, self.hand_over = app, sessions, hand_over
        self.bell = threading.Event()
        self.told: deque[Told] = deque()
        self.stopping = False
        self.thread = threading.Thread(target=self._run, name="smpp-deliver", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopping = True
        self.bell.set()

    def note(self, told: Sequence[Told]) -> None:
        """What became of deliveries; written down in a moment."""
        self.told.extend(told)
        self.bell.set()

    def _run(self) -> None:
        with self.app.app_context():
            while not self.stopping or self.told:
                self.bell.wait(INTERVAL)
                self.bell.clear()
                try:
                    while self._round():
                        pass
                except Exception:
                    self.app.logger.exception("SMPP deliveries failed; they are tried again")
            self.app.extensions["wesend.database"].close_thread()

    def _round(self) -> bool:
        """Write down what was told, and hand out what there is room for; whether there may be more."""
        told = [self.told.popleft() for _ in range(len(self.told))]
        deliveries.record(told)
        if self.stopping or storage.here().problem() is not None:
            return False
        by_key: dict[int, list[Session]] = {}
        for session in self.sessions():
            if session.bind is not None and session.room():
                by_key.setdefault(session.bind.key_id, []).append(session)
        return any([self._serve(key_id, found) for key_id, found in by_key.items()])

    def _serve(self, key_id: int, sessions: list[Session]) -> bool:
        rooms = [(session, session.room()) for session in sessions]
        token, rows = deliveries.claim(terms.keys_served_by(key_id), sum(room for _, room in rooms))
        rest = list(rows)
        for session, room in rooms:
            some, rest = rest[:room], rest[room:]
            if some:
                with session.lock:
                    session.in_flight += len(some)
                self.hand_over(session, some, token)
        return bool(rows)
