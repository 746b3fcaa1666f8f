"""A TCP or TLS connection that one thread reads while any others write."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time

CHUNK = 65_536


class Wire:
    """Non-blocking underneath: OpenSSL allows one thread inside at a time, so none may wait there."""

    def __init__(self, sock: socket.socket, patience: float):
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket, self._patience = sock, patience
        self._inside = threading.Lock()
        self._writing = threading.Lock()

    @classmethod
    def open(cls, host: str, port: int, *, patience: float, context: ssl.SSLContext | None = None) -> Wire:
        """Connect; raises OSError. ``patience`` in seconds also bounds every later write."""
        sock = socket.create_connection((host, port), timeout=patience)
        try:
            if context is not None:
                sock = context.wrap_socket(sock, server_hostname=host)
            return cls(sock, patience)
        except BaseException:
            sock.close()
            raise

    def send(self, data: bytes) -> None:
        """Write all of it; raises OSError, after which part of it may have gone out and nothing more can."""
        view, end = memoryview(data), time.monotonic() + self._patience
        with self._writing:
            while view:
                try:
                    with self._inside:
                        view = view[self._socket.send(view) :]
                except (BlockingIOError, ssl.SSLWantWriteError):
                    self._wait(select.POLLOUT, end - time.monotonic())
                except ssl.SSLWantReadError:
                    self._wait(select.POLLIN, end - time.monotonic())

    def receive(self, seconds: float) -> bytes:
        """What has come, empty when nothing does within ``seconds``; raises OSError when the connection has ended."""
        for is_last in (False, True):
            try:
                with self._inside:
                    data = self._socket.recv(CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                if is_last or not self._is_ready(select.POLLIN, seconds):
                    return b""
                continue
            if not data:
                raise ConnectionError("the SMSC closed the connection")
            return data
        return b""

    def _wait(self, event: int, seconds: float) -> None:
        if seconds <= 0 or not self._is_ready(event, seconds):
            raise TimeoutError("the SMSC takes nothing more")

    def _is_ready(self, event: int, seconds: float) -> bool:
        number = self._socket.fileno()
        if number < 0:
            raise ConnectionError("the connection is closed")
        poll = select.poll()
        poll.register(number, event)
        return bool(poll.poll(max(0.0, seconds) * 1000))

    def hang_up(self) -> None:
        """End it from any thread; the reader notices and closes."""
        with contextlib.suppress(OSError), self._inside:
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._inside:
            self._socket.close()
