"""What each process of a cluster does every two seconds: show that its host lives, and hold on to what it has taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from flask import Flask

from ..core.intervals import Interval
from . import call_slots, cluster, hosts

EVERY = 2.0  # seconds


class Pulse:
    """Start it after the fork. On one machine it does nothing, and has no thread."""

    def __init__(self, app: Flask):
        self.app = app
        self.beats: tuple[Callable[[], object], ...] = (cluster.refresh_clock, hosts.show, call_slots.keep)

    def start(self) -> None:
        with self.app.app_context():
            if not cluster.is_shared():
                return
        threading.Thread(target=self.beat, name="first-pulse", daemon=True).start()
        Interval("pulse", EVERY, self.beat).start()

    def beat(self) -> None:
        """Each for itself: whatever fails now, for the database is away, is done again."""
        with self.app.app_context():
            for beat in self.beats:
                with suppress(Exception):
                    beat()
