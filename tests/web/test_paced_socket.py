"""An answer that nobody takes: little of it is made, and its thread is soon free again."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from wesend.web.connections.paced_socket import PacedSocket, Slots


@pytest.fixture
def reader() -> Iterator[tuple[PacedSocket, socket.socket]]:
    """The server's side, with no slot for a slow reader free, and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        with PacedSocket(listener.accept()[0], Slots(0)) as paced:
            yield paced, client


def test_little_is_made_for_a_client_that_reads_nothing_and_not_for_long(reader):
    paced, _ = reader
    began = time.monotonic()
    with pytest.raises(OSError, match="reads too slowly"):
        while paced.sent < 16 * 2**20:
            paced.sendall(bytes(10_000))
    assert paced.sent < 2**20
    assert time.monotonic() - began < 4
