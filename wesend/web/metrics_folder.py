"""The folder of a server's workers for their counts: in memory where there is such a place, else in the instance folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..core.settings import Settings

PREFIX = "wesend-metrics-"
PROBE = 65536  # bytes; a worker's first file of counts


class Folder(NamedTuple):
    """``held``: a descriptor that keeps the folder from being taken for a dead server's; ``owner``: who removes it."""

    path: Path
    held: int
    owner: int

    def remove(self) -> None:
        """At the end of the process that made it; a worker's end leaves it to the others."""
        if os.getpid() == self.owner:
            shutil.rmtree(self.path, ignore_errors=True)


def make(settings: Settings) -> Folder | None:
    """This server's own; None where none can be had: each worker then tells its own counts. Dead servers' are removed."""
    for parent in _parents(settings):
        with suppress(OSError):
            parent.mkdir(mode=0o700, exist_ok=True)
            _remove_stale(parent)
            own = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            try:
                held = _hold(own)
                _probe(own / "probe")
                return Folder(own, held, os.getpid())
            except OSError:
                shutil.rmtree(own, ignore_errors=True)
    return None


def _parents(settings: Settings) -> Iterator[Path]:
    """Memory first: nothing that fills a disk takes it away."""
    yield Path("/dev/shm")
    if os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(os.environ["XDG_RUNTIME_DIR"])
    yield settings.instance / "metrics"


def _probe(path: Path) -> None:
    with path.open("xb") as file:
        os.posix_fallocate(file.fileno(), 0, PROBE)
    path.unlink()


def _hold(folder: Path) -> int:
    """Every process that inherits the descriptor holds the folder. OSError when somebody took it for a dead one's."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        folder.stat()
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_stale(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.lstat().st_uid != os.getuid():
                continue
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
