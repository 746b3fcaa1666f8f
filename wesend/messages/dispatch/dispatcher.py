"""Dispatch: a lane for each gateway. Runs where the scheduler runs."""

from __future__ import annotations

import threading
import time

from flask import Flask

from ...adapters.sms.base import SmsGateway
from ...gateways import registry
from .worker import Lane

DRAIN = 25.0  # seconds that calls under way have when wesend is stopped; longer than any of them may take


class Dispatcher:
    """All lanes; ``ring`` when work was committed."""

    def __init__(self, app: Flask):
        self.app = app
        self.lanes: dict[str, Lane] = {}
        self.listening: dict[str, SmsGateway] = {}
        self.lock = threading.Lock()
        self.stopped = False

    def ring(self) -> None:
        """Wake every lane; gateways that were set up since get one, and are listened to."""
        with self.lock:
            if self.stopped:
                return
            for name, gateway in registry.gateways().items():
                listen = getattr(gateway, "listen", None)
                if listen is not None and self.listening.get(name) is not gateway:
                    listen()
                    self.listening[name] = gateway
                if name not in self.lanes:
                    self.lanes[name] = Lane(self.app, name)
            for lane in self.lanes.values():
                lane.ring()

    def stop(self) -> None:
        """Begin nothing more, and let what is under way come to its end: what is cut off now would stay unknown."""
        with self.lock:
            self.stopped = True
            lanes = list(self.lanes.values())
        for lane in lanes:
            lane.stop()
        until = time.monotonic() + DRAIN
        for lane in lanes:
            lane.wait_until_idle(until)
