"""POST to URLs that users gave: never to a private address, never longer than a deadline, never redirected.

Check-then-fetch can be rebound between the two, so the name is resolved once, every address of the answer is checked,
and the connection goes to a checked one; SNI and certificate still use the name.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, NamedTuple, cast
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from ..core.languages import marked
from .public_addresses import is_public
from .watchdog import Watch

KEPT = 2048  # bytes of an answer
CONNECT_SECONDS = 5.0
RESOLVERS = 256  # threads, made when needed: a name server that hangs must not use up those of other hosts
KEPT_HOSTS = 32  # hosts whose connections are kept: every kept connection is two descriptors


class RefusedAddress(OSError):
    """The URL leads to an address that is not public."""


class Answer(NamedTuple):
    """``status_code`` when complete headers came, else ``error`` says why not. ``body`` is the answer's start."""

    status_code: int | None
    body: str | None
    error: str | None
    duration_ms: int


class _Call:
    """A request under way: its deadline in monotonic seconds, and the socket that is shut when this is over."""

    def __init__(self, deadline: float):
        self.deadline = deadline
        self.socket: socket.socket | None = None
        self.cut = False

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, never below zero."""
        return max(0.0, self.deadline - time.monotonic())

    def take(self, made: socket.socket) -> None:
        """Watch this socket from now on; at once cut when the deadline was over before there was one."""
        self.socket = made
        if self.cut:
            self.cut_off()

    def cut_off(self) -> None:
        self.cut = True
        try:
            if self.socket is not None:
                self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple]
"""As getaddrinfo gives it."""


class _LastLine:
    """A response's stream that remembers whether its headers ended with an empty line.

    (http.client takes a connection that is closed amid the headers for a clean answer.)
    """

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self.stream = stream
        self.last = b""

    def readline(self, limit: int | None = -1) -> bytes:
        self.last = self.stream.readline(limit)
        return self.last

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Response(http.client.HTTPResponse):
    def begin(self) -> None:
        stream = self.fp
        watched = _LastLine(stream)
        in_between = cast(io.BufferedReader, watched)  # it has whatever http.client asks a stream for
        self.fp = in_between
        super().begin()
        if self.fp is in_between:
            self.fp = stream
        if watched.last not in (b"\r\n", b"\n"):
            raise http.client.RemoteDisconnected("closed amid the headers")


class _Guarded:
    """Mixed into urllib3's connections: connects only to checked addresses, and tells the watchdog of its socket."""

    response_class = _Response
    guard: GuardedHttp
    twin: socket.socket | None = None
    uses = 0

    def __init__(self, *arguments: Any, guard: GuardedHttp, **options: Any):
        self.guard = guard
        super().__init__(*arguments, **options)

    def _new_conn(self) -> socket.socket:
        made = self.guard.connect(self._dns_host, self.port)  # type: ignore[attr-defined]  # of the class that it is mixed into
        # TLS takes the socket's descriptor over, so the watchdog holds a twin of its own.
        self.twin = made.dup()
        self.guard.local.call.take(self.twin)
        return made

    def request(self, *arguments: Any, **options: Any) -> None:
        self.guard.local.kept = self.uses > 0
        self.uses += 1
        if self.twin is not None:
            self.guard.local.call.take(self.twin)
        super().request(*arguments, **options)  # type: ignore[misc]  # of the class that it is mixed into
        if self.twin is not None and hasattr(socket, "TCP_QUICKACK"):
            # A server that writes head and body apart waits for our ACK between them: 40 ms, unless it comes at once.
            self.twin.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def close(self) -> None:
        if self.twin is not None:
            self.twin.close()
            self.twin = None
        self.uses = 0
        super().close()  # type: ignore[misc]  # of the class that it is mixed into


class _Plain(_Guarded, HTTPConnection):  # type: ignore[misc]  # both have request() and close()
    pass


class _Secure(_Guarded, HTTPSConnection):  # type: ignore[misc]  # both have request() and close()
    pass


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


