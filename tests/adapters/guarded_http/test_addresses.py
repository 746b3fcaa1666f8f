"""Only public addresses are connected to, whatever a URL is spelled like or a name resolves to."""

import socket

import pytest

from wesend.adapters import guarded_http
from wesend.adapters.public_addresses import is_public, leads_to_private

from .posting import post, resolving_to

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "100::1",
    "2001::1",
    "::7f00:1",
    "::10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:c0a8:101::",
    "192.0.0.0",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.0.170",
    "192.0.0.255",
    "192.88.99.0",
    "192.88.99.1",
    "192.88.99.255",
    "2002:c058:6301::",
    "::ffff:192.0.0.9",
    "64:ff9b::192.88.99.1",
    "2001:1::1",
    "2001:20::1",
    "3fff::1",
    "3fff:fff::1",
    "5f00::1",
    "4000::1",
    "1fff::1",
    "100:0:0:1::1",
    "fe00::1",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "64:ff9b::8.8.8.8",
    "2002:808:808::",
    "::ffff:8.8.8.8",
    "191.255.255.255",
    "192.0.1.1",
    "192.88.98.255",
    "192.88.100.0",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2400:cb00::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not_refused(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "0",
        "user:pass@127.0.0.1",
        "8.8.8.8@127.0.0.1",
    ],
)
def test_every_spelling_of_loopback_is_refused_and_no_packet_leaves(guarded, receiver, host):
    result = post(guarded, f"http://{host}:{receiver.port}/")
    assert result.status_code is None
    assert result.error is not None and result.error.startswith("refused: ")
    assert (receiver.connections, receiver.posted) == (0, [])


@pytest.mark.parametrize("addresses", [("8.8.8.8", "127.0.0.1"), ("127.0.0.1", "8.8.8.8"), ("2606:4700::1", "10.0.0.1")])
def test_one_private_address_among_public_ones_refuses_the_name(guarded, receiver, monkeypatch, addresses):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolving_to(*addresses, port=receiver.port))
    assert (post(guarded, f"http://hook.example:{receiver.port}/").error or "").startswith("refused: ")
    assert receiver.connections == 0


def test_a_name_is_resolved_once_so_that_it_cannot_be_rebound(guarded, receiver, monkeypatch):
    """The second answer would be loopback: nobody asks for it, and the connection goes to the checked address."""
    answers = [resolving_to("192.0.2.1", port=receiver.port), resolving_to("127.0.0.1", port=receiver.port)]
    asked: list[str] = []

    def resolve(host, *_, **__):
        asked.append(host)
        return answers[len(asked) - 1]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(guarded_http, "is_public", lambda address: address != "127.0.0.1")
    monkeypatch.setattr(guarded_http, "CONNECT_SECONDS", 0.2)
    assert post(guarded, f"http://hook.example:{receiver.port}/").status_code is None
    assert asked == ["hook.example"]
    assert receiver.connections == 0


def test_proxies_of_the_environment_are_not_used(guarded, receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{receiver.port}")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolving_to("127.0.0.1", port=receiver.port))
    assert (post(guarded, "http://hook.example/").error or "").startswith("refused: ")
    assert receiver.connections == 0


def test_private_addresses_are_reached_where_they_are_allowed(http, receiver):
    assert post(http, receiver.url).status_code == 200


def test_the_warning_about_private_urls_looks_at_every_address(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolving_to("8.8.8.8", "10.0.0.1", port=0))
    assert leads_to_private("hook.example")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolving_to("8.8.8.8", port=0))
    assert not leads_to_private("hook.example")
