"""Connections that tests keep alive: closed when the file that opened them is done, by whichever test they were opened.

One that is merely forgotten is closed by the collector, with a warning that fails some later test.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import requests


class Closable(Protocol):
    def close(self) -> Any: ...


T = TypeVar("T", bound=Closable)
_kept: list[Closable] = []


def kept(connection: T) -> T:
    """The same; its sockets are closed when the file's tests are over."""
    _kept.append(connection)
    return connection


def browser() -> requests.Session:
    """Cookies and a kept-alive connection, as a browser has them."""
    return kept(requests.Session())


def close_all() -> None:
    while _kept:
        _kept.pop().close()
