"""A gateway's calls at once hold over processes; what a killed one held is free again."""

from __future__ import annotations

import os
import threading
import time

import pytest
from flask import current_app

from tests.support.slot_holder import gateway
from tests.support.smsc import eventually
from wesend.coordination import call_slots

TAKEN, FREE = False, True


def holds(process) -> bool:
    return process.says() == "held"


def take(parallel: int, seconds: float = 0, **more) -> bool:
    """Whether there was a slot; it is given back."""
    taken = call_slots.take(gateway(parallel=parallel), seconds, **more)
    if taken is None:
        return TAKEN
    taken.give_back()
    return FREE


def test_as_many_calls_as_it_takes_and_no_more_over_several_processes(other):
    first, second = other("hold", 2), other("hold", 2)
    assert holds(first) and holds(second)
    assert take(2) is TAKEN and take(3) is FREE
    assert not holds(other("hold", 2))


def test_in_one_process_threads_exclude_each_other_too():
    with call_slots.slot(gateway(parallel=2), 0) as one, call_slots.slot(gateway(parallel=2), 0) as two:
        assert one and two and take(2) is TAKEN
    assert take(2) is FREE


@pytest.mark.usefixtures("in_files")
def test_a_slot_is_free_again_when_its_holder_was_killed(other):
    holder = other("hold", 1)
    assert holds(holder) and take(1) is TAKEN
    holder.kill()
    assert take(1) is FREE


def test_a_slot_is_waited_for(other):
    holder = other("hold", 1)
    assert holds(holder)
    began = time.monotonic()
    assert take(1, 0.05) is TAKEN and time.monotonic() - began >= 0.05
    holder.kill()
    assert take(1, 30) is FREE


@pytest.mark.usefixtures("in_files")
def test_who_yields_takes_all_until_somebody_waits_and_then_leaves_one_to_him(other, app):
    first, second = (call_slots.take(gateway(parallel=2), 0, yields=True) for _ in range(2))
    assert first and second
    waiting = other("wait", 2)
    assert waiting.says() == "waits"
    eventually(app.extensions["wesend.call-slots"].of("shared").is_wanted, "nobody waits")
    second.give_back()
    assert holds(waiting), "it was his turn"
    assert take(2, yields=True) is TAKEN
    first.give_back()
    assert take(2, yields=True) is FREE


@pytest.mark.usefixtures("in_files")
def test_who_waits_in_the_same_process_is_yielded_to_as_well():
    first, second = (call_slots.take(gateway(parallel=2), 0, yields=True) for _ in range(2))
    got: list[bool] = []
    app = current_app._get_current_object()

    def request() -> None:
        with app.app_context(), call_slots.slot(gateway(parallel=2), 60) as free:
            got.append(free)

    waiting = threading.Thread(target=request)
    waiting.start()
    eventually(app.extensions["wesend.call-slots"].of("shared").is_wanted, "nobody waits")
    assert first and second
    first.give_back()
    waiting.join(60)
    assert got == [FREE]
    second.give_back()
    assert take(2, yields=True) is FREE


def test_a_limit_that_was_lowered_holds_for_the_next_calls():
    held = [call_slots.take(gateway(parallel=3), 0) for _ in range(3)]
    assert take(1) is TAKEN
    for slot in held:
        slot.give_back()
    assert take(1) is FREE


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # from Python 3.12 on, when other threads live
def test_a_forked_child_does_not_hold_what_its_parent_holds():
    held = call_slots.take(gateway(parallel=1), 0)
    child = os.fork()
    if child == 0:
        os._exit(0 if take(1) is TAKEN else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    held.give_back()
    assert take(1) is FREE


@pytest.mark.usefixtures("in_files")
def test_the_files_are_for_the_owner_only(context):
    take(2)
    folder = context.config["WESEND"].instance / call_slots.FOLDER
    assert [path for path in (folder, *folder.iterdir()) if path.stat().st_mode & 0o077] == []
