"""A mail's text in whatever charset and transfer encoding it comes, and no more of it than a list has room for."""

from __future__ import annotations

from base64 import b64encode
from email.message import EmailMessage
from quopri import encodestring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.sandbox import mail_reading
from wesend.sandbox.mail_reading import BODY, HEADER, HEADERS, READ, Read, Room, decoded, first_bytes

TEXT = "Grüße, код 482910 😀"
UTF_8 = TEXT.encode()


def mail(content: bytes, charset: str | None = None, encoding: str | None = None, kind: str = "text/plain") -> bytes:
    parameter = f"; charset={charset}" if charset is not None else ""
    header = f"Content-Transfer-Encoding: {encoding}\r\n" if encoding is not None else ""
    return f"Subject: x\r\nContent-Type: {kind}{parameter}\r\n{header}\r\n".encode() + content


@pytest.mark.parametrize(
    ("charset", "content", "text"),
    [
        *[
            (charset, UTF_8, TEXT)
            for charset in (
                None,
                "utf-8",
                "utf8mb4",
                "UTF8MB4",
                "utf8mb3",
                "unknown-8bit",
                "x-unknown",
                "us-ascii",
                "bogus",
                '""',
                "8bit",
                "hex",
                "rot13",
                "base64",
                "undefined",
                "unicode_escape",
                "idna",
                "\N{SNOWMAN}",
            )
        ],
        ("iso-8859-8-i", "שלום".encode("iso-8859-8"), "שלום"),
        ("iso-8859-8-e", "שלום".encode("iso-8859-8"), "שלום"),
        ("iso-8859-6-i", "مرحبا".encode("iso-8859-6"), "مرحبا"),
        ("windows-874", "สวัสดี".encode("cp874"), "สวัสดี"),
        ("x-sjis", "こんにちは".encode("cp932"), "こんにちは"),
        ("windows-31j", "こんにちは".encode("cp932"), "こんにちは"),
        ("unknown-8bit", "Grüße".encode("cp1252"), "Grüße"),
        ("x-unknown", "Grüße".encode("latin-1"), "Grüße"),
        ("utf-8", "Grüße".encode("cp1252"), "Grüße"),
        ("us-ascii", "Grüße".encode("cp1252"), "Grüße"),
        ("iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("utf-16", "Grüße".encode("utf-16"), "Grüße"),
        ("utf-7", "Grüße".encode("utf-7"), "Grüße"),
        ("ks_c_5601-1987", "안녕".encode("euc-kr"), "안녕"),
    ],
)
def test_every_charset_is_read(charset, content, text):
    """UTF-16 has line ends of its own, so it comes in base64 as it does from mailers."""
    for encoding, written in (
        (None, content),
        ("8bit", content),
        ("base64", b64encode(content)),
        ("quoted-printable", encodestring(content)),
    ):
        if charset == "utf-16" and encoding != "base64":
            continue
        for kind, name in (("text/plain", "text"), ("text/html", "html")):
            found = mail_reading.read(mail(written, charset, encoding, kind))
            assert getattr(found, name).strip("\n") == text, (encoding, kind)


@pytest.mark.parametrize(
    "encoding",
    [
        "bogus",
        "x-unknown",
        "8-bit",
        "binary",
        "7bit",
        "BASE64 ",
        "base64",
        "quoted printable",
        "",
        "utf-8",
        "uuencode",
        "x-uuencode",
    ],
)
def test_a_text_that_is_not_in_the_encoding_that_it_names_is_shown_as_it_is(encoding):
    for content in (b"Your code is 482910.", UTF_8):
        found = mail_reading.read(mail(content, "utf-8", encoding))
        assert found.text == content.decode(), encoding


def test_base64_that_is_only_broken_is_still_undone():
    found = mail_reading.read(mail(b64encode(UTF_8 * 20).replace(b"=", b"") + b"!\r\n", "utf-8", "base64"))
    assert found.text and found.text.startswith(TEXT)


@given(st.binary(max_size=200), st.one_of(st.text(max_size=20), st.sampled_from(["utf-7", "utf-16", "utf8mb4", "punycode", "hex"])))
def test_whatever_comes_is_text_that_json_can_carry(content, charset):
    assert decoded(content, charset).encode("utf-8") is not None


@given(st.text(max_size=60), st.integers(0, 80))
def test_no_character_is_split(text, most):
    text = text.encode("utf-8", "ignore").decode()
    found = first_bytes(text, most)
    assert text.startswith(found) and len(found.encode()) <= most
    assert found == text or len(found.encode()) > most - 4


def read_start(raw: bytes, room: Room | None = None) -> Read:
    room = room or Room()
    return mail_reading.read_start(lambda most: raw[:most], len(raw), room)


def with_attachment(text: str, size: int, *, html: str | None = None) -> bytes:
    message = EmailMessage()
    message["Subject"], message["To"] = "x", "ann@example.com"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    message.add_attachment(b"\x00" * size, maintype="application", subtype="octet-stream", filename="x")
    return message.as_bytes()


def test_a_small_mail_is_whole_in_a_list_also_with_a_large_attachment():
    for size in (10, 3 * READ):
        found = read_start(with_attachment("Hello", size, html="<p>Hello</p>"))
        assert (found.text, found.html, found.is_cut) == ("Hello", "<p>Hello</p>", False)


@given(
    st.lists(st.sampled_from(["text", "html", "related", "attachment", "text attached"]), max_size=4),
    st.booleans(),
    st.sampled_from(["base64", "quoted-printable", "8bit"]),
)
def test_parts_are_found_as_the_standard_library_finds_them(kinds, with_crlf, encoding):
    message = EmailMessage()
    message["Subject"] = "x"
    message.set_content(TEXT + "\n--x\n", cte=encoding)
    for kind in kinds:
        if kind == "html" and not message.get_content_type().endswith("mixed"):
            message.add_alternative(f"<p>{TEXT}</p>\n", subtype="html", cte=encoding)
        elif kind == "related" and message.get_body(("html",)) is not None:
            message.get_body(("html",)).add_related(b"\x00" * 99, "image", "png", cid="<a@b>")
        elif kind == "text attached":
            message.add_attachment("no body", filename="a.txt")
        elif kind == "attachment":
            message.add_attachment(b"\x00" * 200, maintype="application", subtype="octet-stream", filename="x")
    raw = message.as_bytes().replace(b"\n", b"\r\n" if with_crlf else b"\n")
    found = mail_reading.read(raw)
    for kind, shown in (("plain", found.text), ("html", found.html)):
        part = message.get_body((kind,))
        assert shown == (None if part is None else part.get_content().removesuffix("\n"))
    assert found.headers["Content-Type"].partition(";")[0] == message.get_content_type()


def test_bodies_are_cut_each_for_itself():
    for text, html in (("x" * (BODY + 1), "<p>Hello</p>"), ("Hello", "ä" * BODY), ("x" * 3 * READ, "y" * 3 * READ)):
        found = read_start(with_attachment(text, 10, html=html))
        assert found.is_cut and found.text == text[:BODY]
        assert found.html is None or html.startswith(found.html)
    assert read_start(with_attachment("x" * BODY, 10)).is_cut is False


def test_a_text_that_stands_too_far_behind_is_told_of():
    message = EmailMessage()
    message.add_attachment(b"\x00" * 3 * READ, maintype="application", subtype="octet-stream")
    message.attach(EmailMessage())
    raw = message.as_bytes()
    assert read_start(raw) == read_start(raw)._replace(text=None, html=None, is_cut=True)


def test_headers_are_cut():
    raw = b"Subject: " + b"s" * 10_000 + b"\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"v" * 1000) for n in range(100)) + b"\r\nHello"
    found = read_start(raw)
    assert found.is_cut and found.text == "Hello" and found.headers["Subject"] == "s" * HEADER
    assert sum(len(name) + len(value) for name, value in found.headers.items()) <= HEADERS + HEADER


def test_a_list_of_many_large_mails_is_small():
    raw, room = with_attachment("x" * 200_000, 1_000_000, html="y" * 200_000), Room(shown=1_000_000, read=2_000_000)
    found = [read_start(raw, room) for _ in range(200)]
    assert found[0].text == "x" * BODY and found[0].html == "y" * BODY
    assert all(one.is_cut for one in found) and found[-1].text == "x" * Room.LEAST_SHOWN
    assert sum(len(one.text or "") + len(one.html or "") for one in found) < 1_500_000
    assert room.read <= Room.LEAST_READ and room.shown <= Room.LEAST_SHOWN


def test_a_hundred_bodies_of_100_kb_have_room():
    room = Room()
    raw = b"Subject: x\r\n\r\n" + b"x" * 150_000
    assert [len(read_start(raw, room).text or "") for _ in range(100)] == [BODY] * 100
