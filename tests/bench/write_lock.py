"""`python app.py` that writes down how long it holds the write lock: `python -m tests.bench.write_lock FILE`.

The gate is taken before the lock and freed after it: no hold of the lock is longer than what is written here.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from wesend import database

WORTH_TELLING = 0.005  # seconds


class Hold(NamedTuple):
    """Milliseconds: by the clock, and of the holder's CPU; the rest was the disk, or others on the machine."""

    wall: float
    cpu: float


def read(file: Path) -> list[Hold]:
    """All that were worth telling, the longest last."""
    lines = file.read_text().splitlines() if file.exists() else []
    return sorted(Hold(*map(float, line.split())) for line in lines) or [Hold(1000 * WORTH_TELLING, 0.0)]


class Watched(database.Database):
    file = -1

    @contextmanager
    def gate(self) -> Iterator[None]:
        with super().gate():
            began, used = time.perf_counter(), time.thread_time()
            try:
                yield
            finally:
                held = time.perf_counter() - began
                if held > WORTH_TELLING:
                    os.write(self.file, f"{1000 * held:.1f} {1000 * (time.thread_time() - used):.1f}\n".encode())


if __name__ == "__main__":
    Watched.file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    database.Database = Watched  # type: ignore[misc]
    from wesend.cli import main

    main(["up"])
