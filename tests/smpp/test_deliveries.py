"""deliver_sm: receipts as they were asked for, what people write, and all of it kept until a client takes it."""

from __future__ import annotations

import itertools
import re

import pytest
import requests

from tests.support.smpp_client import RECEIVER, TRANSMITTER, tlv
from wesend.core import clock

PHONE = "256712345678"
FAILS = "256710000099"
NUMBERS = itertools.count(256_772_000_000)
RECEIPT = re.compile(
    r"id:(?P<id>[0-9a-f-]{36}) sub:001 dlvrd:(?P<dlvrd>00[01]) submit date:\d{10} done date:\d{10} stat:(?P<stat>[A-Z]{7})"
    r" err:(?P<err>\d{3}) text:(?P<text>.{0,20})"
)


@pytest.fixture
def key(server, customer) -> dict:
    return server.key(customer)


def test_a_receipt_as_the_specification_has_it(server, customer):
    server.command("sender", "add", "--account", str(customer["account_id"]), "--name", "Shop", "--countries", "UG", "--approve")
    with server.bound(server.key(customer)) as client:
        got = client.submit(
            "+" + PHONE,
            "héllo, this is longer than twenty".encode("latin-1"),
            data_coding=3,
            source="SHOP",
            source_ton=5,
            source_npi=9,
            npi=6,
            registered=0x11,
            tlvs=tlv(0x0204, b"\x12\x34"),
        )
        receipt = client.receipt_of(got.message_id)
    found = RECEIPT.fullmatch(receipt.text)
    assert found is not None, receipt.text
    assert found.groupdict() == {
        "id": got.message_id,
        "dlvrd": "001",
        "stat": "DELIVRD",
        "err": "000",
        "text": "h?llo, this is longe",
    }
    assert (receipt.esm_class, receipt.data_coding) == (4, 0)
    assert receipt.source == (1, 6, "+" + PHONE) and receipt.destination == (5, 9, "SHOP")
    assert receipt.tlvs == {0x1E: got.message_id.encode() + b"\0", 0x427: b"\2", 0x204: b"\x12\x34"}


def test_a_failures_receipt_has_its_error(server, key):
    with server.bound(key) as client:
        receipt = client.receipt_of(client.submit(FAILS, registered=1).message_id)
        assert (receipt.field("stat"), receipt.field("err"), receipt.field("dlvrd")) == ("UNDELIV", "005", "000")
        assert receipt.tlvs[0x423] == b"\x03\x00\x05" and receipt.tlvs[0x427] == b"\5"


def test_an_old_client_gets_no_parameters(server, key):
    with server.bound(key, version=0x33) as client:
        assert client.receipt_of(client.submit(PHONE, registered=1).message_id).tlvs == {}


@pytest.mark.parametrize(("registered", "told"), [(0, set()), (1, {PHONE, FAILS}), (2, {FAILS}), (3, {PHONE}), (0x14, set())])
def test_receipts_are_told_as_they_were_asked_for(server, key, registered, told):
    with server.bound(key) as client:
        ids = [client.submit(to, registered=registered).message_id for to in (PHONE, FAILS)]
        server.wait_until(lambda: all(client.state_of(message_id) in (2, 5) for message_id in ids), 10, "they don't end")
        last = client.submit(PHONE, registered=1).message_id
        client.receipt_of(last)
        assert {receipt.source[2] for receipt in client.deliveries if receipt.field("id") != last} == told


def test_receipts_wait_for_a_bind(server, key):
    with server.bound(key, TRANSMITTER) as client:
        ids = {client.submit(PHONE, registered=1).message_id for _ in range(5)}
        server.wait_until(lambda: waiting(server, key) == 5, 10, "no receipts wait")
    with server.bound(key, RECEIVER) as client:
        assert {receipt.field("id") for receipt in client.wait_for(5)} == ids
        server.wait_until(lambda: waiting(server, key) == 0, 10, "what was taken still waits")


