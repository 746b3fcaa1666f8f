"""What an address asks for: days and choices; what makes no sense is left out, as a bookmark may be old."""

from __future__ import annotations

from collections.abc import Container

from flask import request

from ..core import clock
from .current_account import account


def choice(name: str, known: Container[str]) -> str:
    """An argument that is one of ``known``, else empty."""
    text = request.args.get(name, "")
    return text if text in known else ""


def text(name: str, longest: int = 200) -> str:
    return request.args.get(name, "").replace("\x00", "").strip()[:longest]


def first_instant(name: str) -> int | None:
    """The beginning of a day ``YYYY-MM-DD`` in the account's zone."""
    return _start(request.args.get(name, ""), 0)


def last_instant(name: str) -> int | None:
    """The last millisecond of a day."""
    start = _start(request.args.get(name, ""), 1)
    return None if start is None else start - 1


def _start(day: str, days_later: int) -> int | None:
    try:
        return clock.start_of_day(clock.days_before(day, -days_later), account().time_zone) if len(day) == 10 else None
    except (ValueError, OverflowError):
        return None
