"""The requests that a client of an SMSC makes, read; and what the SMSC answers and delivers, written (SMPP 3.4)."""

from __future__ import annotations

from typing import NamedTuple

from .pdu import (
    ALPHANUMERIC,
    HEADER,
    INTERNATIONAL,
    ISDN,
    MESSAGE_PAYLOAD,
    NETWORK_SPECIFIC,
    SHORT_CODE,
    TLV,
    UNKNOWN_NPI,
    VERSION,
    Malformed,
    read_tlvs,
)

QUERY_SM, REPLACE_SM, CANCEL_SM, BIND, OUTBIND = 0x03, 0x07, 0x08, (0x01, 0x02, 0x09), 0x0B
SUBMIT_MULTI = 0x21
SC_INTERFACE_VERSION, USER_MESSAGE_REFERENCE, DEST_ADDR_SUBUNIT = 0x0210, 0x0204, 0x0005
LONGEST_ADDRESS = 20
LONGEST_REQUEST = 64 * 1024
"""Bytes of a PDU that a server takes."""
SHORT_MESSAGE = 254
"""The most bytes of a short_message; longer ones go as message_payload."""


class Address(NamedTuple):
    """As it stands in a PDU; ``text`` in Latin-1, so that it goes back byte for byte."""

    ton: int
    npi: int
    text: str

    @property
    def raw(self) -> bytes:
        return bytes((self.ton, self.npi)) + self.text.encode("latin-1") + b"\0"


class Bind(NamedTuple):
    system_id: str
    password: str
    interface_version: int


class Submit(NamedTuple):
    """A submit_sm as it came. ``content`` is short_message, ``tlvs`` by tag hold message_payload where that was sent."""

    service_type: str
    source: Address
    destination: Address
    esm_class: int
    schedule: str
    validity: str
    registered: int
    replaces: int
    data_coding: int
    default_message: int
    content: bytes
    tlvs: dict[int, bytes]

    @property
    def payload(self) -> bytes:
        return self.tlvs.get(MESSAGE_PAYLOAD, b"")


class Asked(NamedTuple):
    """Of a query_sm or a cancel_sm: the message that is meant."""

    message_id: str


class Fields:
    """Reads a body from its beginning; Malformed where it ends too soon."""

    def __init__(self, body: bytes):
        self.body, self.at = body, 0

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        found = self.body[self.at : self.at + count]
        if len(found) < count:
            raise Malformed("a body that is cut short")
        self.at += count
        return found

    def text(self) -> str:
        """Up to the next NUL."""
        end = self.body.find(b"\0", self.at)
        if end < 0:
            raise Malformed("a text without its NUL")
        found = self.body[self.at : end]
        self.at = end + 1
        return found.decode("latin-1")

    def address(self) -> Address:
        return Address(self.byte(), self.byte(), self.text())

    def rest(self) -> dict[int, bytes]:
        """The optional parameters; Malformed when one is cut short."""
        found, end = read_tlvs(self.body, self.at)
        if end != len(self.body):
            raise Malformed("a parameter that is cut short")
        return found


def read_bind(body: bytes) -> Bind:
    fields = Fields(body)
    system_id, password, _system_type = fields.text(), fields.text(), fields.text()
    version = fields.byte()
    fields.take(2)
    fields.text()
    return Bind(system_id, password, version)


def read_submit(body: bytes) -> Submit:
    fields = Fields(body)
    service_type, source, destination = fields.text(), fields.address(), fields.address()
    esm_class, _protocol, _priority = fields.take(3)
    schedule, validity = fields.text(), fields.text()
    registered, replaces, data_coding, default_message, length = fields.take(5)
    content = fields.take(length)
    return Submit(
        service_type,
        source,
        destination,
        esm_class,
        schedule,
        validity,
        registered,
        replaces,
        data_coding,
        default_message,
        content,
        fields.rest(),
    )


def read_query(body: bytes) -> Asked:
    fields = Fields(body)
    message_id = fields.text()
    fields.address()
    return Asked(message_id)


def read_cancel(body: bytes) -> Asked:
    fields = Fields(body)
    fields.text()
    message_id = fields.text()
    fields.address()
    fields.address()
    return Asked(message_id)


def bound_body(system_id: str, *, with_version: bool) -> bytes:
    """Of the answer to a bind; ``with_version``: the client knows parameters."""
    return system_id.encode("ascii") + b"\0" + (tlv(SC_INTERFACE_VERSION, bytes((VERSION,))) if with_version else b"")


def submitted_body(message_id: str) -> bytes:
    return message_id.encode("ascii") + b"\0"


def queried_body(message_id: str, final_date: str, state: int, error: int) -> bytes:
    """``final_date`` empty while there is none."""
    return message_id.encode("latin-1") + b"\0" + final_date.encode("ascii") + b"\0" + bytes((state, min(error, 255)))


def deliver_body(source: bytes, destination: bytes, esm_class: int, data_coding: int, content: bytes) -> bytes:
    """A deliver_sm without its parameters; the addresses as `Address.raw` has them."""
    head = b"\0" + source + destination + bytes((esm_class, 0, 0, 0, 0, 0, 0, data_coding, 0, len(content)))
    return head + content


def tlv(tag: int, value: bytes) -> bytes:
    return TLV.pack(tag, len(value)) + value


def phone_address(digits: str) -> Address:
    """A phone or a number that was written to: international, or a short code; or the name that somebody writes as."""
    text = digits.removeprefix("+")
    if text and not (text.isascii() and text.isdigit()):
        return Address(ALPHANUMERIC, UNKNOWN_NPI, text.encode("ascii", "replace").decode()[:LONGEST_ADDRESS])
    if len(text) <= SHORT_CODE and not digits.startswith("+"):
        return Address(NETWORK_SPECIFIC, UNKNOWN_NPI, text)
    return Address(INTERNATIONAL, ISDN, text)


def length_of(data: bytes) -> int | None:
    """Of the PDU that begins here; None before its header is there."""
    return HEADER.unpack_from(data)[0] if len(data) >= HEADER.size else None
