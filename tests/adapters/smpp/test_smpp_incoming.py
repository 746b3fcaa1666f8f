"""What somebody wrote, by SMPP: its text in every coding, and which part of a long one it is."""

from __future__ import annotations

import pytest

from wesend.adapters.sms.base import Part
from wesend.adapters.sms.smpp.incoming import read_incoming
from wesend.adapters.sms.smpp.pdu import SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS, Delivery

UDH = 0x40


def read(content: bytes, *, esm_class: int = 0, coding: int = 0, tlvs: dict[int, bytes] | None = None):
    return read_incoming(Delivery("256772000001", "32811", esm_class, coding, content, tlvs or {}), b"body")


@pytest.mark.parametrize(
    ("content", "coding", "text"),
    [
        (b"STOP", 0, "STOP"),
        (b"STOP", 1, "STOP"),
        (b"caf\xe9", 3, "café"),
        ("Habari 😀".encode("utf-16-be"), 8, "Habari 😀"),
        (b"", 0, ""),
    ],
)
def test_texts(content, coding, text):
    told = read(content, coding=coding)
    assert (told.sender, told.to, told.text, told.part) == ("256772000001", "32811", text, None)
    assert told.digest and told.id is None and told.date is None


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (b"\5\0\3\7\2\1", Part("udh:07", 1, 2)),
        (b"\6\x08\4\1\2\3\2", Part("udh:0102", 2, 3)),
        (b"\x08\x24\1\0\0\3\7\2\2", Part("udh:07", 2, 2)),
        (b"\5\0\3\7\1\1", None),
        (b"\5\0\3\7\2\3", None),
        (b"\2\x24\0", None),
    ],
)
def test_parts_by_their_header(header, part):
    header = bytes((len(header) - 1,)) + header[1:]
    told = read(header + b"half", esm_class=UDH)
    assert (told.part, told.text) == (part, "half")


def test_parts_by_parameters():
    tlvs = {SAR_MSG_REF_NUM: b"\0\7", SAR_TOTAL_SEGMENTS: b"\3", SAR_SEGMENT_SEQNUM: b"\2"}
    assert read(b"middle", tlvs=tlvs).part == Part("sar:7", 2, 3)
    assert read(b"whole", tlvs={SAR_MSG_REF_NUM: b"\0\7"}).part is None


@pytest.mark.parametrize("content", [b"\xff", b"\5\0", b"\0", b"\3\0\3\7"])
def test_a_header_that_is_cut_short_is_no_part(content):
    assert read(content, esm_class=UDH).part is None
