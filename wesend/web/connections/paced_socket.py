"""A client's socket that waits for nobody for ever: what comes, and what goes, keeps a least pace."""

from __future__ import annotations

import array
import errno
import fcntl
import os
import select
import socket
import termios
import threading
import time
from typing import Any

from werkzeug.exceptions import RequestTimeout

from .framing import LARGEST, Arrival, State

GRACE = 15.0  # seconds in which a request, or its answer, may go as slowly as it likes
PIECE, PIECE_SECONDS = 10 * 1024, 10.0  # afterwards: so many bytes in so many seconds, 1 KB/s
BRIEF, SLOW = 1.0, 50 * 1024  # seconds after which a reader counts as slow who takes fewer bytes a second than that
LOOK_EVERY = 0.5
BLOCK = 65536
AHEAD = 256 * 1024
"""Bytes of an answer that the kernel keeps for who has not taken them. By itself it lets them grow to 4 MB: each of a crowd
that reads nothing had that much of an export made for it, some seconds of a thread, before it was found to be slow."""


class SlowClient(RequestTimeout):
    """408, in the words of whichever API was asked."""

    description = "The request did not come in time"


class Pace:
    """When patience ends: 15 s from the beginning, later as long as each 10 KB come within 10 s."""

    __slots__ = ("deadline", "marked")

    def __init__(self) -> None:
        self.marked = 0
        self.deadline = time.monotonic() + GRACE

    def reached(self, total: int) -> None:
        if total - self.marked >= PIECE:
            self.marked = total
            self.deadline = max(self.deadline, time.monotonic() + PIECE_SECONDS)


class Slots:
    """How many threads slow clients may hold at once."""

    def __init__(self, count: int):
        self.free = count
        self.lock = threading.Lock()

    def take(self) -> bool:
        with self.lock:
            taken = self.free > 0
            self.free -= taken
        return taken

    def give_back(self) -> None:
        with self.lock:
            self.free += 1


class PacedSocket(socket.socket):
    """Never blocks in the kernel; `recv` and `sendall` wait as a blocking one would, within their pace.

    One thread at a time has it: the worker's own, which gathers a request, or one of the pool, which serves it.
    """

    def __init__(self, accepted: socket.socket, slots: Slots):
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        super().setblocking(False)
        if self.family in (socket.AF_INET, socket.AF_INET6):
            self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, AHEAD)
        self.slots, self.holds_slot = slots, False
        self.limit: float | None = None  # what settimeout was given
        self.request: Any = None  # gunicorn's, while it is served
        self.sending: Pace | None = None
        self.begin(b"")

    def begin(self, read_ahead: bytes) -> None:
        """Another request comes; some of it may have been read with the one before."""
        self.data = bytearray(read_ahead) + getattr(self, "data", b"")
        self.arrival, self.pace, self.received = Arrival(), Pace(), len(self.data)
        self.is_slow, self.request = False, None
        self.sent, self.sending, self.sending_since = 0, None, 0.0

    # -- coming -----------------------------------------------------------

    def gather(self) -> State | None:
        """Take what is there, without waiting; None when the client has hung up. OSError."""
        while len(self.data) <= 2 * LARGEST:  # a head and a body, either of which is gathered up to that size
            try:
                piece = super().recv(BLOCK)
            except BlockingIOError:
                break
            if not piece:
                return State.WHOLE if self.arrival.look(self.data) is State.WHOLE else None
            self._take(piece)
            self.data += piece
            if len(piece) < BLOCK:
                break
        return self.arrival.look(self.data)

    def throw_away(self) -> bool:
        """Take what is there and forget it; False when the client has hung up. OSError."""
        try:
            return bool(super().recv(BLOCK))
        except BlockingIOError:
            return True

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.data:
            piece = bytes(self.data[:size])
            del self.data[:size]
            return piece
        while True:
            try:
                piece = super().recv(size, flags)
            except BlockingIOError:
                self._wait_for_more()
            else:
                self._take(piece)
                return piece

    def _take(self, piece: bytes) -> None:
        self.received += len(piece)
        self.pace.reached(self.received)

    def _wait_for_more(self) -> None:
        patience = self.pace.deadline - time.monotonic()
        if patience <= 0:
            self.is_slow = True
            if self.request is not None:
                self.request.must_close = True  # so that the answer says so
            raise SlowClient
        if not _poll(self, select.POLLIN, patience if self.limit is None else min(patience, self.limit)) and (
            self.limit is not None and self.limit <= patience
        ):
            raise TimeoutError("timed out")

    # -- going ------------------------------------------------------------

    def sendall(self, data: Any, flags: int = 0) -> None:
        rest = memoryview(data)
        while rest:
            try:
                sent = super().send(rest, flags)
            except BlockingIOError:
                self._wait_for_reader()
                continue
            self.sent += sent
            rest = rest[sent:]

    def send(self, data: Any, flags: int = 0) -> int:
        self.sendall(data, flags)
        return len(data)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        sent = 0
        while count is None or sent < count:
            try:
                more = os.sendfile(self.fileno(), file.fileno(), offset + sent, BLOCK if count is None else count - sent)
            except BlockingIOError:
                self._wait_for_reader()
                continue
            if not more:
                break
            sent += more
            self.sent += more
        return sent

    def _wait_for_reader(self) -> None:
        """Until there is room for more; EPIPE for who takes too little of what was sent, or is one slow reader too many."""
        if self.sending is None:
            self.sending, self.sending_since = Pace(), time.monotonic()
        while not _poll(self, select.POLLOUT, LOOK_EVERY):
            now, taken = time.monotonic(), self.sent - _not_taken(self)
            self.sending.reached(taken)
            for_long = now - self.sending_since
            is_slow = for_long > BRIEF and taken < SLOW * for_long
            if now >= self.sending.deadline or is_slow and not self.may_be_slow():
                self.is_slow = True
                raise OSError(errno.EPIPE, "the client reads too slowly")

    def may_be_slow(self) -> bool:
        """Take one of the slots for slow clients; it is given back when the request is over."""
        self.holds_slot = self.holds_slot or self.slots.take()
        return self.holds_slot

    def give_back(self) -> None:
        if self.holds_slot:
            self.holds_slot = False
            self.slots.give_back()

    # -- what a blocking socket's user calls ------------------------------

    def setblocking(self, flag: bool) -> None:
        """It is what it is."""

    def settimeout(self, value: float | None) -> None:
        self.limit = value

    def gettimeout(self) -> float | None:
        return self.limit


def _poll(waiting: socket.socket, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(waiting, event)
    return bool(poll.poll(max(seconds, 0) * 1000))


def _not_taken(sender: socket.socket) -> int:
    """Bytes that wait in the kernel for the client to take them: it takes a sip long before there is room for more."""
    waiting = array.array("i", [0])
    fcntl.ioctl(sender, termios.TIOCOUTQ, waiting)
    return waiting[0]
