"""`python app.py` until it first answers 200."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.support.server import Server

from .figure import Figure, Yardstick, figure
from .rounds import EMPTY
from .serving import default
from .sizes import Sizes


def bench(sizes: Sizes) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        wesend = default(Server(Path(folder) / "wesend" / "instance"))
        empty = default(Server(Path(folder) / "empty" / "instance", program=("-m", "tests.bench.empty")))
        for server in (wesend, empty):
            server.instance.mkdir(parents=True)
        first = _seconds(wesend)
        bare = Yardstick(EMPTY, median(_seconds(empty) for _ in range(sizes.starts)))
        yield figure(
            "python app.py to its first 200, warm",
            median(_seconds(wesend) for _ in range(sizes.starts)),
            "s",
            at_most=3,
            beside=bare,
        )
        yield figure("the very first, which makes the database", first, "s", beside=bare)


def _seconds(server: Server) -> float:
    began = time.monotonic()
    with server:
        return time.monotonic() - began
