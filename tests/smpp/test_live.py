"""Through a carrier's SMSC: flash messages and bytes arrive as such, and its receipts come back with its error."""

from __future__ import annotations

import pytest

from tests.support.smpp_client import Client
from tests.support.smsc import eventually
from tests.support.smsc_smpp34 import Smpp34Smsc

from .conftest import SmppServer

PHONE = "256772345678"


@pytest.fixture(scope="module")
def server(new_instance, smsc):
    with SmppServer(new_instance()) as server:
        options = {"host": "127.0.0.1", "port": smsc.port, "system_id": "wesend"}
        given = [f"--option={name}={value}" for name, value in options.items()]
        server.command("gateway", "set", "smsc", "--type", "smpp", *given, "--secret", "password=p")
        server.command(
            "route",
            "set",
            "UG_LIVE",
            "--country",
            "UG",
            "--gateway",
            "smsc",
            "--price",
            "35",
            "--currency",
            "UGX",
            "--priority",
            "0",
        )
        yield server


@pytest.fixture
def client(server):
    customer = server.customer("1000", is_sandbox=False)
    with server.bound(server.key(customer, "--senders", "any")) as client:
        yield client


def arrived(smsc: Smpp34Smsc, client: Client, text: bytes, **fields):
    before = len(smsc.arrived)
    got = client.submit(PHONE, text, **fields)
    assert got.status == 0, hex(got.status)
    return eventually(lambda: smsc.arrived[before:], "nothing arrived")[0]


def test_a_text_leaves_for_the_carrier(smsc, client):
    got = arrived(smsc, client, b"Hello", source="Partner", source_ton=5)
    assert (got.text, got.source, got.data_coding, got.destination) == ("Hello", "Partner", 0, PHONE)


@pytest.mark.parametrize(("data_coding", "leaves_as"), [(0x10, 0x10), (0xF0, 0x10)])
def test_a_flash_message_leaves_as_one(smsc, client, data_coding, leaves_as):
    assert arrived(smsc, client, b"Now", data_coding=data_coding).data_coding == leaves_as


def test_bytes_leave_with_their_header(smsc, server, client):
    before = len(smsc.arrived)
    content = bytes((6, 5, 4, 0x0B, 0x84, 0x23, 0xF0)) + bytes(range(100))
    got = client.submit(PHONE, content, data_coding=4, esm_class=0x40)
    assert got.status == 0
    left = eventually(lambda: smsc.arrived[before:], "nothing arrived")[0]
    assert left.data_coding == 4 and left.udh == content[1:7]
    found = server.query("SELECT text, encoding, segments, form FROM messages WHERE uid = ?", got.message_id)
    assert found == [(content.hex(), "8-bit", 1, "bytes:04:udh")]


def test_a_flash_message_and_bytes_leave_from_a_number_of_ones_own(smsc, server):
    """As from a sender ID that is approved."""
    customer = server.customer("10000", is_sandbox=False)
    asked = ("--country", "UG", "--type", "shared", "--keyword", "JOIN", "--company", "Shop", "--use-case", "People write to us")
    owner = ("--account", str(customer["account_id"]), "--wallet", customer["wallet_id"])
    server.command("two-way", "price", "UG", "--setup", "0", "--keyword", "0", "--inbound", "0")
    server.command("rate", "set", "UGX", "3700")
    made = server.command("two-way", "request", *owner, *asked)
    server.command("two-way", "approve", str(made["id"]), "--number", "8181", "--gateway", "smsc")
    with server.bound(server.key(customer)) as client:
        got = arrived(smsc, client, b"Now", data_coding=0x10, source="8181", source_ton=3)
        assert (got.source, got.data_coding, got.text) == ("8181", 0x10, "Now")
        got = arrived(smsc, client, b"\1\2\3", data_coding=4, source="8181", source_ton=3)
        assert (got.source, got.data_coding) == ("8181", 4)
        assert client.submit(PHONE, b"\1\2", data_coding=4, source="8182", source_ton=3).status == 0x0A


def test_paused_dispatch_accepts_and_queues(smsc, server, client):
    server.command("pause")
    try:
        before = len(smsc.arrived)
        message_id = client.submit(PHONE, b"Later").message_id
        assert client.state_of(message_id) == 1 and len(smsc.arrived) == before
        assert client.cancel(message_id).status == 0
    finally:
        server.command("resume")
