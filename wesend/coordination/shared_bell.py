"""The bell over several hosts: PostgreSQL's NOTIFY, which is a hint and no more.

Whoever commits work at a host that does not run the jobs lets the one that does know. NOTIFY takes a lock of the whole server
at commit, so it is given outside of transactions, and a few times a second at most however much is committed. It does not
arrive through a pooler that shares sessions out by transaction, and dies with a connection that nobody notices: so the
listener rings itself now and then, connects anew when it hears nothing, and whoever runs the jobs looks every second anyway.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Flask

from ..core.forks import after_fork
from ..core.settings import Settings
from ..database import query

CHANNEL = "wesend"
NOTIFY = "SELECT pg_notify(?, ?)"
TOGETHER = 0.04  # seconds: what is committed within is one notification
PAYLOAD = 7_999  # characters that PostgreSQL takes; who is cut off is found by the look at an interval
PROBE = "probe:"
PROBE_EVERY, PROBE_FOR = 20.0, 3.0  # seconds
RECONNECT_EVERY = 5.0  # seconds


class Ringer:
    """A process's end: rings behind the backs of those who commit."""

    def __init__(self, app: Flask):
        self.app = app
        self._start_anew()
        after_fork(self._start_anew)

    def _start_anew(self) -> None:
        self.lock = threading.Lock()
        self.rung = threading.Event()
        self.which: set[bytes] = set()
        self.running = False

    def ring(self, which: bytes) -> None:
        with self.lock:
            self.which.add(which)
            if not self.running:
                self.running = True
                threading.Thread(target=self._run, name="ringer", daemon=True).start()
        self.rung.set()

    def _run(self) -> None:
        with self.app.app_context():
            while True:
                self.rung.wait()
                self.rung.clear()
                with self.lock:
                    which, self.which = self.which, set()
                with suppress(Exception):  # the database is away: looks at an interval find what waits
                    query(NOTIFY, (CHANNEL, b"\n".join(sorted(which)).decode()[:PAYLOAD]))
                time.sleep(TOGETHER)


class Listener:
    """The end of whoever runs the jobs: what is heard goes on to ``ring``, which is this host's own bell."""

    def __init__(self, app: Flask, ring: Callable[[bytes], None]):
        self.app, self.ring = app, ring
        self.stopping = threading.Event()
        self.hears = False
        self.word = ""  # of the probe that is under way
        self.probed = self.heard = float("-inf")

    def start(self) -> None:
        threading.Thread(target=self._run, name="bell-listener", daemon=True).start()

    def stop(self) -> None:
        self.stopping.set()

    def _run(self) -> None:
        while not self.stopping.is_set():
            with suppress(Exception):
                with listening(self.app.config["WESEND"]) as connection:
                    self._listen(connection)
            self.hears = False
            self.stopping.wait(RECONNECT_EVERY)

    def _listen(self, connection: Any) -> None:
        """Until a probe is not heard."""
        self.probed = self.heard = float("-inf")
        while not self.stopping.is_set():
            now = time.monotonic()
            if self.word and now - self.probed > PROBE_FOR:
                if self.hears:
                    self.app.logger.warning("notifications of the database do not arrive: it is looked at every second instead")
                return
            if not self.word and now - self.probed >= PROBE_EVERY:
                self._probe(now)
            for heard in connection.notifies(timeout=1.0, stop_after=1):
                self._take(heard.payload)

    def _probe(self, now: float) -> None:
        self.word, self.probed = PROBE + secrets.token_hex(8), now
        with self.app.app_context(), suppress(Exception):
            query(NOTIFY, (CHANNEL, self.word))

    def _take(self, payload: str) -> None:
        if not payload.startswith(PROBE):
            for which in payload.encode().split(b"\n"):
                self.ring(which)
        elif payload == self.word:
            self.word, self.hears = "", True


def listening(settings: Settings) -> Any:
    """A connection of its own that listens, to be closed by the caller: the URL for it may be another."""
    import psycopg  # only where PostgreSQL is the engine

    connection = psycopg.connect(settings.listen_url, autocommit=True, connect_timeout=3, application_name="wesend bell")
    connection.execute(f"LISTEN {CHANNEL}")
    return connection


def arrives(settings: Settings, seconds: float = PROBE_FOR) -> bool:
    """Whether a notification given through the pool is heard on a listening connection."""
    word = PROBE + secrets.token_hex(8)
    try:
        with listening(settings) as connection:
            query(NOTIFY, (CHANNEL, word))
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                if any(heard.payload == word for heard in connection.notifies(timeout=left, stop_after=1)):
                    return True
    except Exception:  # whatever it was, it does not arrive
        return False
    return False
