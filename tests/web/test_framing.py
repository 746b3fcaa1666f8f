"""Whether a whole request is here: never before its last byte, always at it, however it was cut up on its way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.web.connections.framing import LARGEST, Arrival, State

NAMES = st.sampled_from(("Host: a", "X-Odd: \t", "Accept: */*", "X-Content-Length-Of: 9", "Authorization: Basic \xe9"))
BODIES = st.binary(max_size=300)


@st.composite
def requests(draw) -> bytes:
    method = draw(st.sampled_from(("GET", "POST", "DELETE", "x-own")))
    headers = draw(st.lists(NAMES, max_size=4))
    body = draw(BODIES)
    if draw(st.booleans()):
        name = draw(st.sampled_from(("Transfer-Encoding: chunked", "transfer-encoding:CHUNKED ")))
        cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
        pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True) if a < b]
        extension = draw(st.sampled_from((b"", b";a=b", b" ; c")))
        framed = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces)
        headers.append(name)
        body = framed + draw(st.sampled_from((b"0\r\n\r\n", b"000\r\nX-Sum: 1\r\n\r\n")))
    elif body or draw(st.booleans()):
        headers.insert(0, draw(st.sampled_from(("Content-Length: %d", "content-length:%d", "CONTENT-LENGTH: \t%d "))) % len(body))
    return (
        f"{method} /x HTTP/1.1\r\n".encode() + b"".join(header.encode("latin-1") + b"\r\n" for header in headers) + b"\r\n" + body
    )


@given(requests(), st.lists(st.integers(1, 60), min_size=1, max_size=20), st.binary(max_size=20))
def test_it_is_whole_with_its_last_byte_and_not_before(request, sizes, more):
    arrival, here, turn = Arrival(), 0, 0
    while here < len(request):
        assert arrival.look(request[:here]) is State.PARTIAL
        here += sizes[turn % len(sizes)]
        turn += 1
    assert arrival.look(request[:here]) is State.WHOLE
    assert Arrival().look(request + more) is State.WHOLE
    assert Arrival().look(request[:-1]) is State.PARTIAL


@given(st.binary(max_size=400))
def test_anything_at_all_is_looked_at(data):
    assert Arrival().look(bytearray(data)) in State


HEAD = b"POST / HTTP/1.1\r\n%s\r\n\r\n"


@pytest.mark.parametrize(
    "header",
    (
        b"Content-Length: 5\r\nContent-Length: 5",
        b"Content-Length: +5",
        b"Content-Length: 5, 5",
        b"Content-Length: -1",
        b"Content-Length: ",
        b"Content-Length : 5",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Content-Length: %d" % (LARGEST + 1),
        b"Content-Length: 5\r\nExpect: 100-continue",
    ),
)
def test_what_is_not_plain_is_left_to_the_parser_at_once(header):
    assert Arrival().look(HEAD % header) is State.STREAM


@pytest.mark.parametrize("start", (b"hello\r\n", b"\r\n", b"GET /\r\n", b"GET / HTTP/2.0\r\n", b"\x16\x03\x01\r\n"))
def test_what_is_no_request_is_left_to_the_parser_at_once(start):
    assert Arrival().look(start) is State.STREAM


def test_what_grows_too_large_is_read_by_a_thread():
    assert Arrival().look(b"GET / HTTP/1.1\r\nX: " + b"a" * LARGEST) is State.STREAM
    chunked = HEAD % b"Transfer-Encoding: chunked"
    assert Arrival().look(chunked + b"%x\r\n" % LARGEST) is State.STREAM
    assert Arrival().look(chunked + b"0\r\n" + b"a" * LARGEST) is State.STREAM
