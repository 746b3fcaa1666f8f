"""A bell from whoever commits work to the process that dispatches it: a FIFO in the instance folder.

(A Unix socket's path may have 108 characters at most; a FIFO's has no such limit.) That process may be at another host:
`shared_bell` rings there.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

from flask import Flask, current_app

from . import cluster
from .leadership import TERM
from .shared_bell import Listener, Ringer

NAME = "wake.fifo"
DISPATCH, WEBHOOKS = b"d", b"w"
"""What is rung for, a line each; dispatch of one gateway alone has its name behind the letter."""

RINGER = "wesend.ringer"
READ = 65536  # bytes: all that a FIFO holds


def _ring(which: bytes) -> None:
    _ring_here(current_app.config["WESEND"].instance / NAME, which)
    if not cluster.is_shared():
        return
    term = current_app.extensions.get(TERM)
    if term is None or not term.holds():
        current_app.extensions[RINGER].ring(which)


def _ring_here(path: Path, which: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return  # nobody listens: the interval is the safety net
    try:
        os.write(descriptor, which + b"\n")
    except OSError:
        pass  # full: it is rung already
    finally:
        os.close(descriptor)


def dispatcher() -> None:
    """Queued messages were committed."""
    _ring(DISPATCH)


def dispatcher_of(gateways: Iterable[str]) -> Callable[[], None]:
    """A call that rings for messages of these gateways alone: the others' workers need not look."""
    names = sorted(set(gateways))

    def ring() -> None:
        for name in names:
            _ring(DISPATCH + name.encode())

    return ring


def read_dispatch(rung: Collection[bytes]) -> Collection[str] | None:
    """The gateways for whose messages it rang: None where that may be any."""
    if DISPATCH in rung:
        return None
    return {line[len(DISPATCH) :].decode() for line in rung if line.startswith(DISPATCH)}


def webhooks() -> None:
    """Webhook deliveries were committed."""
    _ring(WEBHOOKS)


class Bell:
    """The listening end; only the process that holds the scheduler has one. Where none can be made it stays silent,
    and another try is made at every wait.
    """

    def __init__(self, instance: Path):
        self.path = instance / NAME
        self.descriptor: int | None = None
        self.listener: Listener | None = None
        self._open()

    def listen_to_others(self, app: Flask) -> None:
        """To what is rung at other hosts, too, where there may be any."""
        with app.app_context():
            if cluster.is_shared():
                self.listener = Listener(app, lambda which: _ring_here(self.path, which))
                self.listener.start()

    def _open(self) -> None:
        with suppress(OSError):
            if not self.path.exists():
                os.mkfifo(self.path, 0o600)
            # Read and write: the FIFO then never reports an end of file between two writers.
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def wait(self, seconds: float) -> frozenset[bytes]:
        """What was rung for within ``seconds``; empty when nothing was."""
        if self.descriptor is None:
            time.sleep(seconds)
            self._open()
            return frozenset()
        # Not select(): it refuses descriptors from 1024 on.
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        if not poll.poll(seconds * 1000):
            return frozenset()
        try:
            lines = os.read(self.descriptor, READ).split(b"\n")
        except BlockingIOError:
            return frozenset()
        return frozenset(lines[:-1]) | ({DISPATCH} if lines[-1] else frozenset())  # cut off: it may be any

    def close(self) -> None:
        if self.listener is not None:
            self.listener.stop()
        if self.descriptor is not None:
            os.close(self.descriptor)


def init_app(app: Flask) -> None:
    app.extensions[RINGER] = Ringer(app)
