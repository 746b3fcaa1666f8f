"""An SMPP client of the tests' own, which can say anything, wrong things too: its bytes are put together here."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from typing import NamedTuple

from .connections import kept

PATIENCE = 15.0
RESPONSE = 0x80000000
GENERIC_NACK = RESPONSE
RECEIVER, TRANSMITTER, QUERY, SUBMIT, DELIVER, UNBIND, REPLACE, CANCEL, TRANSCEIVER, ENQUIRE = 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x15


class Got(NamedTuple):
    command: int
    status: int
    sequence: int
    body: bytes

    @property
    def message_id(self) -> str:
        return self.body.partition(b"\0")[0].decode()


class Delivery(NamedTuple):
    sequence: int
    source: tuple[int, int, str]
    destination: tuple[int, int, str]
    esm_class: int
    data_coding: int
    content: bytes
    tlvs: dict[int, bytes]

    @property
    def text(self) -> str:
        return self.content.decode("latin-1")

    def field(self, name: str) -> str:
        return self.text.partition(f"{name}:")[2].split(" ")[0]


def cstring(text: str) -> bytes:
    return text.encode("latin-1") + b"\0"


def tlv(tag: int, value: bytes) -> bytes:
    return struct.pack(">HH", tag, len(value)) + value


def submit_body(
    to: str,
    text: bytes = b"Hello",
    *,
    source: str = "",
    source_ton: int = 0,
    source_npi: int = 0,
    ton: int = 1,
    npi: int = 1,
    esm_class: int = 0,
    schedule: str = "",
    validity: str = "",
    registered: int = 0,
    replaces: int = 0,
    data_coding: int = 0,
    default_message: int = 0,
    tlvs: bytes = b"",
    length: int | None = None,
) -> bytes:
    return b"".join(
        (
            cstring(""),
            bytes((source_ton, source_npi)),
            cstring(source),
            bytes((ton, npi)),
            cstring(to),
            bytes((esm_class, 0, 0)),
            cstring(schedule),
            cstring(validity),
            bytes((registered, replaces, data_coding, default_message, len(text) if length is None else length)),
            text,
            tlvs,
        )
    )


class Client:
    """``with Client(port) as client``; ``deliveries`` are answered with the status ``answers`` (None: not at all).

    An enquire_link that comes while it waits for something else is answered.
    """

    def __init__(self, port: int, *, tls: ssl.SSLContext | None = None):
        self.socket = kept(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
        if tls is not None:
            self.socket = kept(tls.wrap_socket(self.socket, server_hostname="127.0.0.1"))
        self.rest = b""
        self.sequence = 0
        self.waiting: list[Got] = []
        self.deliveries: list[Delivery] = []
        self.answers: int | None = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    # -- any bytes --------------------------------------------------------

    def send(self, command: int, body: bytes = b"", *, status: int = 0, sequence: int | None = None) -> int:
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        self.socket.sendall(struct.pack(">IIII", 16 + len(body), command, status, sequence) + body)
        return sequence

    def read(self, seconds: float = PATIENCE) -> Got:
        """The next PDU; ConnectionError at the end, TimeoutError without one."""
        end = time.monotonic() + seconds
        while True:
            if len(self.rest) >= 16:
                (length,) = struct.unpack_from(">I", self.rest)
                if len(self.rest) >= length:
                    found, self.rest = self.rest[:length], self.rest[length:]
                    _, command, status, sequence = struct.unpack_from(">IIII", found)
                    return Got(command, status, sequence, found[16:])
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("closed")
            self.rest += data

    def answer_of(self, sequence: int, seconds: float = PATIENCE) -> Got:
        """The answer to a request, whatever else comes first."""
        end = time.monotonic() + seconds
        while True:
            for got in self.waiting:
                if got.sequence == sequence and got.command & RESPONSE:
                    self.waiting.remove(got)
                    return got
            self.waiting.append(self._taken(self.read(end - time.monotonic())))

    def _taken(self, got: Got) -> Got:
        if got.command == ENQUIRE:
            self.send(ENQUIRE | RESPONSE, sequence=got.sequence)
        if got.command == DELIVER:
            self.deliveries.append(read_delivery(got))
            if self.answers is not None:
                self.send(DELIVER | RESPONSE, b"\0" if self.answers == 0 else b"", status=self.answers, sequence=got.sequence)
        return got

    def call(self, command: int, body: bytes = b"", seconds: float = PATIENCE) -> Got:
        return self.answer_of(self.send(command, body), seconds)

    def is_closed(self, seconds: float = PATIENCE) -> bool:
        """Whether the server closes; what comes before that is read."""
        end = time.monotonic() + seconds
        try:
            while True:
                self.waiting.append(self._taken(self.read(end - time.monotonic())))
        except TimeoutError:
            return False
        except OSError:
            return True

    # -- the protocol -----------------------------------------------------

    def try_bind(self, system_id: str, password: str, mode: int = TRANSCEIVER, version: int = 0x34) -> Got:
        return self.call(mode, cstring(system_id) + cstring(password) + cstring("any") + bytes((version, 0, 0)) + b"\0")

    def bind(self, key: dict, mode: int = TRANSCEIVER, version: int = 0x34) -> Client:
        got = self.try_bind(key["system_id"], key["password"], mode, version)
        assert got.status == 0, hex(got.status)
        return self

    def submit(self, to: str, text: bytes = b"Hello", **fields) -> Got:
        return self.call(SUBMIT, submit_body(to, text, **fields))

    def query(self, message_id: str) -> Got:
        return self.call(QUERY, cstring(message_id) + b"\0\0\0")

    def state_of(self, message_id: str) -> int:
        return self.query(message_id).body[-2]

    def cancel(self, message_id: str) -> Got:
        return self.call(CANCEL, b"\0" + cstring(message_id) + b"\0\0\0" + b"\0\0\0")

    def wait_for(self, count: int, seconds: float = PATIENCE) -> list[Delivery]:
        """Until so many deliver_sm have come."""
        end = time.monotonic() + seconds
        while len(self.deliveries) < count:
            self.waiting.append(self._taken(self.read(end - time.monotonic())))
        return self.deliveries

    def receipt_of(self, message_id: str, seconds: float = PATIENCE) -> Delivery:
        end = time.monotonic() + seconds
        while True:
            for one in self.deliveries:
                if one.esm_class == 4 and one.field("id") == message_id:
                    return one
            self.wait_for(len(self.deliveries) + 1, end - time.monotonic())


def read_delivery(got: Got) -> Delivery:
    body, at = got.body, 0

    def text() -> str:
        nonlocal at
        end = body.index(b"\0", at)
        found, at = body[at:end].decode("latin-1"), end + 1
        return found

    def byte() -> int:
        nonlocal at
        at += 1
        return body[at - 1]

    text()
    source = (byte(), byte(), text())
    destination = (byte(), byte(), text())
    esm_class = byte()
    byte(), byte(), text(), text(), byte(), byte()
    data_coding = byte()
    byte()
    length = byte()
    content = body[at : at + length]
    at += length
    tlvs = {}
    while at < len(body):
        tag, size = struct.unpack_from(">HH", body, at)
        tlvs[tag] = body[at + 4 : at + 4 + size]
        at += 4 + size
    return Delivery(got.sequence, source, destination, esm_class, data_coding, content, tlvs)
