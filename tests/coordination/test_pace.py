"""Messages a second hold over processes, and one call never carries more than a second's worth."""

from __future__ import annotations

import time

import pytest

from tests.support.slot_holder import gateway
from wesend.coordination import pace


def test_messages_a_second_are_kept_over_several_processes(other):
    processes = [other("turns", 20) for _ in range(3)]
    assert [process.says() for process in processes] == ["ready"] * 3
    began = time.monotonic()
    for process in processes:
        process.go()
    moments = sorted(moment - began for process in processes for moment in process.says())
    assert len(moments) == 60
    # However late a wake-up is: no turn comes before its own, 20 ms after the one before it.
    assert [moment for number, moment in enumerate(moments) if moment < number / 50] == []


def test_without_a_limit_nothing_waits():
    assert pace.wait_for_turn(gateway(), 1_000_000, 0)


def test_a_turn_that_is_too_far_away_is_not_waited_for_and_takes_nothing():
    slow = gateway(tps=0.1)
    assert pace.wait_for_turn(slow, 1, 0)
    began = time.monotonic()
    assert [pace.wait_for_turn(slow, 1, 1) for _ in range(3)] == [False] * 3
    assert time.monotonic() - began < 9, "the next turn is 10 s away"


@pytest.mark.usefixtures("in_files")
def test_a_schedule_of_another_boot_is_begun_anew(context):
    assert pace.wait_for_turn(gateway(tps=50), 1, 0)
    (path,) = (context.config["WESEND"].instance / pace.FOLDER).glob("*.tps")
    path.write_bytes(pace.NEXT_FREE.pack(time.monotonic() + 10_000))
    assert pace.wait_for_turn(gateway(tps=50), 1, 0)


@pytest.mark.usefixtures("in_files")
def test_a_torn_schedule_is_begun_anew(context):
    assert pace.wait_for_turn(gateway(tps=50), 1, 0)
    (path,) = (context.config["WESEND"].instance / pace.FOLDER).glob("*.tps")
    path.write_bytes(b"\x01")
    assert pace.wait_for_turn(gateway(tps=50), 1, 0)


@pytest.mark.parametrize("tps, batch, messages", [(None, 100, 100), (5.0, 100, 5), (0.5, 100, 1), (500.0, 100, 100)])
def test_one_call_carries_a_seconds_worth_at_most(tps, batch, messages):
    limited = gateway(tps=tps)
    limited.batch = batch
    assert pace.at_once(limited) == messages
