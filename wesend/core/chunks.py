"""Long lists in parts: SQLite takes a bounded number of parameters, and a write lock is to stay short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

CHUNK = 500


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Lists of ``size`` items each, the last one shorter; none of nothing. Reads no further than what it has given."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
