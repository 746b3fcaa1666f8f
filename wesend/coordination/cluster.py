"""Whether several hosts share the database, and who this one is among them."""

from __future__ import annotations

import os
import secrets
import socket
from hashlib import sha256
from pathlib import Path

from flask import Flask

from ..core import clock
from ..core.current_app import this_app
from ..core.forks import after_fork
from ..core.settings import Settings
from ..database import query
from ..database.database_clock import DatabaseClock

BOOT = Path("/proc/sys/kernel/random/boot_id")
SHARED = "wesend.shared-database"


def is_shared() -> bool:
    """Whether hosts agree through the database; else the processes of one machine do, through files."""
    return bool(this_app().extensions[SHARED])


def host_name(settings: Settings) -> str:
    """For people: the machine, and the port that tells two servers on it apart."""
    return f"{socket.gethostname()}:{settings.port}"


def host_id(settings: Settings) -> str:
    """The same for all processes of an instance folder; another after a reboot, and for a copy of the machine."""
    try:
        boot = BOOT.read_text().strip()
    except OSError:
        boot = ""
    return sha256("\0".join((socket.gethostname(), boot, str(settings.instance))).encode()).hexdigest()[:16]


class Process:
    """One process of a host; a fork is another. ``since``: when the server was started, in ms."""

    def __init__(self, app: Flask, version: str):
        self.host = host_id(app.config["WESEND"])
        self.version = version
        self.since = 0
        self._name_itself()
        after_fork(self._name_itself)

    def _name_itself(self) -> None:
        self.holder = f"{self.host}/{os.getpid()}/{secrets.token_hex(4)}"
        """Who holds what this process takes: no other has this name, nor had one before it."""


def this_process() -> Process:
    return this_app().extensions["wesend.process"]


def distance_of_clock() -> float | None:
    """Seconds by which this host's clock is ahead of the database's; None where that does not answer."""
    return DatabaseClock(_shown_by_database).distance()


def refresh_clock() -> None:
    source = clock.source()
    if isinstance(source, DatabaseClock) and source.is_stale():
        source.refresh()


def _shown_by_database() -> float:
    return query("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)")[0][0]


def init_app(app: Flask, version: str) -> None:
    """Where hosts share the database, they go by its clock."""
    shared = app.extensions[SHARED] = bool(app.config["WESEND"].database_url)
    app.extensions["wesend.process"] = Process(app, version)

    def ask() -> float:
        with app.app_context():
            return _shown_by_database()

    if shared and (clock.is_own() or isinstance(clock.source(), DatabaseClock)):
        clock.use(DatabaseClock(ask))
