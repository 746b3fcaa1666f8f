"""Rows as sqlite3 gives them: by name and by place, and `dict(row)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from psycopg import Cursor


class Record(tuple):
    __slots__ = ()
    places: ClassVar[dict[str, int]] = {}

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if type(key) is str else key)

    def keys(self) -> list[str]:
        return list(self.places)


@lru_cache(maxsize=1024)
def _record(columns: tuple[str, ...]) -> Callable[[Sequence[Any]], Record]:
    """The class of rows with these columns; of two with one name the first is found by it, as sqlite3 has it."""
    places: dict[str, int] = {}
    for place, name in enumerate(columns):
        places.setdefault(name, place)
    return type("Record", (Record,), {"__slots__": (), "places": places})


def records(cursor: Cursor[Any]) -> Callable[[Sequence[Any]], Record]:
    """psycopg's row factory."""
    described = cursor.description
    return _record(tuple(column.name for column in described)) if described else Record
