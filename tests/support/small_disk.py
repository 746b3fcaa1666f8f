"""A disk of a few megabytes, to be filled: a tmpfs, where this user may mount one."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    def __init__(self, path: Path):
        self.path = path
        self.ballast = path / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Take all that is free but for ``leave`` bytes. Never anywhere else than on a small disk."""
        assert os.path.ismount(self.path) and os.statvfs(self.path).f_blocks * 4096 < 2**30
        with self.ballast.open("ab", buffering=0) as file:
            try:
                while self.free() > leave:
                    file.write(bytes(min(65_536, self.free() - leave)))
            except OSError as error:
                assert error.errno == errno.ENOSPC

    def free(self) -> int:
        found = os.statvfs(self.path)
        return found.f_bfree * found.f_frsize

    def empty(self) -> None:
        self.ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Skips the test where nothing may be mounted."""
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(path)], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def remount(path: Path, mode: str) -> None:
    """``mode`` is ro or rw."""
    subprocess.run(["mount", "-o", f"remount,{mode}", str(path)], check=True, capture_output=True)
