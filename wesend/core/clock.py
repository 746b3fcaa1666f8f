"""Time. Instants are milliseconds since 1970 UTC (``*_at`` columns); people get ISO 8601."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LATEST = 1 << 62
"""The end of a period that has none."""

_source: Callable[[], float] = time.time


def now_ms() -> int:
    """This instant, in milliseconds since 1970 UTC."""
    return int(_source() * 1000)


def use(source: Callable[[], float] | None) -> None:
    """What tells the time from now on (seconds since 1970): the database's clock, where several hosts share one; tests' own.

    ``None`` restores the system's.
    """
    global _source
    _source = source or time.time


def source() -> Callable[[], float]:
    return _source


def is_own() -> bool:
    """Whether it is this machine's clock that tells the time."""
    return _source is time.time


def to_datetime(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def from_datetime(moment: datetime) -> int:
    """Milliseconds of an aware datetime; a naive one raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone is no instant")
    return round(moment.timestamp() * 1000)


def parse_iso(text: str, zone_name: str = "UTC") -> int:
    """Milliseconds of an ISO 8601 date or time; one without a zone is that zone's. ValueError."""
    moment = datetime.fromisoformat(text.strip())
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=zone(zone_name)))


def iso(ms: int | None) -> str | None:
    """``2026-05-02T12:00:05Z``, or None."""
    if ms is None:
        return None
    moment = time.gmtime(ms // 1000)
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % moment[:6]


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def iso_in_zone(ms: int, zone_name: str) -> str:
    """``2026-06-10T14:05:00+03:00``: the instant as clocks in that zone show it."""
    return to_datetime(ms).astimezone(zone(zone_name)).isoformat(timespec="seconds")


def day_of(ms: int, zone_name: str) -> str:
    """The calendar day ``YYYY-MM-DD`` of an instant in a zone."""
    return _day_of_hour(ms // (15 * MINUTE), zone_name)


@lru_cache(maxsize=4096)
def _day_of_hour(quarter: int, zone_name: str) -> str:
    # Zones are offset by multiples of 15 minutes, so a quarter of an hour never spans two days.
    return to_datetime(quarter * 15 * MINUTE).astimezone(zone(zone_name)).strftime("%Y-%m-%d")


def start_of_day(day: str, zone_name: str) -> int:
    """The first instant of a calendar day in a zone."""
    return from_datetime(datetime.fromisoformat(day).replace(tzinfo=zone(zone_name)))


def days_before(day: str, count: int) -> str:
    return (datetime.fromisoformat(day) - timedelta(days=count)).date().isoformat()
