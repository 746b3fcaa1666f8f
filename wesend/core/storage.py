"""Whether anything can be stored: the one place that knows a full disk, a read-only one, or too many open files by its error.

What the processes of a server have seen of it they share in a piece of memory, made before they are forked.
"""

from __future__ import annotations

import errno
import logging
import mmap
import os
import sqlite3
import struct
import time
from pathlib import Path

from flask import Flask

from .current_app import this_app
from .errors import StorageFull
from .forks import after_fork
from .languages import marked
from .settings import Settings

log = logging.getLogger(__name__)

FULL, READ_ONLY, DESCRIPTORS, BROKEN = (
    marked("the disk is full"),
    marked("the file system is read-only"),
    marked("too many files are open"),
    marked("the disk can't be read or written"),
)
CAUSES = (FULL, READ_ONLY, DESCRIPTORS, BROKEN)
ERRNOS = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: READ_ONLY,
    errno.EMFILE: DESCRIPTORS,
    errno.ENFILE: DESCRIPTORS,
    errno.EIO: BROKEN,
}
SQLITE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: BROKEN,
    sqlite3.SQLITE_CANTOPEN: BROKEN,
}
LEAST = 128 * 1024
"""Bytes: with less, a disk counts as full. What is left is for recording what was under way."""
FRESH = 0.5  # seconds that a look at the disk is good for
REMEMBERED = 10.0  # seconds after a failure to store, if nobody succeeds meanwhile
SHORT = "The server is short of storage: large sends and uploads are not taken now, please try again later"
SEEN = struct.Struct("<qq")  # when (monotonic, ns; 0: never), which of CAUSES


def cause_of(error: BaseException | None) -> str | None:
    """Why something could not be stored; None for an error of another kind."""
    while error is not None:
        found = _cause(error)
        if found is not None:
            return found
        error = getattr(error, "orig", None) or error.__cause__
    return None


def _cause(error: BaseException) -> str | None:
    if isinstance(error, StorageFull):
        return error.cause or FULL
    if isinstance(error, sqlite3.Error):
        return SQLITE.get((getattr(error, "sqlite_errorcode", None) or 0) & 0xFF)
    return ERRNOS.get(error.errno or 0) if isinstance(error, OSError) else None


def refusal_of(error: BaseException) -> StorageFull | None:
    """What a use case is refused with because of this error; None for an error of another kind."""
    if isinstance(error, StorageFull):
        return error
    cause = cause_of(error)
    return None if cause is None else StorageFull(cause)


def open_lock(path: str | Path) -> int:
    """A file to lock, made where it is missing; where nothing can be written, one that is there does as well."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.ENOSPC, errno.EDQUOT):
            raise
        if not os.path.exists(path):
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


class Storage:
    """The places where an instance keeps its things, as they are now."""

    def __init__(self, settings: Settings):
        self.places = tuple(dict.fromkeys((settings.instance, settings.database.parent)))
        self.reserve = settings.disk_reserve_mb * 2**20
        self._seen = mmap.mmap(-1, mmap.PAGESIZE)  # anonymous and shared: forked workers see one another's
        self._looked_at = float("-inf")
        self._free = 0
        self._read_only = self._saw_read_only = False
        after_fork(self._after_fork)

    def _after_fork(self) -> None:
        self._saw_read_only, self._looked_at = False, float("-inf")

    # -- the disk ----------------------------------------------------------

    def free(self) -> int:
        """Bytes left where there are fewest; what was seen a moment ago."""
        self._look()
        return self._free

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < FRESH:
            return
        found = [os.statvfs(_existing(place)) for place in self.places]
        self._free = min(one.f_frsize * (one.f_bavail if os.geteuid() else one.f_bfree) for one in found)
        self._read_only = any(one.f_flag & os.ST_RDONLY for one in found)
        self._saw_read_only |= self._read_only
        self._looked_at = now

    def is_read_only(self) -> bool:
        self._look()
        return self._read_only

    def was_read_only(self) -> bool:
        """Whether this process has seen the file system read-only, and it is so no more."""
        return not self.is_read_only() and self._saw_read_only

    def is_low(self) -> bool:
        """Whether there is less than the reserve, below which nothing large is taken."""
        return self.reserve > 0 and self.free() < self.reserve

    # -- what was seen ------------------------------------------------------

    def failed(self, cause: str) -> None:
        """Something could not be stored just now."""
        log.error("nothing can be stored: %s", cause, extra={"storage_cause": cause})
        self._seen[: SEEN.size] = SEEN.pack(time.monotonic_ns(), CAUSES.index(cause) if cause in CAUSES else 0)

    def succeeded(self) -> None:
        """Something was stored: whatever failed before is over."""
        self._seen[: SEEN.size] = SEEN.pack(0, 0)

    def is_suspect(self) -> bool:
        """Whether a failure was seen and no success since."""
        return self._seen[0:8] != bytes(8)

    def problem(self) -> str | None:
        """Why nothing can be stored now, as far as is known; None while it can."""
        at, which = SEEN.unpack(self._seen[: SEEN.size])
        remembered = CAUSES[which] if at and time.monotonic_ns() - at < REMEMBERED * 1e9 else None
        return self._of_the_disk() or remembered

    def _of_the_disk(self) -> str | None:
        if self.is_read_only():
            return READ_ONLY
        return FULL if self._free < LEAST else None

    # -- what use cases ask ---------------------------------------------------

    def require(self) -> None:
        """StorageFull when the disk takes nothing: nothing is begun then. A failure seen is no reason: it may be over."""
        cause = self._of_the_disk()
        if cause is not None:
            raise StorageFull(cause)

    def require_room(self, more: int = 0) -> None:
        """StorageFull when there is no room for what is large (``more`` bytes are known to come)."""
        self.require()
        if self.reserve > 0 and self.free() - more < self.reserve:
            raise StorageFull(FULL, SHORT)


def _existing(place: Path) -> Path:
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def init_app(app: Flask) -> None:
    app.extensions["wesend.core.storage"] = Storage(app.config["WESEND"])


def here() -> Storage:
    """The storage of the application that runs."""
    return this_app().extensions["wesend.core.storage"]
