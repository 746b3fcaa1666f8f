"""Receipts and inbound messages: read, handed over, and acknowledged only when they are kept."""

from __future__ import annotations

import threading

import pytest

from tests.support.smsc import eventually
from tests.support.smsc_node import NodeSmsc
from wesend.adapters.sms.base import CallbackReceipt, Receipt

from .conftest import bound, message

RECEIPTED_MESSAGE_ID, MESSAGE_STATE, NETWORK_ERROR_CODE, MESSAGE_PAYLOAD = 0x1E, 0x427, 0x423, 0x424
OK, SEND_AGAIN = 0, 0x64
PHONE = "256772000001"


def receipt_text(identifier: str, word: str, error: str = "000", text: str = "Hello") -> bytes:
    return (
        f"id:{identifier} sub:001 dlvrd:001 submit date:2606101200 done date:2606101201 stat:{word} err:{error} text:{text}"
    ).encode("latin-1")


@pytest.fixture
def brought() -> list[CallbackReceipt]:
    return []


@pytest.fixture
def gateway(smsc, gateway_to, brought):
    gateway = gateway_to(smsc)
    gateway.on_receipt = brought.extend
    return bound(gateway, smsc)


def test_a_receipt_in_text_is_brought_and_acknowledged(smsc, gateway, brought):
    assert smsc.deliver(PHONE, receipt_text("0123", "DELIVRD")) == OK

    assert brought == [CallbackReceipt("123", None, "+" + PHONE, Receipt("delivered", "DELIVRD"))]


def test_a_receipt_in_parameters_needs_no_text(smsc, gateway, brought):
    assert smsc.deliver(PHONE, b"", tlvs={RECEIPTED_MESSAGE_ID: b"AB12\0", MESSAGE_STATE: b"\2"}) == OK

    assert brought == [CallbackReceipt("ab12", None, "+" + PHONE, Receipt("delivered", "DELIVRD"))]


def test_parameters_win_over_the_text(smsc, gateway, brought):
    smsc.deliver(PHONE, receipt_text("999", "DELIVRD"), tlvs={RECEIPTED_MESSAGE_ID: b"77\0", MESSAGE_STATE: b"\5"})

    assert brought == [CallbackReceipt("77", None, "+" + PHONE, Receipt("failed", "UNDELIV", "UNDELIV, error 000"))]


def test_the_text_fills_in_what_the_parameters_leave_out(smsc, gateway, brought):
    smsc.deliver(PHONE, receipt_text("999", "EXPIRED", "0B"), tlvs={RECEIPTED_MESSAGE_ID: b"77\0"})

    assert brought == [CallbackReceipt("77", None, "+" + PHONE, Receipt("failed", "EXPIRED", "EXPIRED, error 0B"))]


@pytest.mark.parametrize(
    ("content", "status", "code", "text"),
    [
        (b"id:0123 stat:DELIVRD\0", "delivered", "DELIVRD", None),
        (b"id:0123 stat:UNDELIV err:0B\0", "failed", "UNDELIV", "UNDELIV, error 0B"),
        (b"id:0123 stat:\x1b[2Jodd err:1", "sent", "[2JODD", None),
    ],
)
def test_a_receipts_words_are_read_without_what_does_not_print(smsc, gateway, brought, content, status, code, text):
    smsc.deliver(PHONE, content)

    assert brought == [CallbackReceipt("123", None, "+" + PHONE, Receipt(status, code, text))]


def test_a_receipt_that_comes_twice_or_in_the_wrong_order_is_brought_as_it_came(smsc, gateway, brought):
    for word in ("DELIVRD", "ACCEPTD", "DELIVRD"):
        assert smsc.deliver(PHONE, receipt_text("5", word)) == OK

    assert [item.receipt.status for item in brought] == ["delivered", "sent", "delivered"]


def test_a_receipt_is_not_acknowledged_when_it_could_not_be_kept_and_comes_again(smsc, gateway, brought):
    def full(_receipts):
        raise OSError("disk full")

    gateway.on_receipt = full
    assert smsc.deliver(PHONE, receipt_text("5", "DELIVRD")) == SEND_AGAIN
    gateway.on_receipt = brought.extend
    assert smsc.deliver(PHONE, receipt_text("5", "DELIVRD")) == OK

    assert len(brought) == 1


