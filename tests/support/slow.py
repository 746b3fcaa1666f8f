"""Clients that take their time: raw connections to a server, or to the proxy before it."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

Connect = Callable[[], socket.socket]


@contextmanager
def crowd(connect: Connect, count: int, opening: bytes) -> Iterator[list[socket.socket]]:
    """So many connections that have said the opening of a request, and nothing more."""
    with ExitStack() as stack:
        made = [stack.enter_context(connect()) for _ in range(count)]
        for client in made:
            client.sendall(opening)
        yield made


def what_comes(client: socket.socket, seconds: float) -> bytes | None:
    """All that is said until the connection is closed; None when it still stands after so long."""
    said, end = b"", time.monotonic() + seconds
    while select.select([client], [], [], max(0.0, end - time.monotonic()))[0]:
        try:
            piece = client.recv(65536)
        except ConnectionError:
            return said
        if not piece:
            return said
        said += piece
    return None
