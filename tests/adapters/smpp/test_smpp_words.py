"""The pure parts: bytes, texts, ids, receipts, options; read and checked by others' codecs where there are any."""

from __future__ import annotations

import gsmcodecs  # noqa: F401 - registers the codec
import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from wesend.adapters.sms.base import Receipt
from wesend.adapters.sms.smpp import ids, pdu, settings, statuses
from wesend.adapters.sms.smpp.adapter import SmppGateway
from wesend.adapters.sms.smpp.outcomes import outcome_of
from wesend.adapters.sms.smpp.receipt import is_receipt, read_receipt
from wesend.adapters.sms.smpp.texts import parts_of
from wesend.adapters.sms.smpp.window import LAST_SEQUENCE, NO_ANSWER, NOT_WRITTEN, Answer, Call, Window
from wesend.core.segments import BASIC_CODES, EXTENSION, count, decode_gsm7, encode_gsm7

GSM_TEXT = st.text(alphabet=[*BASIC_CODES, *EXTENSION], max_size=700)
DELIVERED, FAILED, SENT = Receipt("delivered", "DELIVRD"), Receipt("failed", "UNDELIV"), Receipt("sent", "ENROUTE")


@given(GSM_TEXT)
def test_gsm7_is_written_and_read_as_an_independent_codec_does(text):
    encoded = encode_gsm7(text)

    assert encoded == text.encode("gsm23.038")
    assert decode_gsm7(encoded) == text


@given(st.one_of(GSM_TEXT, st.text(max_size=300)), st.integers(0, 1000))
def test_the_parts_of_a_text_fit_and_make_it_up_again(text, reference):
    parts = parts_of(text, reference)

    assert len(parts) == count(text).count
    headers = [part.content[:6] if part.has_udh else b"" for part in parts]
    if len(parts) > 1:
        assert headers == [bytes((5, 0, 3, reference % 256, len(parts), number)) for number in range(1, len(parts) + 1)]
    bodies = [part.content[len(header) :] for part, header in zip(parts, headers, strict=True)]
    codec = "utf-16-be" if parts[0].data_coding == 8 else "gsm23.038"
    assert "".join(body.decode(codec) for body in bodies) == text
    most = 140 if parts[0].data_coding == 8 else 159 if len(parts) > 1 else 160  # 6 of UDH and 153 septets
    assert all(len(part.content) <= most for part in parts)


def test_another_codec_reads_our_submit_sm():
    part, _ = parts_of("x" * 200, 7)

    read = smpp34.decode(pdu.pack(pdu.SUBMIT_SM, 99, pdu.submit_body("WESEND", "+256772000001", part)))

    assert isinstance(read, smpp34.SubmitSm)
    assert (read.sequence_number, read.source_addr, read.source_addr_ton, read.source_addr_npi) == (99, "WESEND", 5, 0)
    assert (read.destination_addr, read.dest_addr_ton, read.dest_addr_npi) == ("256772000001", 1, 1)
    assert (read.esm_class, read.data_coding, read.registered_delivery) == (0x40, 0, 1)
    assert read.short_message == part.content


def test_we_read_another_codecs_deliver_sm():
    wire = smpp34.DeliverSm(
        "256772000001",
        "WESEND",
        b"id:5",
        esm_class=4,
        data_coding=3,
        service_type="X",
        schedule_delivery_time="",
        sequence_number=3,
        tlvs=[smpp34.Tlv(0x1E, b"AB\0"), smpp34.Tlv(0x1400, b"vendor")],
    ).encode()

    (request,) = pdu.Splitter().feed(wire)
    read = pdu.read_delivery(request)

    assert request.sequence == 3
    assert read == pdu.Delivery("256772000001", "WESEND", 4, 3, b"id:5", {0x1E: b"AB\0", 0x1400: b"vendor"})


def test_a_receipt_may_come_as_data_sm():
    body = b"\0\1\1" + b"256772000001\0\1\1WESEND\0" + bytes((4, 0, 0)) + b"\0\x1e\0\3AB\0" + b"\x04\x27\0\1\2"

    receipt = read_receipt(pdu.read_delivery(pdu.Pdu(pdu.DATA_SM, 0, 1, body)))

    assert (receipt.gateway_ref, receipt.to, receipt.receipt.status) == ("ab", "+256772000001", "delivered")


