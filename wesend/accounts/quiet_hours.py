"""Quiet hours: ``21:00-07:00``, by the clocks where the recipient lives."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from ..core import clock
from ..core.errors import InvalidInput
from ..core.languages import sentence

NONE = "none"
HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)")


class QuietHours(NamedTuple):
    """Minutes after midnight; ``until`` is the first that is not quiet, on the next day where it lies before ``since``."""

    since: int
    until: int

    def __str__(self) -> str:
        return f"{_text(self.since)}-{_text(self.until)}"

    def covers(self, minute: int) -> bool:
        """Whether a minute of the day is quiet."""
        if self.since < self.until:
            return self.since <= minute < self.until
        return minute >= self.since or minute < self.until

    def end_after(self, ms: int, zone: str) -> int | None:
        """When the quiet that an instant lies in is over there; None when it lies in none."""
        there = clock.to_datetime(ms).astimezone(clock.zone(zone))
        minute = there.hour * 60 + there.minute
        if not self.covers(minute):
            return None
        day = there.date() + timedelta(days=minute >= self.until)
        return max(_instants(day, self.until, zone))

    def begun_before(self, ms: int, zone: str) -> int:
        """When the quiet that an instant lies in began there."""
        there = clock.to_datetime(ms).astimezone(clock.zone(zone))
        day = there.date() - timedelta(days=there.hour * 60 + there.minute < self.since)
        return min(ms, *_beginnings(day, self.since, zone))

    def begin_after(self, ms: int, zone: str) -> int:
        """When they begin next there, after an instant that is not quiet."""
        there = clock.to_datetime(ms).astimezone(clock.zone(zone))
        day = there.date() + timedelta(days=there.hour * 60 + there.minute >= self.since)
        return min((at for at in _beginnings(day, self.since, zone) if at > ms), default=ms + 1)


def _instants(day: date, minute: int, zone: str) -> tuple[int, int]:
    """A minute of a day by the clocks of a zone: twice, where they are put back over it."""
    wall = datetime.combine(day, time(*divmod(minute, 60)), clock.zone(zone))
    return clock.from_datetime(wall.replace(fold=0)), clock.from_datetime(wall.replace(fold=1))


def _beginnings(day: date, minute: int, zone: str) -> tuple[int, int]:
    """The same of what begins then: at once, where clocks are put ahead over it."""
    first, second = _instants(day, minute, zone)
    if first <= second:
        return first, second
    skipped = _put_ahead(second, first, zone)
    return skipped, skipped


def _put_ahead(before: int, after: int, zone: str) -> int:
    """The first instant between two by which the clocks of a zone have been put ahead."""

    def offset(ms: int) -> timedelta | None:
        return clock.to_datetime(ms).astimezone(clock.zone(zone)).utcoffset()

    usual = offset(before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if offset(middle) == usual else (before, middle)
    return after


def _text(minute: int) -> str:
    return "%02d:%02d" % divmod(minute, 60)


def parse(text: str) -> QuietHours | None:
    """``21:00-07:00`` or ``none``. InvalidInput."""
    text = text.strip().lower()
    if text in (NONE, ""):
        return None
    found = HOURS.fullmatch(text)
    if found is None:
        raise InvalidInput(
            sentence("%(text)s are no hours like 21:00-07:00", text=f"{text[:40]!r}"), {"quiet_hours": ["Like 21:00-07:00"]}
        )
    hours = QuietHours(int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4]))
    if hours.since == hours.until:
        raise InvalidInput("Quiet hours must leave some of the day", {"quiet_hours": ["Begins when it ends"]})
    return hours


def read(text: str | None) -> QuietHours | None:
    """From a column that holds them as they are shown."""
    return parse(text) if text else None
