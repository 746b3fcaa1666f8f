"""Whether a whole request has arrived: read off the bytes, ahead of the server's own parser, which judges them."""

from __future__ import annotations

import re
from enum import Enum

LARGEST = 64 * 1024
"""Bytes of a request up to which it is gathered in memory before a thread takes it."""
REQUEST_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ \S+ HTTP/1\.[01]\r\n")
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*\r\n")
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n")
CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")


class State(Enum):
    WHOLE = 1
    """All of it is here: a thread that serves it waits for nothing."""
    PARTIAL = 2
    """More must come first."""
    STREAM = 3
    """Too large to be gathered, not for us to judge, or its sender waits for our word: read while it is served."""


class Arrival:
    """What is known of one request that is arriving; `look` at all of its bytes so far."""

    __slots__ = ("at", "chunked", "found", "searched")

    def __init__(self) -> None:
        self.searched = 0
        self.found: State | None = None  # of a request whose head says all
        self.at = 0  # where the body ends, or the next chunk begins
        self.chunked = False

    def look(self, data: bytes | bytearray) -> State:
        if not self.at:
            end = data.find(b"\r\n\r\n", max(0, self.searched - 3))
            self.searched = len(data)
            if end < 0:
                return State.STREAM if len(data) > LARGEST or _is_no_request(data) else State.PARTIAL
            self._read_head(bytes(data[: end + 2]), end + 4)
        if self.found is not None:
            return self.found
        if self.chunked:
            return self._look_at_chunks(data)
        return State.WHOLE if len(data) >= self.at else State.PARTIAL

    def _read_head(self, head: bytes, after: int) -> None:
        low, self.at = head.lower(), after
        lengths, coded = low.count(b"\r\ncontent-length"), low.count(b"\r\ntransfer-encoding")
        if not lengths and not coded and b"\r\nexpect" not in low:
            return
        length = LENGTH.search(low)
        if length is not None and lengths == 1 and not coded and b"\r\nexpect" not in low and int(length[1]) <= LARGEST:
            self.at = after + int(length[1])
        elif coded == 1 and not lengths and CHUNKED.search(low) and b"\r\nexpect" not in low:
            self.chunked = True
        else:
            self.found = State.STREAM

    def _look_at_chunks(self, data: bytes | bytearray) -> State:
        while True:
            line_end = data.find(b"\r\n", self.at)
            if line_end < 0:
                return State.STREAM if max(len(data), self.at) > LARGEST else State.PARTIAL
            size = CHUNK.fullmatch(data, self.at, line_end + 2)
            if size is None:
                self.found = State.STREAM
                return self.found
            length = int(size[1], 16)
            if length == 0:
                # Trailers, or the empty line alone: both end in an empty line.
                ended = data.find(b"\r\n\r\n", line_end) >= 0
                return State.WHOLE if ended else State.STREAM if len(data) > LARGEST else State.PARTIAL
            self.at = line_end + 2 + length + 2


def _is_no_request(data: bytes | bytearray) -> bool:
    """Whether its first line is there and is none: the parser refuses it without the rest."""
    return data.find(b"\r\n", 0, LARGEST) >= 0 and REQUEST_LINE.match(data) is None
