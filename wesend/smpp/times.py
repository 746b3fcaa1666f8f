"""SMPP's times: ``YYMMDDhhmmsstnnp``, absolute with a quarter-hour offset, or relative to now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ..core import clock

FORM = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([+\-R])", re.ASCII)
MOST_QUARTERS = 48


class BadTime(ValueError):
    """No time in the protocol's form."""


def read(text: str, now: int) -> int:
    """The instant in ms; BadTime."""
    found = FORM.fullmatch(text)
    if found is None:
        raise BadTime
    year, month, day, hour, minute, second, tenth, quarters = (int(part) for part in found.groups()[:8])
    if found[9] == "R":
        if tenth or quarters:
            raise BadTime
        days = year * 365 + month * 30 + day
        return now + ((days * 24 + hour) * 60 + minute) * clock.MINUTE + second * clock.SECOND
    if quarters > MOST_QUARTERS:
        raise BadTime
    try:
        moment = datetime(2000 + year, month, day, hour, minute, second, tenth * 100_000, UTC)
    except ValueError:
        raise BadTime from None
    offset = timedelta(minutes=15 * quarters)
    return clock.from_datetime(moment - offset if found[9] == "+" else moment + offset)


def write(ms: int) -> str:
    """``YYMMDDhhmmss000+`` in UTC."""
    return clock.to_datetime(ms).strftime("%y%m%d%H%M%S") + "000+"
