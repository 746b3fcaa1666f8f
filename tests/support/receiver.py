"""A webhook's receiver: a real local server that answers, fails, hangs, drips, drops, goes away and comes back.

A behaviour is a function of the connection and the request; ``behave`` gives one for each request to come, and the
last one stays.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple


class Posted(NamedTuple):
    """A request that came in whole; header names in lower case, ``at`` on the monotonic clock."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> dict:
        return json.loads(self.body)


Behaviour = Callable[["Receiver", socket.socket, Posted], bool]
"""Answers one request; True keeps the connection open for the next."""


def answer(status: int = 200, body: bytes = b"ok", *, headers: str = "", keep: bool = True) -> Behaviour:
    def behave(_receiver: Receiver, peer: socket.socket, _posted: Posted) -> bool:
        closing = "" if keep else "Connection: close\r\n"
        head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n{closing}{headers}\r\n"
        peer.sendall(head.encode() + body)
        return keep

    return behave


def redirect(location: str) -> Behaviour:
    return answer(302, b"", headers=f"Location: {location}\r\n")


def hang(receiver: Receiver, _peer: socket.socket, _posted: Posted) -> bool:
    """Never answers."""
    receiver.closing.wait(60)
    return False


def _drip(receiver: Receiver, peer: socket.socket, start: bytes, drop: bytes) -> bool:
    peer.sendall(start)
    while not receiver.closing.wait(0.05):
        peer.sendall(drop)
    return False


def drip_headers(receiver: Receiver, peer: socket.socket, _posted: Posted) -> bool:
    """Headers that never end, a little at a time."""
    return _drip(receiver, peer, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a")


def drip_body(receiver: Receiver, peer: socket.socket, _posted: Posted) -> bool:
    """Complete headers, then a body that never ends, a little at a time."""
    return _drip(receiver, peer, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"a")


def drop(_receiver: Receiver, _peer: socket.socket, _posted: Posted) -> bool:
    """Closes without a byte."""
    return False


def drop_amid_headers(_receiver: Receiver, peer: socket.socket, _posted: Posted) -> bool:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/pl")
    return False


def drop_amid_body(_receiver: Receiver, peer: socket.socket, _posted: Posted) -> bool:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    return False


def raw(data: bytes) -> Behaviour:
    """Sends these bytes and closes."""

    def behave(_receiver: Receiver, peer: socket.socket, _posted: Posted) -> bool:
        peer.sendall(data)
        return False

    return behave


@dataclass
class Receiver:
    """``with Receiver() as receiver``; ``posted`` holds every request, ``connections`` how many were opened."""

    host: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    posted: list[Posted] = field(default_factory=list)
    connections: int = 0
    behaviours: deque[Behaviour] = field(default_factory=lambda: deque([answer()]))
    closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Receiver:
        self.changed = threading.Condition()
        self.peers: set[socket.socket] = set()
        self.come_back()
        return self

    def __exit__(self, *_) -> None:
        self.go_away()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/hook"

    def behave(self, *behaviours: Behaviour) -> None:
        """One behaviour a request, the last for all that follow."""
        with self.changed:
            self.behaviours = deque(behaviours)

    def come_back(self) -> None:
        """Listen, on the same port as before."""
        self.closing = threading.Event()
        self.listener = socket.create_server((self.host, self.port), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.listening = threading.Thread(target=self._listen, args=(self.listener,), daemon=True)
        self.listening.start()

    def go_away(self) -> None:
        """Refuse connections and drop those that are open."""
        self.closing.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listening.join()
        self.listener.close()
        with self.changed:
            for peer in self.peers:
                with suppress(OSError):  # it has just gone by itself
                    peer.shutdown(socket.SHUT_RDWR)
            assert self.changed.wait_for(lambda: not self.peers, 10)

    def wait_for(self, count: int, seconds: float = 20) -> list[Posted]:
        """The requests, as soon as there are ``count``."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.posted) >= count, seconds), f"{len(self.posted)} of {count}"
            return list(self.posted)

    @staticmethod
    def wait_until(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, what
            time.sleep(0.01)

    def _listen(self, listener: socket.socket) -> None:
        while not self.closing.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with self.changed:
                self.connections += 1
                self.peers.add(peer)
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        try:
            with self._secured(peer) as talking, talking.makefile("rb") as stream:
                while self._serve(talking, stream):
                    pass
        except OSError:
            pass  # the other side has gone
        finally:
            peer.close()
            with self.changed:
                self.peers.discard(peer)
                self.changed.notify_all()

    def _secured(self, peer: socket.socket) -> socket.socket:
        if self.tls is None:
            return peer
        # The listening side keeps the plain socket, to shut it; TLS takes its descriptor over.
        return self.tls.wrap_socket(peer.dup(), server_side=True)

    def _serve(self, peer: socket.socket, stream) -> bool:
        first = stream.readline().split()
        if len(first) != 3:
            return False
        headers: dict[str, str] = {}
        while line := stream.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(length := int(headers.get("content-length", 0)))
        if len(body) < length:
            return False  # whoever posted it was killed amid it
        posted = Posted(first[0].decode(), first[1].decode(), headers, body, time.monotonic())
        with self.changed:
            self.posted.append(posted)
            behave = self.behaviours[0] if len(self.behaviours) == 1 else self.behaviours.popleft()
            self.changed.notify_all()
        return behave(self, peer, posted)
