"""A fence around what a thread writes: a condition that is looked at inside each of its transactions, before anything else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from .transaction import Tx

T = TypeVar("T")
Fence = Callable[[Tx], None]
"""Raises where the condition holds no more: the transaction is then undone."""


class _Thread(threading.local):
    fence: Fence | None = None


_thread = _Thread()


@contextmanager
def fenced(fence: Fence | None) -> Iterator[None]:
    """Inside, whatever this thread writes is written only where ``fence`` lets it; None: no condition."""
    outer, _thread.fence = _thread.fence, fence
    try:
        yield
    finally:
        _thread.fence = outer


def current() -> Fence | None:
    return _thread.fence


def behind(fence: Fence, unit: Callable[[Tx], T]) -> Callable[[Tx], T]:
    """The unit, which another thread may carry out, behind the fence of this one."""

    def checked(tx: Tx) -> T:
        fence(tx)
        return unit(tx)

    return checked
