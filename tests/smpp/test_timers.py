"""What the server does when time passes, with a tenth of its patience: 3 s where the protocol's side has 30."""

from __future__ import annotations

import time

import pytest

from tests.support.smpp_client import ENQUIRE, RESPONSE, SUBMIT, UNBIND, submit_body
from tests.support.smsc import eventually

from .conftest import SmppServer

PHONE = "256712345678"
SILENCE = 3.0
VALIDITY = 4.0  # seconds


@pytest.fixture(scope="module")
def server(new_instance, smsc):
    impatient = ("-m", "tests.support.impatient")
    with SmppServer(new_instance(), program=impatient, WESEND_VALIDITY_HOURS=str(VALIDITY / 3600)) as server:
        yield server


def test_who_does_not_bind_is_left(server):
    with server.client() as client:
        began = time.monotonic()
        client.call(ENQUIRE)  # is no bind
        assert client.is_closed(SILENCE + 3) and time.monotonic() - began >= SILENCE - 0.5


def test_silence_is_asked_about_and_its_end_is_believed(server, key):
    with server.bound(key) as client:
        for _ in range(2):
            began = time.monotonic()
            asked = client.read(SILENCE + 3)
            assert (asked.command, asked.status, asked.body) == (ENQUIRE, 0, b"") and time.monotonic() - began >= SILENCE - 0.5
            client.send(ENQUIRE | RESPONSE, sequence=asked.sequence)
        assert client.submit(PHONE).status == 0


def test_a_key_is_used_as_long_as_a_client_is_bound(server, customer):
    key = server.key(customer)

    def last_used() -> int | None:
        return server.query("SELECT last_used_at FROM api_keys WHERE id = ?", key["key_id"])[0][0]

    with server.bound(key) as client:
        bound = eventually(last_used, "the bind is no use")
        eventually(lambda: client.call(ENQUIRE).status == 0 and last_used() != bound, "it is as old as the bind")


def test_who_does_not_answer_is_left(server, key):
    with server.bound(key) as client:
        assert client.read(SILENCE + 3).command == ENQUIRE
        with pytest.raises(ConnectionError):
            client.read(SILENCE + 3)


def test_a_receipt_that_is_not_answered_comes_again(server, key):
    with server.bound(key) as client:
        client.answers = None
        message_id = client.submit(PHONE, registered=1).message_id
        client.receipt_of(message_id)
        client.answers = 0
        assert client.wait_for(2)[1].field("id") == message_id


def test_what_could_not_be_begun_is_refused_for_now_and_never_done(server, key, customer):
    with server.bound(key) as client:
        assert client.submit(PHONE).status == 0
        before = server.query("SELECT count(*) FROM messages"), server.balance(customer)
        with server.held_up():
            sequences = [client.send(SUBMIT, submit_body(PHONE)) for _ in range(20)]
            assert {client.answer_of(sequence).status for sequence in sequences} == {0x14}
        assert client.submit(PHONE).status == 0
        client.call(UNBIND)
    assert server.query("SELECT count(*) FROM messages")[0][0] == before[0][0][0] + 1
    assert float(before[1]) - float(server.balance(customer)) == 35
    assert server.command("audit")["ok"]


def test_nothing_is_told_before_the_validity_ends(server, key):
    """What nothing is heard of: 66 of the sandbox."""
    with server.bound(key) as client:
        ids = [client.submit("256710000066", registered=registered).message_id for registered in (1, 2, 3, 0)]
        began = time.monotonic()
        receipt = client.receipt_of(ids[0], 30)
        assert time.monotonic() - began >= VALIDITY - 1
        assert (receipt.field("stat"), receipt.field("err"), receipt.tlvs[0x427]) == ("EXPIRED", "003", b"\3")
        assert client.receipt_of(ids[1], 30).field("stat") == "EXPIRED"
        assert [client.state_of(message_id) for message_id in ids] == [3] * 4
        assert {receipt.field("id") for receipt in client.deliveries} == set(ids[:2])


def by_way_of(server, name: str, *options: str) -> None:
    server.command("gateway", "set", name, *options)
    server.command(
        *("route", "set", "UG_LIVE", "--country", "UG", "--gateway", name, "--price", "35", "--currency", "UGX"),
        *("--priority", "0"),
    )


def test_a_delivery_after_the_end_is_a_second_receipt(server, smsc):
    options = {"host": "127.0.0.1", "port": smsc.port, "system_id": "wesend"}
    given = [f"--option={name}={value}" for name, value in options.items()]
    by_way_of(server, "carrier", "--type", "smpp", *given, "--secret", "password=p")
    live = server.customer("1000", is_sandbox=False)
    with server.bound(server.key(live, "--senders", "any")) as client:
        message_id = client.submit(PHONE, registered=1).message_id
        at_smsc = eventually(lambda: smsc.accepted(), "nothing arrived")[-1].message_id
        assert client.receipt_of(message_id, 30).field("stat") == "EXPIRED"
        told = f"id:{at_smsc} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:"
        assert smsc.deliver(PHONE, told.encode()) == 0
        assert client.wait_for(2)[1].field("stat") == "DELIVRD"
        assert client.state_of(message_id) == 2


def test_a_gateway_that_tells_nothing(server, httpserver):
    httpserver.expect_request("/send").respond_with_json({})
    by_way_of(server, "quiet", "--type", "http", f"--option=url={httpserver.url_for('/send')}", '--option=body={"to": "{to}"}')
    live = server.customer("1000", is_sandbox=False)
    with server.bound(server.key(live, "--senders", "any")) as client:
        ids = [client.submit(PHONE, registered=registered).message_id for registered in (1, 2, 3)]
        began = time.monotonic()
        receipt = client.receipt_of(ids[0], 30)
        assert time.monotonic() - began >= VALIDITY - 1
        assert (receipt.field("stat"), receipt.field("dlvrd"), receipt.field("err")) == ("ACCEPTD", "000", "000")
        assert receipt.tlvs[0x427] == b"\6" and 0x423 not in receipt.tlvs
        assert [client.state_of(message_id) for message_id in ids] == [1] * 3
        assert [receipt.field("id") for receipt in client.deliveries] == ids[:1]


def test_a_key_that_expires_while_it_is_bound(server, customer):
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
    key = server.key(customer, "--expires", ends)
    with server.bound(key) as client:
        assert client.submit(PHONE).status == 0
        server.wait_until(lambda: client.submit(PHONE).status == 0x04, 10, "it submits on", every=0.2)
        assert client.is_closed(10)
    with server.client() as client:
        assert client.try_bind(key["system_id"], key["password"]).status == 0x0E
