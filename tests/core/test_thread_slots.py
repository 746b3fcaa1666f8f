"""Threads that wait for gateways: half of them each, all but one for a gateway that answers at once."""

from __future__ import annotations

import threading
import time

import pytest

from wesend.core import thread_slots
from wesend.core.thread_slots import BY_HAND, EXPORTS, LONG_POLLS, QUICK, WAITS, ThreadSlots


def take(slots: ThreadSlots, name: str, times: int) -> int:
    """How many of so many requests get a thread to wait in."""
    return sum(bool(slots.take({name})) for _ in range(times))


@pytest.mark.parametrize(("threads", "half", "all_but_one"), [(1, 1, 1), (2, 1, 1), (4, 2, 3), (8, 4, 7)])
def test_a_gateway_gets_more_than_half_only_when_it_answers_at_once(threads, half, all_but_one):
    assert take(ThreadSlots(threads), "new", threads) == half
    slots = ThreadSlots(threads)
    with slots.taken({"quick"}):
        pass
    assert take(slots, "quick", threads) == all_but_one


def test_a_gateway_that_begins_to_hang_holds_no_more_than_it_has(monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(thread_slots.time, "monotonic", lambda: now)
    slots = ThreadSlots(8)
    with slots.taken({"quick"}):
        pass
    assert take(slots, "quick", 5) == 5
    now += 2 * QUICK  # and none of them has ended
    assert take(slots, "quick", 2) == 0
    assert take(slots, "another", 4) == 2, "all but one thread for all gateways together"


def test_a_gateway_that_has_become_slow_gets_half(monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(thread_slots.time, "monotonic", lambda: now)
    slots = ThreadSlots(8)
    for seconds in (0.001, 0.001, 0.4):
        with slots.taken({"gateway"}):
            now += seconds
    assert take(slots, "gateway", 8) == 4


def test_one_more_waits_a_moment_for_a_quick_gateway():
    slots = ThreadSlots(4)
    with slots.taken({"quick"}):
        pass
    assert take(slots, "quick", 3) == 3
    freeing = threading.Timer(0.002, slots.give_back, [{"quick"}])
    freeing.start()
    with slots.taken({"quick"}) as taken:
        assert taken == {"quick"}
    freeing.join()
    with slots.taken({"quick"}):  # that of the one before
        began = time.monotonic()
        with slots.taken({"quick"}) as taken:
            assert taken == set(), "and no longer than a moment"
        assert 0.5 * WAITS < time.monotonic() - began < WAITS + 1


def test_nobody_waits_for_a_gateway_that_is_not_quick(monkeypatch):
    slots = ThreadSlots(4)
    monkeypatch.setattr(slots.freed, "wait", lambda _seconds: pytest.fail("it waits"))
    for use in ("slow", BY_HAND):
        assert take(slots, use, 2) == 2
        with slots.taken({use}) as taken:
            assert taken == set()
        slots.give_back({use})
        slots.give_back({use})


@pytest.mark.parametrize("use", [BY_HAND, EXPORTS, LONG_POLLS])
def test_what_is_no_gateway_has_half_however_quick_it_is(use):
    slots = ThreadSlots(8)
    with slots.taken({use}):
        pass
    assert take(slots, use, 8) == 4
