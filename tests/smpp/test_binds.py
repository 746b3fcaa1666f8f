"""Binds: who is let in, how many, and what a connection may say before and after."""

from __future__ import annotations

import struct

import pytest

from tests.support.smpp_client import (
    CANCEL,
    ENQUIRE,
    GENERIC_NACK,
    QUERY,
    RECEIVER,
    REPLACE,
    RESPONSE,
    SUBMIT,
    TRANSCEIVER,
    TRANSMITTER,
    UNBIND,
    submit_body,
)

PHONE = "256712345678"


@pytest.mark.parametrize("mode", [RECEIVER, TRANSMITTER, TRANSCEIVER])
@pytest.mark.parametrize("version", [0x33, 0x34, 0x50])
def test_a_client_binds_in_each_mode_and_version(server, key, mode, version):
    with server.client() as client:
        got = client.try_bind(key["system_id"], key["password"], mode, version)
        assert (got.command, got.status) == (mode | RESPONSE, 0)
        parameters = b"\x02\x10\x00\x01\x34" if version >= 0x34 else b""
        assert got.body == b"wesend\0" + parameters
        assert client.call(UNBIND).command == UNBIND | RESPONSE
        assert client.is_closed()


def test_credentials_are_as_short_as_the_protocol_has_them(server, key):
    assert len(key["system_id"]) == 12 and key["system_id"][0] == "w" and key["system_id"].islower()
    assert len(key["password"]) == 8 and key["password"].isalnum()
    ((stored,),) = server.query("SELECT secret_sha256 FROM api_keys WHERE id = ?", key["key_id"])
    from hashlib import sha256

    assert stored != sha256(key["password"].encode()).hexdigest(), "of 47 bits a bare hash would be found out"
    assert {name: key[name] for name in ("binds", "tps", "window")} == {"binds": 20, "tps": 1000, "window": 50}


def test_the_published_credentials_bind(server):
    told = server.command("sandbox")["smpp"]
    assert told == {
        "host": "127.0.0.1",
        "port": server.smpp_port,
        "tls": False,
        "system_id": "wesend_sandbox",
        "password": "sandbox0",
    }
    with server.bound(told) as client:
        assert client.submit(PHONE).status == 0


def test_an_address_that_is_not_allowed_is_refused_as_a_wrong_password(server, customer):
    key = server.key(customer, "--allow-ip", "203.0.113.7")
    with server.client() as client:
        assert client.try_bind(key["system_id"], key["password"]).status == 0x0E
        assert client.is_closed()


def test_more_binds_than_the_key_has_are_refused_over_all_processes(server, customer):
    key = server.key(customer, "--binds", "3")

    def has_room() -> bool:
        with server.client() as client:
            return client.try_bind(key["system_id"], key["password"]).status == 0

    with server.bound(key) as first, server.bound(key), server.bound(key):
        with server.client() as fourth:
            assert fourth.try_bind(key["system_id"], key["password"]).status == 0x0D
        assert first.call(UNBIND).status == 0
        server.wait_until(has_room, 5, "a bind that has ended still counts")


def test_what_is_said_before_a_bind(server):
    with server.client() as client:
        assert client.call(ENQUIRE).status == 0
        for command in (SUBMIT, QUERY, CANCEL, REPLACE):
            got = client.call(command, submit_body(PHONE))
            assert (got.command, got.status, got.body) == (command | RESPONSE, 0x04, b"")
        assert client.call(UNBIND).status == 0
        assert client.is_closed()


def test_a_second_bind_and_a_receivers_submission(server, key):
    with server.bound(key, RECEIVER) as client:
        assert client.try_bind(key["system_id"], key["password"]).status == 0x05
        assert client.submit(PHONE).status == 0x04
        assert client.call(ENQUIRE).status == 0


@pytest.mark.parametrize("command", [0x21, 0x103, 0x0B, 0x77, 0x102])
def test_commands_that_are_not_offered(client, command):
    got = client.call(command, b"\0" * 20)
    assert (got.command, got.status) == (GENERIC_NACK, 0x03)
    assert client.submit(PHONE).status == 0


def test_nothing_is_replaced(client):
    assert client.call(REPLACE, b"\0" * 20).status == 0x13


@pytest.mark.parametrize("length", [0, 15, 64 * 1024 + 1, 0xFFFFFFFF])
def test_a_length_that_can_not_be_ends_the_connection(client, length):
    client.socket.sendall(struct.pack(">IIII", length, SUBMIT, 0, 77))
    got = client.answer_of(77)
    assert (got.command, got.status) == (GENERIC_NACK, 0x02)
    assert client.is_closed()


@pytest.mark.parametrize("sent", [struct.pack(">I", 4), struct.pack(">II", 8, ENQUIRE), struct.pack(">IIIH", 15, ENQUIRE, 0, 0)])
def test_a_pdu_that_is_shorter_than_a_header_is_told_at_once(client, sent):
    """Nothing more comes of it."""
    client.socket.sendall(sent)
    got = client.read(5)
    assert (got.command, got.status, got.sequence) == (GENERIC_NACK, 0x02, 0)
    assert client.is_closed()


