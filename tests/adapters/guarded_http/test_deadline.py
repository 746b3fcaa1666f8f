"""One deadline for everything: resolving, connecting, sending, and headers a little at a time."""

import socket
import threading

import pytest

from ...support.receiver import drip_headers, hang
from .posting import post, resolving_to

LATE = 30_000
"""Milliseconds that no deadline of these tests comes near, on a loaded machine either."""


@pytest.mark.parametrize("behaviour", [hang, drip_headers])
def test_the_deadline_holds_for_a_server_that_hangs_or_drips(hasty, receiver, behaviour):
    receiver.behave(behaviour)
    result = post(hasty, receiver.url)
    assert (result.status_code, result.error) == (None, "no answer within 0.5 s")
    assert 400 <= result.duration_ms < LATE


def test_the_deadline_holds_for_a_server_that_does_not_read(hasty):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        result = post(hasty, f"http://127.0.0.1:{deaf.getsockname()[1]}/", b"x" * 20_000_000)
    assert (result.status_code, result.error) == (None, "no answer within 0.5 s")
    assert result.duration_ms < LATE


def test_the_deadline_holds_for_a_name_server_that_hangs(hasty, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(60))
    result = post(hasty, "http://hook.example/")
    over.set()
    assert (result.status_code, result.error) == (None, "no answer within 0.5 s")
    assert result.duration_ms < LATE


def test_all_addresses_of_a_name_share_the_deadline(hasty, monkeypatch):
    """Eight addresses that swallow packets, five seconds each, would be forty."""
    tried = []

    class Swallowing(socket.socket):
        def connect(self, address):
            tried.append(self.gettimeout())
            threading.Event().wait(self.gettimeout())
            raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolving_to(*["192.0.2.1"] * 8, port=80))
    monkeypatch.setattr(socket, "socket", Swallowing)
    result = post(hasty, "http://hook.example/")
    assert (result.status_code, result.error) == (None, "no answer within 0.5 s")
    assert sum(tried) <= 0.6


def test_a_hanging_name_server_delays_no_other_host(http, receiver, monkeypatch):
    over, asked, resolve = threading.Event(), threading.Semaphore(0), socket.getaddrinfo

    def hanging(host, *arguments, **options):
        if host == "hangs.example":
            asked.release()
            over.wait(60)
            raise socket.gaierror
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    threads = [threading.Thread(target=post, args=(http, "http://hangs.example/")) for _ in range(20)]
    for thread in threads:
        thread.start()
    assert all(asked.acquire(timeout=20) for _ in threads), "each look-up has a thread of its own"
    result = post(http, receiver.url)
    over.set()
    for thread in threads:
        thread.join()
    assert result.status_code == 200
