"""What the server holds when it has answered something and has nothing to do."""

from __future__ import annotations

import time
from collections.abc import Iterator

import requests

from . import load
from .figure import Figure, Yardstick, figure
from .rounds import EMPTY
from .serving import cpu_seconds, memory_mb, serving, serving_empty
from .sizes import Sizes


def bench(sizes: Sizes) -> Iterator[Figure]:
    with serving_empty() as server:
        empty = Yardstick(EMPTY, memory_mb(server))
    with serving() as (_, server):
        load.run(server.url, 8, min(1, sizes.seconds), wrk=sizes.wrk)
        for path in ("/", "/docs", "/metrics"):
            requests.get(server.url + path, timeout=30).raise_for_status()
        _wait_until_idle(server)
        yield figure(
            "idle: master and both workers (PSS)",
            memory_mb(server),
            "MB",
            at_most=150,
            beside=empty,
            rss_mb=round(memory_mb(server, "Rss"), 1),
        )


def _wait_until_idle(server) -> None:
    """Two looks half a second apart find hardly any CPU used."""

    def rests() -> bool:
        before = cpu_seconds(server)
        time.sleep(0.5)
        return cpu_seconds(server) - before < 0.1

    server.wait_until(rests, 60, "the server does not come to rest")