@given(st.lists(st.integers(1, 40), max_size=12))
def test_pdus_are_found_wherever_the_stream_is_cut(lengths):
    sent = [pdu.Pdu(pdu.SUBMIT_SM, 0, number, b"x" * length) for number, length in enumerate(lengths)]
    stream = b"".join(pdu.pack(item.command, item.sequence, item.body) for item in sent)
    for step in (1, 3, 17, 1000):
        splitter = pdu.Splitter()
        found = [item for at in range(0, len(stream), step) for item in splitter.feed(stream[at : at + step])]
        assert found == sent


@pytest.mark.parametrize("wire", [b"HTTP/1.1 400 Bad Request\r\n", b"\0\0\0\4" + b"\0" * 12, b"\x7f" + b"\0" * 15])
def test_what_is_no_smpp_is_noticed(wire):
    with pytest.raises(pdu.Malformed):
        pdu.Splitter().feed(wire)


@given(st.binary(max_size=80))
def test_a_deliver_sm_of_any_bytes_is_read_or_refused(body):
    for command in (pdu.DELIVER_SM, pdu.DATA_SM):
        try:
            read = pdu.read_delivery(pdu.Pdu(command, 0, 1, body))
        except pdu.Malformed:
            continue
        if is_receipt(read):
            read_receipt(read)


@pytest.mark.parametrize(
    ("stored", "received"),
    [
        ("m42", "m42"),
        ("M42", "m42"),
        ("0005", "5"),
        ("5", "0005"),
        ("5A3F", "23103"),
        ("23103", "5a3f"),
        ("0005A3F", "23103"),
        ("23103", "0005A3F"),
        ("B0A1-77", "b0a1-77"),
        ("0", "00"),
    ],
)
def test_an_id_is_found_however_the_receipt_spells_it(stored, received):
    assert ids.canonical(stored) in ids.alternatives(received)


def test_the_id_as_it_is_comes_before_its_other_readings():
    assert ids.alternatives("0016") == ("16", "10", "22")
    assert ids.alternatives("beef") == ("beef", "48879")
    assert ids.alternatives("id-7") == ("id-7",)


def test_an_absurd_id_is_no_error():
    assert ids.alternatives("9" * 10_000)
    assert ids.canonical("a,b!c?d") == "a.b.c.d"


@pytest.mark.parametrize(
    ("gateway_ref", "receipts", "expected"),
    [
        ("a", {}, None),
        ("a", {"x": DELIVERED}, None),
        ("a", {"a": DELIVERED}, DELIVERED),
        ("a", {"000A": DELIVERED}, DELIVERED),
        ("1,2,3", {"1": DELIVERED, "2": DELIVERED}, Receipt("sent")),
        ("1,2,3", {"3": DELIVERED, "1": DELIVERED, "2": DELIVERED}, DELIVERED),
        ("1,2,3", {"2": FAILED}, FAILED),
        ("1,2,3", {"1": DELIVERED, "2": FAILED, "3": DELIVERED}, FAILED),
        ("1,2", {"1": DELIVERED, "2": SENT}, Receipt("sent")),
        ("1,2", {"1": SENT}, Receipt("sent")),
        ("1,!", {}, ids.PARTLY_REFUSED),
        ("1,!", {"1": DELIVERED}, ids.PARTLY_REFUSED),
        ("1,!", {"1": FAILED}, FAILED),
        ("1,?", {"1": DELIVERED}, Receipt("sent")),
        ("1,?", {"1": FAILED}, FAILED),
        ("5a3f,5a40", {"23103": DELIVERED, "23104": DELIVERED}, DELIVERED),
        ("10,16", {"16": FAILED}, FAILED),
        ("10,16", {"10": DELIVERED, "16": DELIVERED}, DELIVERED),
    ],
)
def test_a_long_message_is_delivered_when_all_its_parts_are_and_failed_when_one_is(gateway_ref, receipts, expected):
    assert ids.whole(gateway_ref, receipts) == expected


def text_receipt(content: bytes, esm_class: int = 4) -> pdu.Delivery:
    return pdu.Delivery("256772000001", "WESEND", esm_class, 0, content, {})


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("DELIVRD", "delivered"),
        ("delivrd", "delivered"),
        ("EXPIRED", "failed"),
        ("DELETED", "failed"),
        ("UNDELIV", "failed"),
        ("REJECTD", "failed"),
        ("ACCEPTD", "sent"),
        ("ENROUTE", "sent"),
        ("UNKNOWN", "sent"),
        ("BUFFERED", "sent"),
    ],
)
def test_every_word_of_a_receipt_has_its_meaning(word, status):
    receipt = read_receipt(text_receipt(b"id:5 sub:001 stat:" + word.encode() + b" err:000"))

    assert (receipt.receipt.status, receipt.receipt.code) == (status, word.upper())


