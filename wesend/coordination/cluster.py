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
from ..core.settings import Settings

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
    """One process of a host; a fork is another. ``since``: when the application was made, before the fork, in ms."""

    def __init__(self, app: Flask, version: str):
        self.host = host_id(app.config["WESEND"])
        self.version = version
        self.since = clock.now_ms()
        self._name_itself()
        os.register_at_fork(after_in_child=self._name_itself)

    def _name_itself(self) -> None:
        self.holder = f"{self.host}/{os.getpid()}/{secrets.token_hex(4)}"
        """Who holds what this process takes: no other has this name, nor had one before it."""


def this_process() -> Process:
    return this_app().extensions["wesend.process"]


def init_app(app: Flask, version: str, *, shared: bool = False) -> None:
    app.extensions[SHARED] = shared
    app.extensions["wesend.process"] = Process(app, version)
