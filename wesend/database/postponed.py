"""Writes of what has happened already: tried at once, and again until there is room for them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from flask import Flask

from ..core.errors import StorageFull
from ..core.forks import after_fork
from .transaction import Tx

PAUSE = 0.5  # seconds between two tries
LIMIT = 10_000  # units; what is beyond is left to the leases, as after a crash


class Postponed:
    """A process's own. What a killed process had is settled by the leases, as after every crash."""

    def __init__(self, app: Flask, write: Callable[[Callable[[Tx], Any]], Any]):
        self.app, self.write = app, write
        self._start_anew()
        after_fork(self._start_anew)

    def _start_anew(self) -> None:
        self.lock = threading.Lock()
        self.units: deque[Callable[[Tx], Any]] = deque()
        self.running = False

    def write_surely(self, unit: Callable[[Tx], Any]) -> bool:
        """Write now; False when nothing can be stored: it is tried again behind the caller's back."""
        try:
            self.write(unit)
        except StorageFull:
            self._put(unit)
            return False
        return True

    def _put(self, unit: Callable[[Tx], Any]) -> None:
        with self.lock:
            if len(self.units) >= LIMIT:
                return
            self.units.append(unit)
            if self.running:
                return
            self.running = True
        threading.Thread(target=self._run, name="postponed-writes", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        with self.app.app_context():
            while True:
                with self.lock:
                    if not self.units:
                        self.running = False
                        break
                    unit = self.units[0]
                try:
                    self.write(unit)
                except StorageFull:
                    pause.wait(PAUSE)
                    continue
                except Exception:
                    self.app.logger.exception("what was postponed can't be written")
                with self.lock:
                    self.units.popleft()
            self.app.extensions["wesend.database"].close_thread()
