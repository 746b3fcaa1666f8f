"""File descriptors: as many as the system allows, and one kept to answer by when there are no more."""

from __future__ import annotations

import json
import os
import resource
import select
import socket
from contextlib import suppress
from typing import Any

from flask import Flask

from ...core import storage
from ...core.errors import StorageFull
from ...dialects.dialect import dialect_of

MOST_DESCRIPTORS = 65_536
FIRST_BYTES = 0.1  # seconds that a refused client has to say what it wants
MOST_READS = 20  # of what it goes on sending, each of 64 KB and as long


def allow_many_descriptors() -> None:
    """As many as the system allows without asking: its usual 1,024 are for programs that use select()."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Spare:
    """A descriptor that is given up to take one more connection, which is refused, and taken back."""

    def __init__(self) -> None:
        self.descriptor = _spare()

    def refuse_next(self, listener: Any, app: Any) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            with suppress(OSError):
                client, _ = listener.accept()
                with client:
                    _refuse(client, app)
        self.descriptor = _spare()


def _spare() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _is_readable(client: socket.socket, seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(client, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))


def _refuse(client: socket.socket, app: Any) -> None:
    """503 in the words of the API that was called."""
    asked = client.recv(65_536) if _is_readable(client, FIRST_BYTES) else b""
    body = json.dumps(_shown(app, asked)).encode()
    client.settimeout(FIRST_BYTES)
    client.sendall(
        b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Retry-After: 1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    client.shutdown(socket.SHUT_WR)
    # What is still coming is read until the client closes: a body that lies unread at our end would reset the connection,
    # and the answer with it.
    for _ in range(MOST_READS):
        if not client.recv(65_536):
            break


def _shown(app: Flask, asked: bytes) -> dict:
    words = asked.split(b"\r\n", 1)[0].split(b" ")
    path = words[1].split(b"?")[0].decode("latin-1") if len(words) == 3 else "/"
    error, dialect = StorageFull(storage.DESCRIPTORS), dialect_of(app, path)
    if dialect is None:
        return {"error": "storage_full", "message": str(error)}
    with app.test_request_context(path):  # a dialect may have other words for a part of its paths
        return dialect.show_error(error)[0]
