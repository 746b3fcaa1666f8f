"""Clients that send or read slowly: they are told so in time, and all others go on being answered."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
import requests

from tests.support.forked import ForkedServer
from tests.support.server import Server
from tests.support.slow import crowd, what_comes
from tests.support.wire import Wire

from ..support.published import CREDENTIALS

PATIENCE, TENTH = 15.0, 1.5
SOON = 2.0  # seconds in which a page must be there, whoever dawdles
KEY = f"Authorization: Bearer {CREDENTIALS['esms'].secret}\r\n"
SEND = f"POST /api/messages/send HTTP/1.1\r\nHost: localhost\r\n{KEY}Content-Type: application/json\r\n".encode()
GATHERED = {
    "nothing": b"",
    "half a request line": b"POST /api/mess",
    "half its headers": SEND,
    "no body": SEND + b"Content-Length: 100\r\n\r\n",
    "half a body": SEND + b'Content-Length: 100\r\n\r\n{"to": ',
    "half a chunk": SEND + b'Transfer-Encoding: chunked\r\n\r\n40\r\n{"to": ',
    "no last chunk": SEND + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "half a form": b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100\r\n\r\nemail=",
}
"""Openings of requests that no thread has anything to do with."""
READ = {
    "no request": b"\r\n",
    "half a large body": SEND + b"Content-Length: 900000\r\n\r\n" + b" " * 200_000,
    "waits for a word": SEND + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n",
}
"""Those that a thread reads, one of the few that may wait."""


@pytest.fixture(scope="module")
def server(new_instance) -> Iterator[Server]:
    """With a tenth of the patience."""
    with ForkedServer(new_instance(), program=("-m", "tests.support.impatient")) as server:
        server.wait_until(lambda: len(server.workers()) == 2, 30, "gunicorn did not start two workers")
        yield server


def connect_to(server: Server) -> Callable[[], socket.socket]:
    return lambda: socket.create_connection(("127.0.0.1", server.port), 30)


def answers(server: Server) -> None:
    """A page and an API, on connections of their own that either worker may get."""
    for _ in range(6):
        started = time.monotonic()
        assert requests.get(f"{server.url}/docs", timeout=30).status_code == 200
        with Wire(server.port) as wire:
            assert wire.send("+256772345678").status == 200
        assert time.monotonic() - started < SOON


def is_told(client: socket.socket, name: str, seconds: float) -> None:
    said = what_comes(client, seconds)
    assert said is not None, f"{name}: still open"
    if name == "nothing":
        assert said == b""
    else:
        assert b" 408 " in said and b"connection: close" in said.lower(), (name, said[:200])


def test_for_15_seconds_24_of_each_kind_hold_up_nobody_and_then_they_are_told(new_instance):
    with ForkedServer(new_instance()) as server, ExitStack() as stack:
        server.wait_until(lambda: len(server.workers()) == 2, 30, "gunicorn did not start two workers")
        began = time.monotonic()
        held = {name: stack.enter_context(crowd(connect_to(server), 24, opening)) for name, opening in (GATHERED | READ).items()}
        answers(server)
        time.sleep(max(0.0, began + PATIENCE - 2 - time.monotonic()))
        assert all(what_comes(held[name][0], 0.0) is None for name in GATHERED)
        for name in GATHERED:
            for client in held[name]:
                is_told(client, name, began + PATIENCE + 4 - time.monotonic())
        answers(server)


@pytest.mark.parametrize("name", GATHERED | READ)
def test_each_kind_is_told(server, name):
    began = time.monotonic()
    with crowd(connect_to(server), 1, (GATHERED | READ)[name]) as [client]:
        is_told(client, name, TENTH + 3)
    assert time.monotonic() - began >= TENTH - 0.1


def test_one_byte_after_the_other_wins_no_time(server):
    with crowd(connect_to(server), 2, b"") as clients:
        told: list[bytes | None] = [None, None]
        for number in range(50):
            for client, opening in zip(clients, (SEND, READ["half a large body"]), strict=True):
                with suppress(ConnectionError):
                    client.sendall(opening[:-50] if number == 0 else opening[-50:][number : number + 1])
            time.sleep(0.07)
            told = [done or what_comes(client, 0.0) for client, done in zip(clients, told, strict=True)]
            if all(told):
                return
    pytest.fail("they are still listened to")


def test_a_body_that_keeps_its_pace_is_taken_whatever_it_takes(server):
    """20 KB a second, twice what the pace is here."""
    body = b'{"to": "+256712345678", "text": "Hello"' + b" " * 70_000 + b"}"
    with crowd(connect_to(server), 1, SEND + b"Content-Length: %d\r\n\r\n" % len(body)) as [client]:
        began = time.monotonic()
        for start in range(0, len(body), 1000):
            client.sendall(body[start : start + 1000])
            time.sleep(0.04)
        assert time.monotonic() - began > TENTH
        assert b" 200 " in client.recv(65536)


@pytest.mark.parametrize(
    ("path", "code"),
    (
        ("/api/messages/send", b'"request_timeout"'),
        ("/api/v1/sms/send", b'"error"'),
        ("/v1/sms/send", b'"detail"'),
        ("/api/v1/email/send", b'"error"'),
        ("/sign-in", b"<html"),
    ),
)
def test_it_is_told_in_the_words_of_what_was_asked(server, path, code):
    keys = CREDENTIALS["wasambazie"]
    headers = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{KEY}X-API-PUBLIC-KEY: {keys.public}\r\nX-API-SECRET-KEY:"
        f" {keys.secret}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    )
    with crowd(connect_to(server), 1, headers.encode()) as [client]:
        said = what_comes(client, TENTH + 3)
    assert said is not None and (code in said or b" 401 " in said), said


def test_a_client_that_never_closes_holds_up_nobody(server):
    opening = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with crowd(connect_to(server), 24, opening) as clients:
        answers(server)
        assert all(b" 200 " in client.recv(4096) for client in clients)


def test_requests_that_come_one_behind_the_other_are_answered_in_order(server):
    first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with crowd(connect_to(server), 1, first * 3 + first[:20]) as [client]:
        time.sleep(0.3)
        client.sendall(first[20:])
        said = b""
        while said.count(b"HTTP/1.1 200 OK") < 4:
            piece = client.recv(65536)
            assert piece, said
            said += piece


def test_slow_readers_hold_half_of_the_threads_at_most_and_not_for_long(server):
    """More bytes than the kernel takes, to clients that read none of them."""
    path = "/docs/openapi/esms.json"
    document = requests.get(server.url + path, timeout=30).content
    opening = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * (10_000_000 // len(document))
    with ExitStack() as stack:
        for _ in range(12):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(opening)
        time.sleep(0.7)
        answers(server)
        server.wait_until(lambda: connections(server) == 0, 12, "they are still waited for")


def connections(server: Server) -> int:
    """Established ones of the server's side, from the kernel's table."""
    with open("/proc/net/tcp") as table:
        return sum(
            fields[1].endswith(f":{server.port:04X}") and fields[3] == "01" for fields in map(str.split, table.readlines()[1:])
        )


def test_a_stop_does_not_wait_for_who_dawdles(new_instance):
    with ForkedServer(new_instance()) as server, crowd(connect_to(server), 8, GATHERED["half a body"]):
        server.wait_until(lambda: len(server.workers()) == 2, 30, "gunicorn did not start two workers")
        time.sleep(1)  # a worker that has just been forked is not told of a stop, and is ended after ten seconds
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 8
