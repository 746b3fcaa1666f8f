"""Column types that say what they hold."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Dialect, Integer
from sqlalchemy.types import TypeDecorator

from . import clock

Micros = BigInteger
"""Money: micro-units of the row's currency."""

Id = Integer
"""SQLite's row id; only INTEGER PRIMARY KEY is one."""


class Instant(TypeDecorator):
    """Milliseconds since 1970 UTC in the file, an aware datetime in Python; a naive one is refused.

    (SQLite drops a datetime's zone: 15:00+03:00 comes back as 15:00.)
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | int | None, dialect: Dialect) -> int | None:
        if value is None or isinstance(value, int):
            return value
        return clock.from_datetime(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else clock.to_datetime(value)
