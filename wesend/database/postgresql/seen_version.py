"""The configuration's version as this process knows it, so that not every request asks the database for it.

Every commit tells it, so a process that writes always has it. What another process of this host has changed is known at
once by a file whose time of change is looked at; what another host has, within a second.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

NAME = "configuration.changed"
GOOD_FOR = 1.0  # seconds


class Look(NamedTuple):
    """What is noted before the version is asked for: the moment (monotonic), and the file's time of change."""

    since: float
    mark: int


class SeenVersion:
    def __init__(self, instance: Path):
        self.path = instance / NAME
        self.seen: tuple[int, Look] | None = None

    def version(self) -> int | None:
        """None where it has to be asked for."""
        if self.seen is None:
            return None
        version, look = self.seen
        return version if time.monotonic() - look.since <= GOOD_FOR and look.mark == self._mark() else None

    def look(self) -> Look:
        return Look(time.monotonic(), self._mark())

    def read(self, version: int, look: Look) -> None:
        """It was asked for after that look, and is this."""
        if self.seen is None or self.seen[1].since <= look.since:
            self.seen = version, look

    def committed(self, version: int, look: Look) -> None:
        """The same of a transaction of this process, which may have changed it."""
        if self.seen is None or self.seen[0] != version:
            self._change_mark()
        self.read(version, look)

    def _mark(self) -> int:
        try:
            return os.stat(self.path).st_mtime_ns
        except OSError:
            return 0

    def _change_mark(self) -> None:
        """Where there is no room for it, the others look a second later."""
        now = time.time_ns()  # told, for the file system's own clock stands still for milliseconds
        with suppress(OSError):
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            os.utime(self.path, ns=(now, now))
