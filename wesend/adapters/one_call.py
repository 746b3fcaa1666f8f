"""A request with a total deadline, which knows whether its first byte went out.

``timeout=`` of a socket bounds each read, not the whole: a server that drips a byte a second would hold a thread for
ever. So a watchdog shuts the socket; the reader then sees its end.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from contextlib import suppress

from .watchdog import Watch

current = threading.local()


class OneCall:
    """The request that this thread is making: ``sent`` from its first byte on, ``expired`` once it was cut."""

    def __init__(self, seconds: float):
        self.sent = False
        self.expired = False
        self.failure: BaseException | None = None
        self._handles: list[socket.socket] = []
        self._lock = threading.Lock()
        self._watch = Watch(time.monotonic() + seconds, self._cut)

    def __enter__(self) -> OneCall:
        current.call = self
        self._watch.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        current.call = None
        self._watch.__exit__()
        with self._lock:
            for handle in self._handles:
                handle.close()
            self._handles.clear()

    def watch(self, sock: socket.socket) -> None:
        """Shut this connection when time is up; TimeoutError when it is up already.

        A duplicate is kept: TLS takes the descriptor out of the socket object, and http.client forgets the socket
        before the body is read when the server wants to close.
        """
        with self._lock:
            if self.expired:
                raise TimeoutError("the deadline passed")
            self._handles.append(socket.socket(fileno=os.dup(sock.fileno())))

    @property
    def watching(self) -> bool:
        return bool(self._handles)

    def _cut(self) -> None:
        with self._lock:
            self.expired = True
            for handle in self._handles:
                with suppress(OSError):  # closed by the other side
                    handle.shutdown(socket.SHUT_RDWR)

    def failure_words(self) -> str:
        """Why there was no connection, without the address (which may hold a key)."""
        from urllib3.exceptions import ConnectTimeoutError, NameResolutionError  # who only sets a gateway up needs no requests

        failure = self.failure
        if isinstance(failure, NameResolutionError):
            return "its name is not known"
        if self.expired or isinstance(failure, ConnectTimeoutError | TimeoutError):
            return "no connection in time"
        if isinstance(failure, ssl.SSLError):
            return f"TLS failed ({failure.reason or type(failure).__name__})"
        return "no connection" if failure is None else f"no connection ({type(failure).__name__})"
