"""Anything at all as bytes: the codec says Malformed or reads it; a live server goes on serving everybody."""

from __future__ import annotations

import struct

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.smpp_client import SUBMIT, submit_body
from wesend.adapters.sms.smpp import pdu, requests
from wesend.adapters.sms.smpp.parts import part_of
from wesend.adapters.sms.smpp.pdu import Malformed, Splitter

PHONE = "256712345678"
TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=20)
BYTE = st.integers(0, 255)
ADDRESS = st.builds(requests.Address, BYTE, BYTE, TEXT)
TLVS = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=30), max_size=4)


@given(st.lists(st.tuples(BYTE, st.integers(0, 0x7FFFFFFF), st.binary(max_size=60)), max_size=6), st.data())
def test_a_stream_is_cut_into_its_pdus_however_it_comes(wanted, data):
    stream = b"".join(pdu.pack(command, sequence, body) for command, sequence, body in wanted)
    splitter, found = Splitter(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += splitter.feed(stream[:cut])
        stream = stream[cut:]
    assert [(got.command, got.sequence, got.body) for got in found] == wanted


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(body):
    for read in (requests.read_bind, requests.read_submit, requests.read_query, requests.read_cancel):
        try:
            read(body)
        except Malformed:
            pass
    part_of(body, {}, has_udh=True)


@given(ADDRESS, ADDRESS, st.binary(max_size=254), BYTE, TLVS)
def test_a_submit_sm_is_read_as_it_was_written(source, destination, content, data_coding, tlvs):
    body = b"\0" + source.raw + destination.raw + b"\x40\0\0\0\0\1\0" + bytes((data_coding, 0, len(content))) + content
    body += b"".join(requests.tlv(tag, value) for tag, value in tlvs.items())
    got = requests.read_submit(body)
    assert (got.source, got.destination, got.content, got.data_coding, got.tlvs) == (
        source,
        destination,
        content,
        data_coding,
        tlvs,
    )
    assert (got.esm_class, got.registered) == (0x40, 1)


@given(ADDRESS, ADDRESS, st.binary(max_size=254), st.sampled_from([0, 4, 0x40]))
def test_the_client_reads_what_the_server_delivers(source, destination, content, esm_class):
    """One codec for both directions."""
    body = requests.deliver_body(source.raw, destination.raw, esm_class, 8, content)
    got = pdu.read_delivery(pdu.Pdu(pdu.DELIVER_SM, 0, 1, body))
    assert (got.source, got.destination) == (source.text, destination.text)
    assert (got.esm_class, got.data_coding, got.content) == (esm_class, 8, content)


COMMANDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x15, 0x21, 0x103, 0x80000004, 0x80000005, 0x80000000]
PDUS = st.tuples(st.sampled_from(COMMANDS), st.binary(max_size=120))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PDUS, min_size=1, max_size=6), st.binary(max_size=20), st.booleans())
def test_a_live_server_bears_anything(server, key, said, rest, binds):
    with server.client() as client:
        if binds:
            client.bind(key)
        try:
            for number, (command, body) in enumerate(said, 100):
                client.socket.sendall(struct.pack(">IIII", 16 + len(body), command, 0, number) + body)
            client.socket.sendall(rest)
            client.is_closed(0.01)
        except OSError:
            pass
    with server.bound(key) as client:
        assert client.call(SUBMIT, submit_body(PHONE)).status == 0
    assert "Traceback" not in server.output()
