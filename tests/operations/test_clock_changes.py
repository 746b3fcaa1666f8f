"""What was written by a clock that was set since: found by how far it moved, and without having seen that by its length."""

from __future__ import annotations

import pytest

from wesend.core.clock import DAY, HOUR, MINUTE, SECOND
from wesend.database import query, write
from wesend.operations import clock_changes
from wesend.operations.clock_changes import Watch, end_waits, follow

NOW = 1_781_092_800_000  # where the clock of these tests stands
LONG = NOW + DAY
WAITING = {
    "message": "UPDATE messages SET poll_at = ?",
    "mail or message to be tried again": "UPDATE messages SET status = 'queued', backoffs = 1, due_at = ?",
    "message that is queued": "UPDATE messages SET status = 'queued', due_at = ?",
}


@pytest.fixture
def message(context, clock, wesendall):
    assert wesendall.send("+256772345678").status_code == 200


def set_to(sql: str, moment: int) -> None:
    assert write(lambda tx: tx.changed(sql, (moment,))) == 1


def moments(column: str) -> list[int]:
    return [row[0] for row in query(f"SELECT {column} FROM messages")]


def test_what_is_ended_is_a_moment():
    """No state is changed here: that is the business of the packages that the tables are of."""
    assert {wait.column for wait in clock_changes.WAITS} == {"due_at", "poll_at", "lease_until", "expires_at"}


@pytest.mark.parametrize("name", WAITING)
def test_a_wait_that_is_longer_than_it_can_have_been_meant_ends(message, name):
    set_to(WAITING[name], LONG)
    assert end_waits(set_back=False) == 1
    assert NOW in (*moments("due_at"), *moments("poll_at"))
    assert end_waits(set_back=False) == 0


@pytest.mark.parametrize(("set_back", "then"), ((False, NOW + MINUTE), (True, NOW)))
def test_a_wait_that_may_be_meant_ends_only_when_the_clock_was_set_back(message, set_back, then):
    set_to(WAITING["message"], NOW + MINUTE)
    end_waits(set_back=set_back)
    assert moments("poll_at") == [then]


def test_a_lease_is_cut_to_its_length_so_that_nobodys_work_is_taken_away(message):
    set_to("UPDATE messages SET status = 'submitting', lease_until = ?", LONG)
    end_waits(set_back=True)
    assert moments("lease_until") == [NOW + 30 * SECOND]


def test_what_people_scheduled_for_a_moment_stays_there(message):
    set_to("UPDATE messages SET status = 'scheduled', poll_at = NULL, due_at = ?", LONG)
    end_waits(set_back=True)
    assert moments("due_at") == [LONG]


def test_deposits_given_up_by_a_clock_that_stood_ahead_are_asked_for(context, clock, wesendall):
    wesendall.post("/account/topup", {"walletId": "wal_sandbox_wesendall", "amount": 500, "phone": "0772345678"})
    set_to("UPDATE deposits SET status = 'expired', poll_at = NULL, polls = 9, updated_at = ?", LONG)
    clock_changes.ask_for_the_expired()
    assert [tuple(row) for row in query("SELECT poll_at, polls FROM deposits")] == [(NOW, 0)]


def test_a_successor_knows_how_far_the_clock_was_set_before_it(instance, clock):
    assert Watch(instance).step_ms() is None
    clock.advance(-3600)
    assert Watch(instance).step_ms() == pytest.approx(-HOUR, abs=200)
    assert Watch(instance).step_ms() == 0


def test_what_another_boot_wrote_says_nothing(instance, clock, monkeypatch):
    Watch(instance).step_ms()
    monkeypatch.setattr(clock_changes, "_boot", lambda: "another")
    clock.advance(-3600)
    assert Watch(instance).step_ms() is None


def test_a_clock_that_is_slewed_is_not_set(context, instance, clock):
    watch = Watch(instance)
    watch.step_ms()
    for _ in range(20):
        clock.advance(-0.4)
        assert watch.step_ms() == 0
    assert Watch(instance).step_ms() == 0


def test_the_first_look_of_all_looks_for_long_waits(message, context):
    set_to(WAITING["message"], LONG)
    follow(context)
    assert moments("poll_at") == [NOW]
