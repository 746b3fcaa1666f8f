"""Short rounds of every system in turn, so that a machine's good and bad moments fall on all of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.server import Server

from . import bare, load
from .serving import cpu_seconds, prepare, serving, serving_empty
from .sizes import Sizes

EMPTY, BARE, WESEND = "empty Flask route", "bare sqlite3", "wesend"


class Measured(NamedTuple):
    """One round. CPU in server seconds per 1,000 requests: while the load ran, and until all was delivered."""

    system: str
    concurrency: int
    load: load.Load
    cpu: float | None
    cpu_to_the_end: float | None


def measure(sizes: Sizes) -> list[Measured]:
    """All rounds; a first one of each system only warms up."""
    found = []
    with _systems(sizes) as systems:
        for run in systems.values():
            run(sizes.concurrencies[-1], min(1, sizes.seconds))
        for _ in range(sizes.rounds):
            for concurrency in sizes.concurrencies:
                found += [run(concurrency, sizes.seconds) for run in systems.values()]
    return found


@contextmanager
def _systems(sizes: Sizes) -> Iterator[dict[str, Callable[[int, float], Measured]]]:
    with tempfile.TemporaryDirectory() as folder, serving() as (_, wesend), serving_empty() as empty:
        replayed = Path(folder) / "instance"
        prepare(replayed)
        statements = bare.record(replayed)

        def run_bare(concurrency: int, seconds: float) -> Measured:
            return Measured(BARE, concurrency, bare.run(replayed, statements, concurrency, seconds), None, None)

        def run_empty(concurrency: int, seconds: float) -> Measured:
            return over_http(EMPTY, empty, concurrency, seconds, sizes.wrk, lambda: True)

        def run_wesend(concurrency: int, seconds: float) -> Measured:
            return over_http(
                WESEND,
                wesend,
                concurrency,
                seconds,
                sizes.wrk,
                lambda: wesend.query("SELECT count(*) FROM messages WHERE poll_at IS NOT NULL") == [(0,)],
            )

        yield {BARE: run_bare, EMPTY: run_empty, WESEND: run_wesend}


def over_http(system: str, server: Server, concurrency: int, seconds: float, wrk: bool, is_quiet: Callable[[], bool]) -> Measured:
    """A round at a server; ``is_quiet`` tells when all that it began is done."""
    before = cpu_seconds(server)
    found = load.run(server.url, concurrency, seconds, wrk=wrk)
    after = cpu_seconds(server)
    server.wait_until(is_quiet, 120, "the round's messages are not delivered")
    thousands = max(found.requests, 1) / 1000
    at_the_end = cpu_seconds(server)
    if found.errors:
        raise RuntimeError(f"{system}: {found.errors} requests were not answered with 200")
    return Measured(system, concurrency, found, (after - before) / thousands, (at_the_end - before) / thousands)