def test_the_text_that_was_sent_is_not_read_as_part_of_the_receipt():
    receipt = read_receipt(text_receipt(b"id:5 stat:UNDELIV err:011 Text:id:6 stat:DELIVRD err:000"))

    assert receipt.gateway_ref == "5"
    assert receipt.receipt == Receipt("failed", "UNDELIV", "UNDELIV, error 011")


def test_one_failed_attempt_of_the_smsc_is_not_the_end():
    assert read_receipt(text_receipt(b"id:5 stat:UNDELIV err:011", esm_class=0x20)).receipt.status == "sent"


def test_a_receipt_without_an_id_is_nobodys():
    assert read_receipt(text_receipt(b"stat:DELIVRD")) is None


ACCEPTED_PART, THROTTLED, REFUSED = Answer(True, 0, "1"), Answer(True, 0x58), Answer(True, 0x0B)


@pytest.mark.parametrize(
    ("answers", "kind", "gateway_ref"),
    [
        ([ACCEPTED_PART], "accepted", "1"),
        ([Answer(True, 0)], "accepted", None),
        ([THROTTLED], "temporary", None),
        ([REFUSED], "refused", None),
        ([NO_ANSWER], "unknown", None),
        ([NOT_WRITTEN], "temporary", None),
        ([THROTTLED, REFUSED], "refused", None),
        ([THROTTLED, NOT_WRITTEN], "temporary", None),
        ([REFUSED, NO_ANSWER], "unknown", None),
        ([ACCEPTED_PART, NO_ANSWER], "unknown", "1,?"),
        ([ACCEPTED_PART, NOT_WRITTEN], "accepted", "1,!"),
        ([REFUSED, ACCEPTED_PART], "accepted", "!,1"),
        ([Answer(True, 0), ACCEPTED_PART], "accepted", "?,1"),
        ([Answer(True, 0x04)], "temporary", None),
        ([Answer(True, 0x45)], "temporary", None),
        ([Answer(True, 0x08)], "refused", None),
    ],
)
def test_the_outcome_of_a_message_follows_from_its_parts(answers, kind, gateway_ref):
    outcome = outcome_of(answers, "")

    assert (outcome.kind, outcome.gateway_ref) == (kind, gateway_ref)


def test_a_status_has_the_specifications_name_or_its_number():
    assert statuses.name(0x58) == "ESME_RTHROTTLED"
    assert statuses.name(0x450) == "0x00000450"


def test_sequence_numbers_begin_again_after_the_last():
    window = Window(4)
    window._sequence = LAST_SEQUENCE - 1

    assert window.take(Call(3), 0, 3, 0.0) == [LAST_SEQUENCE, 1, 2]


GIVEN = {"host": "localhost", "system_id": "me"}


def test_options_have_defaults():
    read = settings.read(SmppGateway, GIVEN, {"password": "secret"})

    assert (read["port"], read["bind"], read["window"], read["tps"]) == (2775, "transceiver", 10, None)
    assert (read["tls"], read["payload"]) == (False, False)


@pytest.mark.parametrize(
    ("options", "secrets"),
    [
        ({}, {"password": "x"}),
        (GIVEN, {}),
        ({**GIVEN, "bind": "sideways"}, {"password": "x"}),
        ({**GIVEN, "window": "0"}, {"password": "x"}),
        ({**GIVEN, "port": "http"}, {"password": "x"}),
        ({**GIVEN, "colour": "red"}, {"password": "x"}),
    ],
)
def test_wrong_options_are_an_error_when_the_gateway_is_made(options, secrets):
    with pytest.raises(ValueError):
        SmppGateway("smpp", options, secrets, timeout=10)


@pytest.mark.parametrize(
    ("options", "parallel", "batch"),
    [
        ({}, 16, 1),
        ({"window": "50"}, 16, 6),
        ({"window": "50", "parallel": "2"}, 2, 50),
        ({"window": "1"}, 2, 1),
        ({"tps": "0.1"}, 1, 1),
        ({"tps": "2", "window": "50"}, 10, 1),
        ({"tps": "100", "window": "500", "parallel": "4"}, 4, 125),
    ],
)
def test_two_windows_of_messages_are_taken_on_at_once_or_what_the_pace_lets_begin_in_time(options, parallel, batch):
    gateway = SmppGateway("smpp", {**GIVEN, **options}, {"password": "x"}, timeout=10)

    assert (gateway.parallel, gateway.batch) == (parallel, batch)
