"""Parts of long messages: an id and a segment each, one message in the end, paid at once or not at all."""

from __future__ import annotations

import itertools

import pytest

from tests.support.smpp_client import Client, tlv

PHONE = "256712345678"
REFERENCES = itertools.count(1)


def header(reference: int, total: int, number: int, *, wide: bool = False) -> bytes:
    if wide:
        return bytes((6, 8, 4)) + reference.to_bytes(2, "big") + bytes((total, number))
    return bytes((5, 0, 3, reference % 256, total, number))


def sar(reference: int, total: int, number: int) -> bytes:
    return tlv(0x020C, reference.to_bytes(2, "big")) + tlv(0x020E, bytes((total,))) + tlv(0x020F, bytes((number,)))


def submit_part(client: Client, how: str, reference: int, total: int, number: int, text: bytes, to: str = PHONE, **fields):
    if how == "sar":
        return client.submit(to, text, tlvs=sar(reference, total, number), **fields)
    return client.submit(to, header(reference, total, number, wide=how == "wide") + text, esm_class=0x40, **fields)


def messages(server, *ids: str) -> list[tuple]:
    found = server.query(
        f"SELECT DISTINCT m.text, m.segments, m.cost_micros FROM smpp_submissions s JOIN messages m ON m.id = s.message_id"
        f" WHERE s.uid IN ({', '.join('?' * len(ids))})",
        *ids,
    )
    return found


@pytest.mark.parametrize("how", ["narrow", "wide", "sar"])
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_parts_become_one_message(server, client, customer, how, order):
    reference, texts = next(REFERENCES), {1: b"one ", 2: b"two ", 3: b"three"}
    price = float(server.balance(customer))
    single = client.submit(PHONE)
    price -= float(server.balance(customer))
    before = float(server.balance(customer))
    ids = []
    for number in order:
        assert single.status == 0
        got = submit_part(client, how, reference, 3, number, texts[number], registered=1)
        assert got.status == 0
        ids.append(got.message_id)
        if number != order[-1]:
            assert float(server.balance(customer)) == before and client.state_of(got.message_id) == 1
    assert len(set(ids)) == 3
    ((text, segments, _),) = messages(server, *ids)
    assert (text, segments) == ("one two three", 3)
    assert float(server.balance(customer)) == before - 3 * price
    for message_id in ids:
        assert client.receipt_of(message_id).field("stat") == "DELIVRD"
        assert client.state_of(message_id) == 2
    assert client.cancel(ids[0]).status == 0x11


def test_a_part_that_comes_twice_gets_its_first_id(server, client, customer):
    reference = next(REFERENCES)
    first = submit_part(client, "narrow", reference, 2, 1, b"a")
    assert submit_part(client, "narrow", reference, 2, 1, b"a").message_id == first.message_id
    second = submit_part(client, "narrow", reference, 2, 2, b"b")
    before = server.balance(customer)
    assert submit_part(client, "narrow", reference, 2, 2, b"b").message_id == second.message_id
    assert server.balance(customer) == before
    assert len(messages(server, first.message_id, second.message_id)) == 1


def test_a_part_that_comes_twice_gets_its_first_id_whatever_would_refuse_it_now(server):
    """The wallet is empty, for it paid for the message; and the phone wants nothing more."""
    customer = server.customer("70")
    with server.bound(server.key(customer)) as client:
        ids = [submit_part(client, "narrow", 1, 2, number, b"a", registered=1).message_id for number in (1, 2)]
        assert server.balance(customer).startswith("0")
        server.command("opt-out", "add", "--account", str(customer["account_id"]), "+" + PHONE)
        for number in (2, 1):
            again = submit_part(client, "narrow", 1, 2, number, b"a", registered=1)
            assert (again.status, again.message_id) == (0, ids[number - 1])
        assert submit_part(client, "narrow", 1, 2, 1, b"another").status in (0x400, 0x401)


def test_another_text_with_a_reference_that_waits_is_another_message(server, client):
    """What was left of the one before never becomes whole, and mixes with nothing."""
    reference = next(REFERENCES)
    left = [submit_part(client, "narrow", reference, 3, number, b"old", registered=1).message_id for number in (1, 2)]
    assert submit_part(client, "narrow", reference, 3, 1, b"old", registered=1).message_id == left[0]
    ids = [submit_part(client, "narrow", reference, 3, number, b"new%d " % number).message_id for number in (1, 2, 3)]
    assert len({*left, *ids}) == 5
    assert [found[:2] for found in messages(server, *ids)] == [("new1 new2 new3 ", 3)] and messages(server, *left) == []
    for message_id in left:
        receipt = client.receipt_of(message_id)
        assert (receipt.field("stat"), receipt.field("err")) == ("UNDELIV", "408")
    assert submit_part(client, "narrow", reference, 3, 3, b"new3 ").message_id == ids[2]


