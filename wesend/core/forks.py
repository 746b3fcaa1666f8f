"""What a forked child begins anew: threads, locks and connections that it has inherited and can't use."""

from __future__ import annotations

import os
from collections.abc import Callable
from weakref import WeakMethod

_methods: list[WeakMethod[Callable[[], None]]] = []


def after_fork(method: Callable[[], None]) -> None:
    """Have a bound method called in every forked child, in the order of these calls, for as long as its object lives.

    `os.register_at_fork` alone would keep the object for ever: an application of which nobody knows any more, and all it has.
    """
    _methods[:] = [known for known in _methods if known() is not None]
    _methods.append(WeakMethod(method))


def _begin_anew() -> None:
    for known in list(_methods):
        method = known()
        if method is not None:
            method()


os.register_at_fork(after_in_child=_begin_anew)
