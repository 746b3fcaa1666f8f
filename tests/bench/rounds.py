"""Short rounds of every system in turn, so that a machine's good and bad moments fall on all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.server import Server

from . import bare, load

EMPTY, BARE, WESEND = "empty Flask route", "bare sqlite3", "wesend"
MONEY = "1000000000"  # UGX; enough for 28 million sends


class Plan(NamedTuple):
    rounds: int
    seconds: int
    concurrencies: tuple[int, ...]
    wrk: bool


class Measured(NamedTuple):
    """One round. CPU in server seconds per 1,000 requests: while the load ran, and until all was delivered."""

    system: str
    concurrency: int
    load: load.Load
    cpu: float | None
    cpu_to_the_end: float | None


def measure(folder: Path, plan: Plan, tell: Callable[[str], None] = lambda line: None) -> list[Measured]:
    """All rounds; a first one of each system only warms up."""
    found = []
    with _systems(folder, plan) as systems:
        for run in systems.values():
            run(plan.concurrencies[-1], 1)
        for number in range(plan.rounds):
            for concurrency in plan.concurrencies:
                for run in systems.values():
                    found.append(run(concurrency, plan.seconds))
            tell(f"round {number + 1} of {plan.rounds}")
    return found


@contextmanager
def _systems(folder: Path, plan: Plan) -> Iterator[dict[str, Callable[[int, int], Measured]]]:
    served, replayed = folder / "served" / "instance", folder / "replayed" / "instance"
    for instance in (served, replayed):
        prepare = Server(instance)
        prepare.command("sandbox")
        prepare.command("wallet", "credit", "wal_sandbox_wesendall", MONEY)
    statements = bare.record(replayed)
    (folder / "empty").mkdir()
    with _default(Server(served)) as wesend, \
            _default(Server(folder / "empty" / "instance", program=("-m", "tests.bench.empty"))) as empty:

        def run_bare(concurrency: int, seconds: int) -> Measured:
            return Measured(BARE, concurrency, bare.run(replayed, statements, concurrency, seconds), None, None)

        def run_empty(concurrency: int, seconds: int) -> Measured:
            return _over_http(EMPTY, empty, concurrency, seconds, plan.wrk, lambda: True)

        def run_wesend(concurrency: int, seconds: int) -> Measured:
            return _over_http(WESEND, wesend, concurrency, seconds, plan.wrk, lambda: wesend.query(
                "SELECT count(*) FROM messages WHERE poll_at IS NOT NULL") == [(0,)])

        yield {BARE: run_bare, EMPTY: run_empty, WESEND: run_wesend}


def _default(server: Server) -> Server:
    """With the number of workers that a user gets."""
    del server.environment["WESEND_WORKERS"]
    return server


def _over_http(system: str, server: Server, concurrency: int, seconds: int, wrk: bool,
               is_quiet: Callable[[], bool]) -> Measured:
    before = cpu_seconds(server)
    found = load.run(server.url, concurrency, seconds, wrk=wrk)
    after = cpu_seconds(server)
    server.wait_until(is_quiet, 120, "the round's messages are not delivered")
    thousands = max(found.requests, 1) / 1000
    at_the_end = cpu_seconds(server)
    return Measured(system, concurrency, found, (after - before) / thousands, (at_the_end - before) / thousands)


def cpu_seconds(server: Server) -> float:
    """User and system time of the server's whole process group."""
    assert server.process is not None
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == server.process.pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
