"""Time: milliseconds inside, ISO 8601 outside, calendar days in a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.core import clock

NOON = 1_781_092_800_000  # 2026-06-10 12:00:00 UTC
ZONES = (
    "UTC",
    "Africa/Kampala",
    "Africa/Cairo",
    "Europe/Berlin",
    "America/Havana",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "America/St_Johns",
    "Australia/Lord_Howe",
)
instants = st.integers(0, 4_102_444_800_000)  # until 2100


def test_now_is_what_the_clock_in_use_says(request):
    movable = request.getfixturevalue("clock")
    assert clock.now_ms() == NOON
    movable.advance(1.5)
    assert clock.now_ms() == NOON + 1500


def test_an_instant_is_shown_in_utc_with_whole_seconds():
    assert clock.iso(NOON + 999) == "2026-06-10T12:00:00Z"
    assert clock.iso(None) is None
    assert clock.iso(0) == "1970-01-01T00:00:00Z"


def test_an_instant_is_shown_as_clocks_in_a_zone_show_it():
    assert clock.iso_in_zone(NOON, "Africa/Kampala") == "2026-06-10T15:00:00+03:00"
    assert clock.iso_in_zone(NOON, "Asia/Kathmandu") == "2026-06-10T17:45:00+05:45"


def test_a_datetime_without_a_zone_is_refused():
    with pytest.raises(ValueError):
        clock.from_datetime(datetime(2026, 6, 10, 12))


def test_a_datetime_of_any_zone_is_the_same_instant():
    assert clock.from_datetime(datetime(2026, 6, 10, 15, tzinfo=timezone(timedelta(hours=3)))) == NOON


@given(instants)
def test_datetime_and_back_is_the_same_instant(ms):
    assert clock.from_datetime(clock.to_datetime(ms)) == ms


@given(instants)
def test_iso_is_what_datetime_says(ms):
    assert clock.iso(ms) == datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@given(instants, st.sampled_from(ZONES))
def test_the_day_of_an_instant_is_its_calendar_day_in_the_zone(ms, zone):
    assert clock.day_of(ms, zone) == datetime.fromtimestamp(ms // 1000, ZoneInfo(zone)).strftime("%Y-%m-%d")


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from(ZONES))
def test_a_day_starts_at_its_first_instant(day, zone):
    start = clock.start_of_day(day.isoformat(), zone)
    assert clock.day_of(start, zone) == day.isoformat()
    assert clock.day_of(start - 1, zone) < day.isoformat()


def test_a_day_that_has_no_midnight_starts_when_the_clocks_were_moved():
    assert clock.iso_in_zone(clock.start_of_day("2026-04-24", "Africa/Cairo"), "Africa/Cairo") == ("2026-04-24T01:00:00+03:00")


def test_a_day_with_two_midnights_starts_at_the_first():
    assert clock.iso_in_zone(clock.start_of_day("2026-11-01", "America/Havana"), "America/Havana") == ("2026-11-01T00:00:00-04:00")


def test_days_are_counted_back_over_months_and_leap_years():
    assert clock.days_before("2024-03-01", 1) == "2024-02-29"
    assert clock.days_before("2026-01-01", 90) == "2025-10-03"
    assert clock.days_before("2026-01-01", 0) == "2026-01-01"
    assert clock.days_before("0001-01-01", -1) == "0001-01-02"
