"""A gateway's limits hold over processes: calls at once, messages a second; what a killed one held is free again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.limits_holder import gateway
from tests.support.server import PROJECT
from tests.support.smsc import eventually
from wesend.upstreams import limits

TAKEN, FREE = False, True


@pytest.fixture
def other(instance: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts a process that takes of the limits: ``other("hold", 2)``."""
    started: list[subprocess.Popen] = []

    def start(what: str, number: int) -> subprocess.Popen:
        started.append(subprocess.Popen(
            [sys.executable, "-m", "tests.support.limits_holder", str(instance), what, str(number)],
            cwd=PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def holds(process: subprocess.Popen) -> bool:
    return process.stdout.readline().strip() == "held"


def take(parallel: int, seconds: float = 0, **more) -> bool:
    with limits.slot(gateway(parallel=parallel), seconds, **more) as free:
        return free


def test_as_many_calls_as_it_takes_and_no_more_over_several_processes(other):
    first, second = other("hold", 2), other("hold", 2)
    assert holds(first) and holds(second)
    assert take(2) is TAKEN and take(3) is FREE
    assert not holds(other("hold", 2))


def test_in_one_process_threads_exclude_each_other_too():
    with limits.slot(gateway(parallel=2), 0) as one, limits.slot(gateway(parallel=2), 0) as two:
        assert one and two and take(2) is TAKEN
    assert take(2) is FREE


def test_a_slot_is_free_again_when_its_holder_was_killed(other):
    holder = other("hold", 1)
    assert holds(holder) and take(1) is TAKEN
    holder.kill()
    holder.wait()
    assert take(1) is FREE


def test_a_slot_is_waited_for(other):
    holder = other("hold", 1)
    assert holds(holder)
    began = time.monotonic()
    assert take(1, 0.05) is TAKEN and time.monotonic() - began >= 0.05
    holder.kill()
    assert take(1, 30) is FREE


def test_who_yields_takes_all_until_somebody_waits_and_then_leaves_one_to_him(other):
    with limits.slot(gateway(parallel=2), 0, yields=True) as first:
        with limits.slot(gateway(parallel=2), 0, yields=True) as second:
            assert first and second
            waiting = other("wait", 2)
            assert waiting.stdout.readline().strip() == "waits"
            eventually(lambda: limits._is_wanted(gateway(parallel=2)), "nobody waits")
        assert holds(waiting), "it was his turn"
        assert take(2, yields=True) is TAKEN
    assert take(2, yields=True) is FREE


def test_messages_a_second_are_kept_over_several_processes(other):
    processes = [other("turns", 20) for _ in range(3)]
    moments = sorted(float(line) for process in processes for line in process.communicate(timeout=60)[0].split())
    assert len(moments) == 60
    # 50 a second: of any 26 of them the last is half a second after the first, but for what a wake-up is late.
    assert min(later - earlier for earlier, later in zip(moments, moments[25:], strict=False)) > 0.3


def test_without_a_limit_nothing_waits():
    assert limits.wait_for_turn(gateway(), 1_000_000, 0)


def test_a_turn_that_is_too_far_away_is_not_waited_for_and_takes_nothing():
    slow = gateway(tps=0.1)
    assert limits.wait_for_turn(slow, 1, 0)
    began = time.monotonic()
    assert [limits.wait_for_turn(slow, 1, 1) for _ in range(3)] == [False] * 3
    assert time.monotonic() - began < 9, "the next turn is 10 s away"


def test_a_schedule_of_another_boot_is_begun_anew(context):
    assert limits.wait_for_turn(gateway(tps=50), 1, 0)
    (path,) = (context.config["WESEND"].instance / limits.FOLDER).glob("*.tps")
    path.write_bytes(limits.NEXT_FREE.pack(time.monotonic() + 10_000))
    assert limits.wait_for_turn(gateway(tps=50), 1, 0)


def test_a_torn_schedule_is_begun_anew(context):
    assert limits.wait_for_turn(gateway(tps=50), 1, 0)
    (path,) = (context.config["WESEND"].instance / limits.FOLDER).glob("*.tps")
    path.write_bytes(b"\x01")
    assert limits.wait_for_turn(gateway(tps=50), 1, 0)


@pytest.mark.parametrize("tps, batch, messages", [(None, 100, 100), (5.0, 100, 5), (0.5, 100, 1), (500.0, 100, 100)])
def test_one_call_carries_a_seconds_worth_at_most(tps, batch, messages):
    limited = gateway(tps=tps)
    limited.batch = batch
    assert limits.at_once(limited) == messages


def test_the_files_are_for_the_owner_only(context):
    take(2)
    folder = context.config["WESEND"].instance / limits.FOLDER
    assert [path for path in (folder, *folder.iterdir()) if path.stat().st_mode & 0o077] == []
