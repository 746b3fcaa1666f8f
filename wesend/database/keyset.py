"""Pages by row id: what is added or deleted meanwhile moves no row from one page to another, and no page is slow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from .transaction import Row

R = TypeVar("R", bound=Row)

LAST_ID = 2**63 - 1
"""No row id is larger."""


def below(before: int | None) -> int:
    """For ``id < ?`` of a list that is newest first: the end of the page before; None: from the newest on."""
    return LAST_ID if before is None else before


def next_place(rows: Sequence[Row], limit: int) -> int | None:
    """The row id that the next page goes on from; None after a page that was not full."""
    return rows[-1]["id"] if len(rows) == limit else None


def pages(load: Callable[[int], list[R]]) -> Iterator[list[R]]:
    """All pages of ``load(last)``, which gives rows with ``id > last`` in order, until there is an empty one."""
    last = 0
    while rows := load(last):
        yield rows
        last = rows[-1]["id"]