class GuardedHttp:
    """A client with connections kept open to the hosts it talks to. Make it after a fork; close it."""

    def __init__(self, *, allow_private: bool, seconds: float = 15.0, connections: int = 8):
        self.allow_private, self.seconds, self.connections = allow_private, seconds, connections
        self.pools: OrderedDict[tuple[str, str, int | None], urllib3.HTTPConnectionPool] = OrderedDict()
        self.lock = threading.Lock()
        self.local = threading.local()
        self.resolvers = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Never raises for what the other side does."""
        started = time.monotonic()
        call = self.local.call = _Call(started + self.seconds)
        with Watch(call.deadline, call.cut_off):
            try:
                answer = self._post(url, body, headers, call)
            except (HTTPError, OSError, http.client.HTTPException, ValueError) as error:
                answer = Answer(None, None, self._reason(error, call), 0)
        return answer._replace(duration_ms=round((time.monotonic() - started) * 1000))

    def _post(self, url: str, body: bytes, headers: dict[str, str], call: _Call) -> Answer:
        try:
            return self._post_once(url, body, headers, call)
        except (HTTPError, OSError) as error:
            # A connection that was kept open may have been closed meanwhile: that is no attempt.
            if call.cut or not self.local.kept or not _was_dropped(error):
                raise
            return self._post_once(url, body, headers, call)

    def _post_once(self, url: str, body: bytes, headers: dict[str, str], call: _Call) -> Answer:
        self.local.kept = False
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        response = self._pool(parts).urlopen(
            "POST",
            target,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            assert_same_host=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=max(0.1, call.remaining)),
        )
        if call.cut:
            response.close()
            raise TimeoutError
        return Answer(response.status, self._start_of(response), None, 0)

    @staticmethod
    def _start_of(response: urllib3.BaseHTTPResponse) -> str:
        """The first 2 KB. Whatever becomes of the body: the headers have decided."""
        found = b""
        try:
            while len(found) < KEPT and (block := response.read1(KEPT)):
                found += block
            complete = len(found) < KEPT
        except (HTTPError, OSError, http.client.HTTPException, ValueError):
            complete = False
        if complete:
            response.release_conn()
        else:
            response.close()
        return found[:KEPT].decode("utf-8", "replace").replace("\x00", "\ufffd")

    def _pool(self, parts: SplitResult) -> urllib3.HTTPConnectionPool:
        host = parts.hostname or ""
        key = (parts.scheme, host, parts.port)
        with self.lock:
            if key not in self.pools:
                made = _SecurePool if parts.scheme == "https" else _PlainPool
                self.pools[key] = made(host, parts.port, maxsize=self.connections, guard=self)
                if len(self.pools) > KEPT_HOSTS:
                    # Not closed but forgotten: a thread may be using it, and urllib3 closes it with its last user.
                    self.pools.popitem(last=False)
            self.pools.move_to_end(key)
            return self.pools[key]

    def connect(self, host: str, port: int) -> socket.socket:
        """Resolve once, refuse when any address is not public, connect to one of them."""
        call = self.local.call
        try:
            found = self.resolvers.submit(socket.getaddrinfo, host.strip("[]"), port, type=socket.SOCK_STREAM).result(
                call.remaining
            )
        except FutureTimeout:
            raise TimeoutError("the name could not be resolved in time") from None
        addresses = [entry[4] for entry in found]
        if not self.allow_private and not all(is_public(str(address[0])) for address in addresses):
            raise RefusedAddress(f"{host} leads to an address that is not public")
        return self._connect_to_one(found, call)

    @staticmethod
    def _connect_to_one(found: Sequence[AddressInfo], call: _Call) -> socket.socket:
        problem: OSError = TimeoutError("no address in time")
        for family, kind, protocol, _, address in found:
            # A name may have a hundred addresses that swallow packets: all of them share the deadline.
            seconds = min(CONNECT_SECONDS, call.remaining)
            if not seconds:
                break
            made = socket.socket(family, kind, protocol)
            try:
                made.settimeout(seconds)
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                made.connect(address)
                return made
            except OSError as error:
                made.close()
                problem = error
        raise problem

    def _reason(self, error: BaseException, call: _Call) -> str:
        causes = list(_causes(error))
        refused = next((cause for cause in causes if isinstance(cause, RefusedAddress)), None)
        if refused is not None:
            return f"refused: {refused}"
        if call.cut or any(isinstance(cause, TimeoutError | urllib3.exceptions.TimeoutError) for cause in causes):
            return f"no answer within {self.seconds:g} s"
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return marked("the name could not be resolved")
        if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
            return marked("connection refused")
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return marked("TLS failed")
        return f"connection failed: {type(causes[-1]).__name__}"

    def close(self) -> None:
        with self.lock:
            for pool in self.pools.values():
                pool.close()
            self.pools.clear()
        self.resolvers.shutdown(wait=False)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and what it was raised from; urllib3 keeps some in its arguments."""
    seen = 0
    while error is not None and seen < 10:
        yield error
        seen += 1
        inner = next((argument for argument in error.args if isinstance(argument, BaseException)), None)
        error = inner or error.__cause__ or error.__context__


def _was_dropped(error: BaseException) -> bool:
    return any(
        isinstance(cause, ConnectionResetError | BrokenPipeError | http.client.RemoteDisconnected) for cause in _causes(error)
    )