def test_an_unbind_is_answered_after_what_came_before_it(server, key):
    with server.bound(key) as client:
        sequences = [client.send(SUBMIT, submit_body(PHONE)) for _ in range(20)]
        last = client.send(UNBIND)
        came = [client.read() for _ in range(21)]
        assert [got.command for got in came[:20]] == [SUBMIT | RESPONSE] * 20 and {got.status for got in came} == {0}
        assert {got.sequence for got in came[:20]} == set(sequences) and came[20].sequence == last
        assert client.is_closed()


def test_a_bind_that_is_cut_short(server):
    with server.client() as client:
        assert client.call(TRANSCEIVER, b"wesend").status == 0x02
        assert client.is_closed()


def test_the_command_lists_and_ends_binds(server, customer):
    key = server.key(customer)
    with server.bound(key, TRANSMITTER) as client:
        client.submit(PHONE)
        server.wait_until(lambda: _of(server, key) and _of(server, key)[0]["submits"] == 1, 5, "its submission is not counted")
        (row,) = _of(server, key)
        assert row["mode"] == "transmitter" and row["address"] == "127.0.0.1" and row["tls"] is False and row["window"] == 50
        assert set(row) == {
            "bind",
            "key_id",
            "system_id",
            "mode",
            "address",
            "tls",
            "since",
            "window",
            "submits",
            "throttled",
            "waiting",
        }
        server.command("smpp", "unbind", row["bind"])
        assert client.read(5).command == UNBIND
        assert client.submit(PHONE).status == 0x04
        client.send(UNBIND | RESPONSE, sequence=1)
        assert client.is_closed()
    server.wait_until(lambda: not _of(server, key), 5, "it is still listed")


def _of(server, key: dict) -> list[dict]:
    return [row for row in server.command("smpp", "list")["binds"] if row["key_id"] == key["key_id"]]


def test_a_revoked_key_ends_its_binds(server, customer):
    key = server.key(customer)
    with server.bound(key) as client:
        server.command("key", "revoke", str(key["key_id"]))
        assert client.read(3).command == UNBIND
        assert client.submit(PHONE).status == 0x04
    with server.client() as client:
        assert client.try_bind(key["system_id"], key["password"]).status == 0x0E


def test_a_key_that_is_bound_to_other_addresses_ends_its_binds(server, customer):
    key = server.key(customer)
    with server.bound(key, RECEIVER) as client:
        server.command("key", "set", str(key["key_id"]), "--allow-ip", "203.0.113.7")
        assert client.read(3).command == UNBIND
    with server.client() as client:
        assert client.try_bind(key["system_id"], key["password"]).status == 0x0E


def test_a_suspended_account_submits_nothing_more(server):
    customer = server.customer()
    key = server.key(customer)
    with server.bound(key) as client:
        server.command("account", "suspend", str(customer["account_id"]))
        server.wait_until(lambda: client.submit(PHONE).status == 0x04, 3, "it submits on", every=0.2)
        assert client.read(3).command == UNBIND
    with server.client() as client:
        assert client.try_bind(key["system_id"], key["password"]).status == 0x0D


def test_new_limits_hold_for_open_binds(server, customer):
    key = server.key(customer)
    with server.bound(key) as client:
        server.command("key", "set", str(key["key_id"]), "--tps", "1", "--window", "7")

        def is_throttled() -> bool:
            return 0x58 in {client.submit(PHONE).status for _ in range(3)}

        server.wait_until(is_throttled, 3, "its pace is the old one", every=0.2)
    (row,) = [
        row
        for row in server.command("key", "list", "--account", str(customer["account_id"]))["keys"]
        if row["key_id"] == key["key_id"]
    ]
    assert (row["tps"], row["window"], row["binds"]) == (1, 7, 3)


def test_the_window_counts_what_is_unanswered(server, customer):
    key = server.key(customer, "--window", "5", "--tps", "1000")
    with server.bound(key) as client:
        body = submit_body(PHONE)
        pdus = b"".join(struct.pack(">IIII", 16 + len(body), SUBMIT, 0, number) + body for number in range(1, 61))
        client.socket.sendall(pdus)
        statuses = [client.answer_of(number).status for number in range(1, 61)]
        assert set(statuses) == {0, 0x58} and statuses.count(0) >= 5
        assert client.submit(PHONE).status == 0


def test_a_key_without_the_scopes(server, customer):
    with server.bound(server.key(customer, "--scopes", "query")) as client:
        assert client.submit(PHONE).status == 0x402
        assert client.cancel("x").status == 0x402
    with server.bound(server.key(customer, "--scopes", "send")) as client:
        message_id = client.submit(PHONE).message_id
        assert client.query(message_id).status == 0x402


def test_a_rolled_key_has_the_terms_of_the_old_one(server, customer):
    old = server.key(customer, "--binds", "2", "--tps", "9")
    new = server.command("key", "roll", str(old["key_id"]))
    assert (new["binds"], new["tps"]) == (2, 9)
    with server.bound(new) as client, server.bound(old) as of_old:
        assert client.submit(PHONE).status == of_old.submit(PHONE).status == 0


def test_options_of_smpp_are_for_smpp_alone(server, customer):
    ids = ("--account", str(customer["account_id"]), "--wallet", customer["wallet_id"])
    for options in (
        ("--api", "wesendall", "--binds", "2"),
        ("--api", "smpp", "--binds", "0"),
        ("--api", "smpp", "--senders", "all"),
    ):
        ((code, _),) = server.run_each(("key", "create", *ids, *options))
        assert code != 0
