"""What processes agree on, whether through files on one machine or through a database that their hosts share."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest
from flask import Flask

from tests.support.slot_holder import gateway
from wesend.coordination import call_slots, kept_files, pace, rate_limit
from wesend.coordination.token_cache import TokenCache
from wesend.core.errors import RateLimited
from wesend.database import query


@contextmanager
def at(app: Flask):
    with app.app_context():
        yield


def take(app: Flask, parallel: int, seconds: float = 0.0, **more: bool) -> call_slots.Slot | None:
    with at(app):
        return call_slots.take(gateway(parallel=parallel), seconds, **more)


def give_back(app: Flask, slot: call_slots.Slot | None) -> None:
    assert slot is not None
    with at(app):
        slot.give_back()


def rounds(apps: list[Flask]) -> None:
    """As the pulse of each host does."""
    for app in apps:
        with at(app):
            call_slots.keep()


def test_no_more_calls_at_once_than_a_gateway_takes(processes):
    a, b = processes
    held = [(app, take(app, 3)) for app in (a, b, a)]
    assert all(slot is not None for _, slot in held)
    assert take(a, 3) is None and take(b, 3) is None
    for app, slot in held:
        give_back(app, slot)


def test_what_one_gives_back_the_other_gets(processes):
    a, b = processes
    slot = take(a, 1)
    assert take(b, 1) is None
    give_back(a, slot)
    rounds(processes)
    again = take(b, 1, 5.0)
    assert again is not None and take(a, 1) is None
    give_back(b, again)


def test_whoever_waits_gets_a_turn_however_busy_the_other_is(processes):
    a, b = processes
    stopping, got = threading.Event(), threading.Event()

    def busy() -> None:
        while not stopping.is_set():
            slot = take(a, 2, 1.0, yields=True)
            if slot is not None:
                time.sleep(0.02)
                give_back(a, slot)

    def wait() -> None:
        slot = take(b, 2, 20.0)
        if slot is not None:
            got.set()
            give_back(b, slot)

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    waiting = threading.Thread(target=wait)
    waiting.start()
    assert got.wait(20), "it starved"
    stopping.set()
    for thread in (*threads, waiting):
        thread.join()


def test_a_storm_never_has_more_under_way_than_it_may(processes):
    """Counted where the calls are made."""
    lock, under_way, most, done = threading.Lock(), [0], [0], [0]

    def caller(app: Flask) -> None:
        for _ in range(15):
            slot = take(app, 4, 20.0)
            assert slot is not None
            with lock:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
            time.sleep(0.002)
            with lock:
                under_way[0] -= 1
                done[0] += 1
            give_back(app, slot)

    threads = [threading.Thread(target=caller, args=(app,)) for app in processes * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done[0] == 15 * len(threads) and most[0] <= 4


def turns(app: Flask, tps: float, count: int, moments: list[float]) -> None:
    with at(app):
        for _ in range(count):
            assert pace.wait_for_turn(gateway(tps=tps), 1, 60)
            moments.append(time.monotonic())


def test_messages_a_second_are_kept_by_all_together(processes):
    moments: list[float] = []
    began = time.monotonic()
    threads = [threading.Thread(target=turns, args=(app, 50, 30, moments)) for app in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    moments.sort()
    assert len(moments) == 60
    assert [moment for number, moment in enumerate(moments) if moment - began < number / 50 - 0.001] == []
    assert moments[-1] - began < 6, "a stretch that one did not use must not be long"


def test_a_turn_that_is_too_far_away_takes_nothing(processes):
    a, b = processes
    with at(a):
        assert pace.wait_for_turn(gateway(tps=0.5), 1, 0)
    began = time.monotonic()
    with at(b):
        assert [pace.wait_for_turn(gateway(tps=0.5), 1, 0.5) for _ in range(3)] == [False] * 3
        assert time.monotonic() - began < 1
        assert pace.wait_for_turn(gateway(tps=0.5), 1, 5) and 1 < time.monotonic() - began < 4


def allowed(app: Flask, key: int, limit: int, tries: int) -> int:
    found = 0
    with at(app):
        for _ in range(tries):
            try:
                rate_limit.check_rate(key, limit)
                found += 1
            except RateLimited as refused:
                assert 1 <= refused.retry_after <= 60
    return found


@pytest.mark.parametrize("limit", (1, 10, 120))
def test_requests_a_minute_are_counted_over_all(processes, limit):
    a, b = processes
    first = allowed(a, 7, limit, limit // 2)
    assert first + allowed(b, 7, limit, limit) == limit
    assert allowed(a, 7, limit, 3) == allowed(b, 7, limit, 3) == 0
    assert allowed(b, 8, limit, limit) == limit, "another key has a limit of its own"


def test_a_minute_later_there_are_as_many_again(host, clock):
    a, b = host("a"), host("b")
    assert (allowed(a, 7, 5, 9), allowed(b, 7, 5, 9)) == (5, 0)
    for app in (a, b):  # what a process knows ends by the monotonic clock, which nobody moves
        app.extensions["wesend.shared-rate-limit"].parts.clear()
    clock.advance(60)
    assert (allowed(b, 7, 5, 9), allowed(a, 7, 5, 9)) == (5, 0)


def test_a_large_limit_is_never_exceeded(processes):
    found: list[int] = []
    threads = [threading.Thread(target=lambda app=app: found.append(allowed(app, 9, 1000, 300))) for app in processes * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 950 <= sum(found) <= 1000


@pytest.mark.parametrize("size", (0, 10, kept_files.CHUNK, 3 * kept_files.CHUNK + 1))
def test_a_file_that_one_keeps_is_opened_by_the_other(processes, size):
    a, b = processes
    content = bytes(number % 251 for number in range(size))
    with at(a):
        kept_files.keep(1, "token", lambda file: file.write(content) and None)
    with at(b):
        with kept_files.open_kept(1, "token") as file:
            assert file.read() == content
        assert kept_files.sizes(1) == [size] and kept_files.sizes(2) == []
        assert kept_files.open_kept(2, "token") is None and kept_files.open_kept(1, "other") is None
        kept_files.forget(1, "token")
    with at(a):
        assert kept_files.open_kept(1, "token") is None and kept_files.sizes(1) == []


def test_a_file_that_could_not_be_read_is_not_kept(processes):
    def fill(file) -> None:
        file.write(b"half")
        raise ValueError

    with at(processes[0]):
        with pytest.raises(ValueError):
            kept_files.keep(1, "token", fill)
        assert kept_files.sizes(1) == []


def test_a_file_that_nobody_used_is_forgotten(processes):
    with at(processes[0]):
        kept_files.keep(1, "token", lambda file: file.write(b"x") and None)
        kept_files.forget_older(3600)
        assert kept_files.sizes(1) == [1]
        time.sleep(0.01)
        kept_files.forget_older(0)
        assert kept_files.sizes(1) == []


def test_an_access_token_is_had_in_common_and_sealed(processes):
    a, b = processes
    with at(a):
        TokenCache("vendor", ("x",)).put("tok-1", 4711)
    with at(b):
        assert TokenCache("vendor", ("x",)).take() == ("tok-1", 4711)
        assert TokenCache("vendor", ("other settings",)).take() is None and TokenCache("another", ("x",)).take() is None
        assert "tok-1" not in str(query("SELECT * FROM access_tokens"))
