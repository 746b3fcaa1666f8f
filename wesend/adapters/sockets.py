"""Connections that tell when the first byte of a request goes out, and that end at a total deadline.

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
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError

from .watchdog import Watch

_current = threading.local()


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
        _current.call = self
        self._watch.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        _current.call = None
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
        failure = self.failure
        if isinstance(failure, NameResolutionError):
            return "its name is not known"
        if self.expired or isinstance(failure, ConnectTimeoutError | TimeoutError):
            return "no connection in time"
        if isinstance(failure, ssl.SSLError):
            return f"TLS failed ({failure.reason or type(failure).__name__})"
        return "no connection" if failure is None else f"no connection ({type(failure).__name__})"


class _Watched:
    """Mixed into urllib3's connections; the call is the thread's, since a session serves one thread at a time."""

    sock: Any

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()  # type: ignore[misc]  # of the class that it is mixed into
        try:
            _current.call.watch(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]  # of the class that it is mixed into
        except BaseException as error:
            _current.call.failure = error
            raise

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        call = _current.call
        if not call.watching:  # a connection of an earlier call
            call.watch(self.sock)
        call.sent = True
        super().send(data)  # type: ignore[misc]  # of the class that it is mixed into


class _PlainConnection(_Watched, HTTPConnection):
    pass


class _TlsConnection(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class CuttableAdapter(HTTPAdapter):
    """requests' transport on those connections; used inside `OneCall` only."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
