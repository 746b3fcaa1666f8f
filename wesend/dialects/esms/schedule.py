"""When a send goes out: eSMS's schedule fields → the options of a send."""

from __future__ import annotations

from typing import Any

from flask import g

from ...core import clock
from ...core.errors import InvalidSchedule
from ...messages.sending.options import Options

SINGLE = (5 * clock.MINUTE, 7 * clock.DAY)
BULK = (10 * clock.MINUTE, 90 * clock.DAY)


def read_options(data: dict[str, Any], window: tuple[int, int]) -> Options:
    """InvalidSchedule outside the window, which is measured at the request's arrival, both ends included."""
    mode, drip_rate = data["schedule_mode"] or "now", data.get("drip_rate")
    if mode == "drip":
        if drip_rate is None:
            raise InvalidSchedule("drip_rate is missing: messages per minute")
        if data["scheduled_at"]:
            raise InvalidSchedule("a drip begins at once: scheduled_at and drip exclude each other")
        return Options("drip", drip_rate=drip_rate, valid_for=data["valid_for"])
    if mode == "now":
        return Options(valid_for=data["valid_for"])
    if drip_rate is not None:
        raise InvalidSchedule("scheduled and drip_rate exclude each other")
    if not data["scheduled_at"]:
        raise InvalidSchedule("scheduled_at is missing")
    try:
        at = clock.parse_iso(data["scheduled_at"])
    except (ValueError, OverflowError):
        raise InvalidSchedule("scheduled_at is not an ISO 8601 time") from None
    earliest, latest = window
    if not g.arrived_at + earliest <= at <= g.arrived_at + latest:
        raise InvalidSchedule(f"scheduled_at must be {earliest // clock.MINUTE} minutes to {latest // clock.DAY} days ahead")
    return Options("scheduled", scheduled_at=at, valid_for=data["valid_for"])
