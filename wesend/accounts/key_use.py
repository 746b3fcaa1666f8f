"""When and from where API keys were used last."""

from __future__ import annotations

import os
import threading

from flask import Flask

from ..core import clock
from ..core.current_app import this_app
from ..core.errors import StorageFull
from ..database import write
from .keys import Key

NOTE = """
    UPDATE api_keys SET last_used_at = ?, last_used_ip = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)
"""

LONGEST_END = 10.0
"""Seconds to wait for a thread's last flush."""


def note_use(key: Key, address: str) -> None:
    """The key was used now, from there; written a moment later."""
    this_app().extensions["wesend.last_used"].touch(key.id, address)


class LastUsed:
    """Collects when and from where keys were used and writes it a moment later, many keys in one transaction.

    A write of its own for each request would double what a request costs.
    """

    PAUSE = 1.0

    def __init__(self, app: Flask):
        self.app = app
        self.used: dict[int, tuple[int, str]] = {}
        self.lock = threading.Lock()
        self.wake = threading.Event()
        self.stopping = threading.Event()
        self.thread: threading.Thread | None = None
        self.pid = 0

    def touch(self, key_id: int, address: str) -> None:
        with self.lock:
            known = key_id in self.used
            self.used[key_id] = clock.now_ms(), address
            if self.pid != os.getpid():
                # The first use after a fork: threads do not survive one.
                self.pid = os.getpid()
                self.wake = threading.Event()
                self.thread = threading.Thread(target=self._run, name="last-used", daemon=True)
                self.thread.start()
            elif known:
                return  # whoever came first has woken it
        self.wake.set()

    def stop(self) -> None:
        """End the thread and its connection after a last flush: nothing is written once this is over."""
        self.stopping.set()
        self.wake.set()
        if self.thread is not None:
            self.thread.join(LONGEST_END)

    def _run(self) -> None:
        with self.app.app_context():
            while not self.stopping.is_set():
                self.wake.wait()
                self.wake.clear()
                try:
                    self.flush()
                except Exception:
                    self.app.logger.exception("could not note when keys were used")
                self.stopping.wait(self.PAUSE)
            self.app.extensions["wesend.database"].close_thread()

    def flush(self) -> None:
        """Write what was collected; call inside an app context."""
        with self.lock:
            used, self.used = self.used, {}
        try:
            self._write(used)
        except StorageFull:
            with self.lock:
                self.used = {**used, **self.used}
            raise

    @staticmethod
    def _write(used: dict[int, tuple[int, str]]) -> None:
        if used:
            write(
                lambda tx: tx.executemany(NOTE, [(at, address[:64], key_id, at) for key_id, (at, address) in sorted(used.items())])
            )


def init_app(app: Flask) -> None:
    app.extensions["wesend.last_used"] = LastUsed(app)