def waiting(server, key: dict) -> int:
    return server.query("SELECT count(*) FROM smpp_deliveries WHERE api_key_id = ?", key["key_id"])[0][0]


@pytest.mark.parametrize("answer", [0x64, 0x58, 0x14, None])
def test_what_was_not_taken_comes_again_at_the_next_bind(server, key, answer):
    with server.bound(key) as client:
        client.answers = answer
        message_id = client.submit(PHONE, registered=1).message_id
        client.receipt_of(message_id)
        if answer is not None:
            server.wait_until(lambda: attempts(server, key) == [1], 10, "that it was not taken is not noted")
    with server.bound(key) as client:
        assert client.receipt_of(message_id).field("id") == message_id
    server.wait_until(lambda: waiting(server, key) == 0, 10, "it still waits")


def attempts(server, key: dict) -> list[int]:
    return [row[0] for row in server.query("SELECT attempts FROM smpp_deliveries WHERE api_key_id = ?", key["key_id"])]


@pytest.mark.parametrize("answer", [0x65, 0x66, 0x08])
def test_a_final_refusal_ends_it(server, key, answer):
    with server.bound(key) as client:
        client.answers = answer
        client.receipt_of(client.submit(PHONE, registered=1).message_id)
        server.wait_until(lambda: waiting(server, key) == 0, 10, "it still waits")


def test_what_was_not_taken_is_tried_again_after_five_seconds(server, key):
    with server.bound(key) as client:
        client.answers = 0x64
        message_id = client.submit(PHONE, registered=1).message_id
        client.receipt_of(message_id)
        client.answers = 0
        assert client.wait_for(2)[1].field("id") == message_id
        server.wait_until(lambda: waiting(server, key) == 0, 10, "it still waits")


def test_no_more_than_the_window_is_unanswered(server, customer):
    key = server.key(customer, "--window", "4", "--tps", "1000")
    with server.bound(key, TRANSMITTER) as client:
        for _ in range(12):
            assert client.submit(PHONE, registered=1).status == 0
        server.wait_until(lambda: waiting(server, key) == 12, 10, "the receipts are not there")
    with server.bound(key, RECEIVER) as client:
        client.answers = None
        client.wait_for(4)
        with pytest.raises(TimeoutError):
            client.wait_for(5, seconds=0.7)


def test_what_nobody_took_in_time_is_given_up_and_counted(new_instance):
    from .conftest import SmppServer

    with SmppServer(new_instance(), WESEND_SMPP_KEEP_HOURS="1") as server:
        customer = server.customer()
        key = server.key(customer)
        with server.bound(key, TRANSMITTER) as client:
            message_id = client.submit(PHONE, registered=1).message_id
            server.wait_until(lambda: waiting(server, key) == 1, 10, "no receipt waits")
            assert metric(server, "wesend_smpp_deliveries_waiting") == 1
            server.change("UPDATE smpp_deliveries SET created_at = created_at - 3601000")
            server.wait_until(lambda: waiting(server, key) == 0, 15, "it still waits")
            server.wait_until(lambda: metric(server, "wesend_smpp_deliveries_dropped_total") == 1, 10, "it is not counted")
            assert client.state_of(message_id) == 2


def metric(server, name: str) -> float:
    text = requests.get(f"{server.url}/metrics", timeout=10).text
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith((name + " ", name + "{")))


def write_from(server, phone: str, text: str, to: str | None = None) -> dict:
    given = {"from": phone, "to": to, "text": text}
    return requests.post(f"{server.url}/sandbox/messages", json=given, timeout=10).json()