def test_a_receipt_is_not_acknowledged_where_nobody_takes_it(smsc, gateway):
    gateway.on_receipt = None

    assert smsc.deliver(PHONE, receipt_text("5", "DELIVRD")) == SEND_AGAIN


def test_receipts_that_wait_are_brought_together_and_sending_goes_on_meanwhile(node, gateway_to):
    gateway, go_on, groups = gateway_to(node), threading.Event(), []

    def keep(receipts):
        groups.append([item.gateway_ref for item in receipts])
        go_on.wait(20)

    gateway.on_receipt = keep
    bound(gateway, node)
    threads = [threading.Thread(target=node.deliver, args=(PHONE, receipt_text(f"{number}", "DELIVRD"))) for number in range(1, 6)]
    threads[0].start()
    eventually(lambda: groups, "the first receipt was not brought")
    for thread in threads[1:]:
        thread.start()

    (outcome,) = gateway.submit([message("Hello")])
    assert outcome.kind == "accepted"
    assert groups == [["1"]]
    assert node.ask_whether_alive() == OK
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert sorted(identifier for group in groups for identifier in group) == ["1", "2", "3", "4", "5"]
    assert len(groups) < 5


def test_what_somebody_writes_on_a_phone_is_never_a_receipt(smsc, gateway, brought):
    inbound = []
    gateway.on_inbound = inbound.extend

    assert smsc.deliver(PHONE, receipt_text("5", "DELIVRD"), esm_class=0) == OK

    assert brought == []
    assert (inbound[0].sender, inbound[0].to) == (PHONE, "WESEND")


@pytest.mark.parametrize(
    ("content", "coding", "esm_class", "text"),
    [
        (b"STOP", 0, 0, "STOP"),
        (b"\x1be5 \x00", 0, 0, "€5 @"),
        ("Привет😀".encode("utf-16-be"), 8, 0, "Привет😀"),
        (b"caf\xe9", 3, 0, "café"),
        (b"\5\0\3\7\2\1first half", 0, 0x40, "first half"),
    ],
)
def test_an_inbound_message_is_decoded(smsc, gateway, content, coding, esm_class, text):
    inbound = []
    gateway.on_inbound = inbound.extend

    assert smsc.deliver(PHONE, content, esm_class=esm_class, data_coding=coding) == OK

    assert [(told.sender, told.to, told.text) for told in inbound] == [(PHONE, "WESEND", text)]


def test_an_inbound_message_is_acknowledged_where_nobody_takes_it_but_not_when_it_could_not_be_kept(smsc, gateway):
    assert smsc.deliver(PHONE, b"Hello", esm_class=0) == OK

    def full(*_given):
        raise OSError("disk full")

    gateway.on_inbound = full
    assert smsc.deliver(PHONE, b"Hello", esm_class=0) == SEND_AGAIN


def test_a_transmitter_is_brought_receipts_over_a_receiver_session(node, gateway_to, brought):
    gateway = gateway_to(node, bind="transmitter")
    gateway.on_receipt = brought.extend
    bound(gateway, node)

    assert gateway.submit([message("Hello")])[0].kind == "accepted"

    assert node.bind_kinds == ["bind_receiver", "bind_transmitter"]
    assert node.arrived[0].session != node._open[0]


def test_a_receiver_sends_nothing(node, gateway_to, brought):
    gateway = gateway_to(node, bind="receiver")
    gateway.on_receipt = brought.extend
    bound(gateway, node)

    (outcome,) = gateway.submit([message("Hello")])

    assert (outcome.kind, outcome.code, node.arrived) == ("temporary", "not_connected", [])
    assert node.deliver(PHONE, receipt_text("5", "DELIVRD")) == OK
    assert len(brought) == 1


def test_receipts_are_brought_again_to_a_new_session(smsc_with, gateway_to, brought):
    smsc = smsc_with(NodeSmsc)
    gateway = gateway_to(smsc)
    gateway.on_receipt = brought.extend
    bound(gateway, smsc)
    smsc.drop()
    eventually(lambda: smsc.sessions() and len(smsc.binds) == 2, "no second session")

    assert smsc.deliver(PHONE, receipt_text("5", "DELIVRD")) == OK
