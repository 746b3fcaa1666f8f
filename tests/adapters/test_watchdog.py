"""Deadlines are kept in their order, whatever the order of their beginnings; what ended in time is left alone."""

import os
import threading
import time

import pytest

from wesend.adapters.watchdog import Watch

PATIENCE = 20.0


def test_an_earlier_deadline_is_kept_although_a_later_one_began_first():
    cut: list[str] = []
    done = threading.Event()
    with Watch(time.monotonic() + 1000, lambda: cut.append("late")):
        began = time.monotonic()
        with Watch(began + 0.05, lambda: (cut.append("early"), done.set())):
            assert done.wait(PATIENCE)
            assert time.monotonic() >= began + 0.05
    assert cut == ["early"]


def test_what_ended_in_time_is_never_cut():
    cut: list[str] = []
    done = threading.Event()
    with Watch(time.monotonic() + 0.05, lambda: cut.append("ended")):
        pass
    with Watch(time.monotonic() + 0.15, done.set):
        assert done.wait(PATIENCE)
    assert cut == []


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # from Python 3.12 on, when other threads live
def test_a_forked_child_has_a_watchdog_of_its_own():
    with Watch(time.monotonic() + 1000, lambda: None):
        child = os.fork()
        if child == 0:
            done = threading.Event()
            with Watch(time.monotonic() + 0.05, done.set):
                os._exit(0 if done.wait(PATIENCE) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