def test_a_header_of_ports_beside_parameters_of_parts(server, client):
    reference, ports = next(REFERENCES), bytes((6, 5, 4, 0x0B, 0x84, 0x23, 0xF0))
    ids = [
        client.submit(PHONE, ports + text, esm_class=0x40, tlvs=sar(reference, 2, number)).message_id
        for number, text in ((1, b"one "), (2, b"two"))
    ]
    assert [found[:2] for found in messages(server, *ids)] == [("one two", 2)]


@pytest.mark.parametrize(("data_coding", "most"), [(0, 160), (1, 160), (3, 160), (8, 140)])
@pytest.mark.parametrize("as_payload", [False, True])
def test_a_part_is_no_longer_than_the_segment_that_is_billed(client, data_coding, most, as_payload):
    def submit(length: int):
        reference, text = next(REFERENCES), b"\0a" * (length // 2)
        if as_payload:
            parts = tlv(0x0424, text) + sar(reference, 2, 1)
            return client.submit(PHONE, b"", tlvs=parts, data_coding=data_coding)
        return submit_part(client, "sar", reference, 2, 1, text, data_coding=data_coding)

    assert (submit(most).status, submit(most + 2).status) == (0, 0x01)


def test_a_sign_may_be_split_over_two_parts(server, client):
    reference, text = next(REFERENCES), "😀".encode("utf-16-be")
    ids = [
        submit_part(client, "narrow", reference, 2, number, part, data_coding=8).message_id
        for number, part in ((1, text[:2]), (2, text[2:]))
    ]
    assert messages(server, *ids)[0][0] == "😀"


def test_parts_are_told_apart_by_whose_they_are(server, client):
    reference = next(REFERENCES)
    here = submit_part(client, "narrow", reference, 2, 1, b"a")
    there = submit_part(client, "narrow", reference, 2, 2, b"b", to="256772345678")
    assert client.state_of(here.message_id) == client.state_of(there.message_id) == 1
    assert messages(server, here.message_id, there.message_id) == []


def test_parts_that_could_not_all_be_paid_are_refused_with_the_first(server):
    price = 35
    poor = server.customer(str(2 * price))
    with server.bound(server.key(poor)) as client:
        assert submit_part(client, "narrow", 1, 3, 1, b"a").status == 0x400
        assert submit_part(client, "narrow", 2, 2, 1, b"a").status == 0


def test_another_text_with_a_reference_that_waits_is_a_first_part_too(server):
    poor = server.customer("105")
    with server.bound(server.key(poor)) as client:
        assert [submit_part(client, "narrow", 1, 3, number, b"old").status for number in (1, 2)] == [0, 0]
        server.command("wallet", "debit", poor["wallet_id"], "35")
        assert submit_part(client, "narrow", 1, 3, 2, b"new").status == 0x400


def test_parts_that_can_not_be_paid_in_the_end_cost_nothing(server):
    poor = server.customer("1000")
    with server.bound(server.key(poor)) as client:
        first = submit_part(client, "narrow", 1, 2, 1, b"a", registered=1)
        assert first.status == 0
        server.command("wallet", "debit", poor["wallet_id"], "1000")
        assert submit_part(client, "narrow", 1, 2, 2, b"b", registered=1).status == 0x400
        receipt = client.receipt_of(first.message_id)
        assert (receipt.field("stat"), receipt.field("err")) == ("UNDELIV", "400")
        assert client.state_of(first.message_id) == 5
    assert server.balance(poor).startswith("0")
    assert server.command("audit")["ok"]


def test_parts_that_wait_are_taken_back(client):
    first = submit_part(client, "narrow", next(REFERENCES), 3, 1, b"a", registered=1)
    second_reference = submit_part(client, "sar", next(REFERENCES), 3, 1, b"a", registered=1)
    assert client.cancel(first.message_id).status == 0
    assert client.receipt_of(first.message_id).field("stat") == "DELETED"
    assert client.state_of(first.message_id) == 4 and client.state_of(second_reference.message_id) == 1


def test_more_parts_than_a_message_may_have(client):
    assert submit_part(client, "narrow", next(REFERENCES), 11, 1, b"a").status == 0x01
    assert client.submit(PHONE, header(1, 2, 1), esm_class=0x40).status == 0x01, "there is nothing behind the header"


def test_what_is_not_whole_after_five_minutes(new_instance):
    """Judged by the clock of the database's rows: the part is made old."""
    from .conftest import SmppServer

    with SmppServer(new_instance()) as server:
        customer = server.customer("1000")
        with server.bound(server.key(customer)) as client:
            first = submit_part(client, "narrow", 1, 2, 1, b"a", registered=1)
            server.change("UPDATE smpp_submissions SET created_at = created_at - 301000")
            receipt = client.receipt_of(first.message_id)
            assert (receipt.field("stat"), receipt.field("err")) == ("UNDELIV", "408")
        assert server.balance(customer).startswith("1000")
