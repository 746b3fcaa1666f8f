"""What counts as an e-mail address, and where."""

from __future__ import annotations

import pytest

from wesend.core import email_address
from wesend.core.email_address import ALERTED, OPTED_OUT, USER, WANTED


@pytest.mark.parametrize("pattern", [USER, OPTED_OUT, ALERTED, WANTED])
@pytest.mark.parametrize("text", ["ann@example.com", "ann+x@mail.example.com", "operator@localhost", "zoë@bücher.example"])
def test_what_names_somebody_is_taken_everywhere(pattern, text):
    assert pattern.fullmatch(text)


@pytest.mark.parametrize("pattern", [USER, OPTED_OUT, ALERTED, WANTED])
@pytest.mark.parametrize("text", ["", "ann", "@example.com", "ann@", "a@b@c", "a b@example.com", "a\n@b", "ann@example.com "])
def test_what_is_no_address_is_one_nowhere(pattern, text):
    assert not pattern.fullmatch(text)
    assert not email_address.is_address(text)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("<ann@example.com>", [USER, WANTED]),
        ("a,b@example.com", [USER, OPTED_OUT, WANTED]),
        ("a\x01@example.com", [OPTED_OUT, ALERTED, WANTED]),
        ("a@b", [USER, ALERTED, WANTED]),
        ("a" * 65 + "@example.com", [ALERTED, WANTED]),
        ("a@" + "b" * 190, [USER, ALERTED, WANTED]),
        ("a@" + "b" * 191, [ALERTED, WANTED]),
    ],
)
def test_each_place_takes_what_it_always_took(text, places):
    assert [pattern for pattern in (USER, OPTED_OUT, ALERTED, WANTED) if pattern.fullmatch(text)] == places


@pytest.mark.parametrize("text", ["operator@localhost", "zoë@example.com", "<ann@example.com>", "a" * 65 + "@example.com"])
def test_a_mail_goes_to_less_than_names_somebody(text):
    assert WANTED.fullmatch(text)
    assert not email_address.is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "a@example.com",
        "first.last+tag@sub.example.co.ke",
        "o'neil@example.com",
        "A@EXAMPLE.COM",
        "a" * 64 + "@example.com",
        "x@xn--mnchen-3ya.de",
    ],
)
def test_an_address_is_taken(text):
    assert email_address.is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@example.com",
        "a@",
        "a@localhost",
        "a b@example.com",
        "a@example..com",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a@-example.com",
        "a@example.com\n",
        "a@example.com, b@example.com",
        "Ann <a@example.com>",
        "a@b@c.de",
        "a" * 65 + "@example.com",
        "a@" + "b" * 250 + ".com",
        "a@exämple.com",
        '"a b"@example.com',
        "a@example.com\r\nRCPT TO:<x@y.z>",
    ],
)
def test_what_is_no_address_is_refused(text):
    assert not email_address.is_address(text)
