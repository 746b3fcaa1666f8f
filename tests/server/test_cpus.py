"""Each worker stays on a CPU of its own, with all its threads; whoever comes in its place takes that CPU again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.forked import ForkedServer
from tests.support.server import Server
from tests.support.wire import Wire

MINE = os.sched_getaffinity(0)

pytestmark = pytest.mark.skipif(len(MINE) < 2, reason="there is nothing to choose from")


@pytest.fixture(scope="module")
def server(new_instance) -> Iterator[Server]:
    with ForkedServer(new_instance(), WESEND_SANDBOX_DELAY="0") as server:
        server.wait_until(lambda: len(cpus(server)) == 2, 30, "gunicorn did not start two workers")
        yield server


def cpus(server: Server) -> dict[int, set[int]]:
    """Worker → the CPUs that its threads may run on, once it has settled on one."""
    found = {}
    for worker in server.workers():
        try:
            allowed = {frozenset(os.sched_getaffinity(int(task.name))) for task in Path(f"/proc/{worker}/task").iterdir()}
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[worker] = set().union(*allowed)
    return {worker: mask for worker, mask in found.items() if len(mask) == 1}


def test_two_workers_share_two_cpus_and_the_master_stays_free(server):
    with Wire(server.port) as wire:
        assert wire.send("+256771000001").status == 200
    first, second = cpus(server).values()
    assert first | second <= MINE and not first & second
    assert server.process is not None
    assert os.sched_getaffinity(server.process.pid) == MINE


def test_a_successor_takes_the_cpu_that_is_free(server):
    for _ in range(3):
        before = cpus(server)
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        server.wait_until(
            lambda killed=killed: killed not in server.workers() and len(cpus(server)) == 2,
            30,
            "gunicorn did not start the worker again",
        )
        after = cpus(server)
        (successor,) = after.keys() - before.keys()
        assert after[successor] == before[killed]


def test_a_single_worker_may_run_anywhere(new_instance):
    with ForkedServer(new_instance(), WESEND_WORKERS="1") as server:
        (worker,) = server.workers()
        assert os.sched_getaffinity(worker) == MINE