def test_what_people_write_comes_to_the_key_that_wrote_last(server):
    published = server.command("sandbox")["smpp"]
    phone = str(next(NUMBERS))
    with server.bound(published) as client:
        assert client.submit(phone).status == 0
        write_from(server, "+" + phone, "Yes {please}")
        (got,) = client.wait_for(1)
        assert got.source == (1, 1, phone) and got.esm_class == 0 and got.data_coding == 0
        assert got.content == b"Yes \x1b\x28please\x1b\x29"
        write_from(server, "+" + phone, "日" * 100)
        parts = client.wait_for(3)[1:]
        assert {part.esm_class for part in parts} == {0x40} and {part.data_coding for part in parts} == {8}
        assert [part.content[4:6] for part in parts] == [b"\2\1", b"\2\2"] and len({part.content[3] for part in parts}) == 1
        assert b"".join(part.content[6:] for part in parts).decode("utf-16-be") == "日" * 100


def test_what_people_write_comes_to_the_key_that_took_a_rolled_ones_place(server):
    customer = server.customer()
    oldest, wrote = server.key(customer), server.key(customer)
    phone = str(next(NUMBERS))
    with server.bound(wrote) as client:
        assert client.submit(phone).status == 0
    successor = server.command("key", "roll", str(wrote["key_id"]), "--overlap", "1m")
    server.command("key", "revoke", str(wrote["key_id"]))
    with server.bound(oldest) as other, server.bound(successor) as client:
        write_from(server, "+" + phone, "Yes")
        assert client.wait_for(1)[0].content == b"Yes"
        assert other.deliveries == []


@pytest.mark.parametrize(("writes_as", "comes_as"), [("MPESA", "MPESA"), ("Ümlaut Ltd", "?mlaut Ltd"), ("x" * 30, "x" * 20)])
def test_who_writes_by_a_name_comes_with_it(server, writes_as, comes_as):
    with server.bound(server.command("sandbox")["smpp"]) as client:
        write_from(server, writes_as, "JOIN us", to="32811")
        (got,) = client.wait_for(1)
        assert (got.source, got.destination) == ((5, 0, comes_as), (3, 0, "32811"))


def test_nothing_comes_to_a_key_that_has_expired(server):
    customer = server.customer()
    ends = clock.iso(clock.now_ms() + 2000)
    with server.bound(server.key(customer, "--expires", ends)) as client:
        phone = str(next(NUMBERS))
        assert client.submit(phone).status == 0
    with server.bound(server.key(customer)) as client:
        server.wait_until(lambda: clock.iso(clock.now_ms()) > ends, 5, "it has not expired")
        write_from(server, "+" + phone, "Yes")
        assert client.wait_for(1)[0].content == b"Yes"


def test_figures_tell_of_binds_and_answers(server, key):
    with server.bound(key, RECEIVER), server.bound(key) as client:
        client.submit(PHONE)
        server.wait_until(lambda: metric(server, 'wesend_smpp_binds{mode="receiver"}') >= 1, 5, "no receiver is counted")
        server.wait_until(lambda: metric(server, "wesend_smpp_submits_total") >= 1, 5, "no answer is counted")
    with server.client() as stranger:
        assert stranger.submit(PHONE).status == 0x04
        assert stranger.try_bind("nobody", "wrong").status == 0x0E
    assert metric(server, "wesend_smpp_bind_failures_total") >= 1
    assert metric(server, "wesend_smpp_submit_seconds_count") >= 1


def test_every_answer_is_counted(server, customer):
    """What is refused where it is read, too."""
    throttled, misplaced = (f'wesend_smpp_submits_total{{status="{name}"}}' for name in ("ESME_RTHROTTLED", "ESME_RINVBNDSTS"))
    before = metric_of(server, throttled), metric_of(server, misplaced)
    key = server.key(customer, "--tps", "2")
    with server.bound(key) as client:
        assert [client.submit(PHONE).status for _ in range(3)] == [0, 0, 0x58]
    with server.bound(key, RECEIVER) as client, server.client() as stranger:
        assert client.submit(PHONE).status == stranger.submit(PHONE).status == 0x04
    assert (metric_of(server, throttled), metric_of(server, misplaced)) == (before[0] + 1, before[1] + 2)


def metric_of(server, series: str) -> float:
    lines = requests.get(f"{server.url}/metrics", timeout=10).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series + " "))
