"""A vendor's API on a local port: answers what a test tells it to, remembers what it was asked, and can misbehave."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from base64 import b64decode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Asked(NamedTuple):
    """A request as it came in; ``headers`` by lower-case name; ``connection`` tells connections apart."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def form(self) -> dict[str, str]:
        assert self.headers["content-type"] == "application/x-www-form-urlencoded"
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)

    @property
    def basic(self) -> tuple[str, str]:
        kind, _, given = self.headers["authorization"].partition(" ")
        assert kind == "Basic"
        user, _, password = b64decode(given).decode().partition(":")
        return user, password


Behaviour = Callable[[BaseHTTPRequestHandler, Asked], None]


def answer(status: int, body: Any = b"", **headers: str) -> Behaviour:
    """A whole answer: bytes and text as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()

    def behave(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if status not in (204, 304):
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return behave


def drop(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
    """Takes the request and closes without a word."""
    handler.close_connection = True


def reset(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
    """Takes the request and resets the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def truncated(status: int, body: bytes) -> Behaviour:
    """Promises more than it sends, and closes."""

    def behave(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) + 100))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return behave


def raw(content: bytes) -> Behaviour:
    """These bytes, whatever they are, and closes."""

    def behave(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        handler.wfile.write(content)
        handler.close_connection = True

    return behave


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """A client that goes away in the middle is what these tests are about."""


class FakeVendor:
    """``vendor.on("POST", "/path", answer(201, {...}))``; ``vendor.asked`` in order.

    Of several behaviours each is used once, the last for ever. All of them end when the server stops.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.dripped_out = False
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._rules: dict[tuple[str, str], list[Behaviour]] = {}
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if tls is not None:  # greeted in the connection's own thread
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"

    def on(self, method: str, path: str, *behaviours: Behaviour) -> None:
        self._rules[method, path] = list(behaviours)

    def _next(self, method: str, path: str) -> Behaviour:
        with self._lock:
            rules = self._rules.get((method, path), [answer(404, {"message": "no such address"})])
            return rules.pop(0) if len(rules) > 1 else rules[0]

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    def hang(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        """Takes the request and never answers."""
        self.stopping.wait(60)
        handler.close_connection = True

    def drip(self, first: bytes) -> Behaviour:
        """Sends ``first`` and then a byte every 10 ms; ``dripped_out`` when it came to its end, after 20 s."""

        def behave(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
            handler.close_connection = True
            try:
                handler.wfile.write(first)
                for _ in range(2000):
                    if self.stopping.wait(0.01):
                        return
                    handler.wfile.write(b"x")
            except OSError:
                return  # the client had enough
            self.dripped_out = True

        return behave

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                asked = Asked(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query, keep_blank_values=True)),
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(int(self.headers.get("Content-Length", 0))),
                    self.client_address[1],
                )
                vendor.asked.append(asked)
                vendor._next(self.command, parts.path)(self, asked)

            do_GET = do_POST = do_PUT = _serve

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
