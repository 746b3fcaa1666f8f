"""Rows as sqlite3 gives them: by name and by place, and `dict(row)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from psycopg import Connection
from psycopg.adapt import Transformer


class Record(tuple):
    __slots__ = ()
    places: ClassVar[dict[str, int]] = {}

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if type(key) is str else key)

    def keys(self) -> list[str]:
        return list(self.places)


@lru_cache(maxsize=1024)
def _record(columns: tuple[bytes | None, ...]) -> Callable[[Sequence[Any]], Record]:
    """The class of rows with these columns; of two with one name the first is found by it, as sqlite3 has it."""
    places: dict[str, int] = {}
    for place, name in enumerate(columns):
        places.setdefault((name or b"").decode(), place)
    return type("Record", (Record,), {"__slots__": (), "places": places})


def rows_of(connection: Connection[Any], result: Any) -> list[Any]:
    """All rows of a result."""
    if not result.ntuples:
        return []
    reading = Transformer(connection)
    reading.set_pgresult(result)
    return reading.load_rows(0, result.ntuples, _record(tuple(map(result.fname, range(result.nfields)))))
