"""A clock that a test sets, for whole processes: what tells the wall's time moves, and nothing else.

A few lines of C that are preloaded (libfaketime 0.9.10 breaks `time.sleep` when it is told to leave monotonic clocks alone).
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_suffix(".c")


class MovedClock:
    """``environment`` for a process whose clock stands as many seconds from the right one as were `set` last."""

    def __init__(self, folder: Path):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            pytest.skip("there is no C compiler, so no clock that can be moved")
        self.file, library = folder / "clock", folder / "moved_clock.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        self.file.write_bytes(struct.pack("q", 0))
        self.environment = {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(self.file)}

    def set(self, seconds: int) -> None:
        """In the file that the processes have mapped: all of them see it at once."""
        with self.file.open("r+b") as file:
            file.write(struct.pack("q", seconds))
