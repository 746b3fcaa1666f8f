"""Dispatch: a worker for each gateway. Runs where the scheduler runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection

from flask import Flask

from ...adapters.sms.base import SmsGateway
from ...gateways import registry
from .worker import Worker

DRAIN = 25.0  # seconds that calls under way have when wesend is stopped; longer than any of them may take


class Dispatcher:
    """All workers; ``ring`` when work was committed."""

    def __init__(self, app: Flask):
        self.app = app
        self.workers: dict[str, Worker] = {}
        self.listening: dict[str, SmsGateway] = {}
        self.lock = threading.Lock()
        self.stopped = False

    def ring(self, names: Collection[str] | None = None) -> None:
        """Wake every worker, or those of these gateways; gateways that were set up since get one, and are listened to."""
        with self.lock:
            if self.stopped:
                return
            if names is not None and self.workers.keys() >= set(names):
                for name in names:
                    self.workers[name].ring()
                return
            for name, gateway in registry.gateways().items():
                listen = getattr(gateway, "listen", None)
                if listen is not None and self.listening.get(name) is not gateway:
                    listen()
                    self.listening[name] = gateway
                if name not in self.workers:
                    self.workers[name] = Worker(self.app, name)
            for worker in self.workers.values():
                worker.ring()

    def stop(self) -> None:
        """Begin nothing more, and let what is under way come to its end: what is cut off now would stay unknown."""
        with self.lock:
            self.stopped = True
            workers = list(self.workers.values())
        for worker in workers:
            worker.stop()
        until = time.monotonic() + DRAIN
        for worker in workers:
            worker.wait_until_idle(until)
