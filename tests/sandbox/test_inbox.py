"""Mail that applications hand to the sandbox: shown whatever it is, for one bad mail must not hide all others."""

from __future__ import annotations

import json
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.database import query, write
from wesend.sandbox import caught_mail, handed_in
from wesend.sandbox.inbox import Wanted

PIECES = [
    b"From: ",
    b"To: ",
    b"Subject: ",
    b"Sender: ",
    b"Message-ID: ",
    b"Date: ",
    b"Content-Type: ",
    b"MIME-Version: 1.0",
    b"multipart/mixed; boundary=x",
    b"multipart/alternative",
    b"text/plain; charset=",
    b"message/rfc822",
    b"utf-8",
    b"bogus",
    b"Content-Transfer-Encoding: ",
    b"base64",
    b"quoted-printable",
    b"=?utf-8?q?=",
    b"?=",
    b"--x",
    b"--x--",
    b'"',
    b"x",
    b"<",
    b">",
    b"@",
    b":",
    b";",
    b",",
    b"(",
    b"[",
    b" ",
    b"\r\n",
    b"\r\n\r\n",
    b"\xff\xfe",
    b"\0",
    b"=20",
]


def keep(raw: bytes, *recipients: str) -> list[dict]:
    handed_in.keep(list(recipients) or ["ann@example.com"], raw)
    return caught_mail.emails(Wanted())


def test_a_mail_is_shown_as_it_was_written():
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Shop <shop@example.org>", "Ann <ann@example.com>", "Grüße"
    mail.set_content("Your code is 482910\nBye")
    mail.add_alternative("<p>Your code is <b>482910</b></p>", subtype="html")
    [shown] = keep(mail.as_bytes().replace(b"\n", b"\r\n"), "Ann@Example.com")
    assert (shown["to"], shown["from"], shown["subject"]) == ("ann@example.com", "Shop <shop@example.org>", "Grüße")
    assert (shown["text"], shown["html"]) == ("Your code is 482910\nBye", "<p>Your code is <b>482910</b></p>")
    assert list(shown["headers"])[:3] == ["From", "To", "Subject"]


def test_each_recipient_has_a_copy():
    assert [shown["to"] for shown in keep(b"Subject: x\r\n\r\ny", "a@example.com", "b@example.com")] == [
        "a@example.com",
        "b@example.com",
    ]


@pytest.mark.parametrize("to", ["ann+otp@example.com", "ANN+OTP@example.com", "ann otp@example.com", " ann+otp@example.com "])
def test_to_is_read_in_any_form_even_with_a_plus_that_was_not_escaped(to):
    keep(b"\r\n", "ann+otp@example.com", "ann@example.com")
    assert [shown["to"] for shown in caught_mail.emails(Wanted(to))] == ["ann+otp@example.com"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"\xff\xfe\x00",
        b"Sender: friends: a@b.c, d@e.f;\r\n\r\nx",
        b"Message-ID: <[x>>x\r\n\r\n",
        b'From: "\r\nTo: <,\r\n\r\n',
        b"To: :=?@[x,\r\n\r\n",
        b"Content-Type: text/plain; charset=bogus\r\n\r\n\xff",
        b"Content-Type: multipart/alternative\r\n\r\nno parts",
        b"Content-Type: text/html\r\nSubject: \xff\r\n\r\n<p>",
    ],
)
def test_a_mail_that_is_no_proper_mail_is_shown_all_the_same(raw):
    [shown] = keep(raw)
    assert shown["to"] == "ann@example.com"
    assert json.dumps(shown, ensure_ascii=False).encode()  # no half characters


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_no_mail_hides_the_others(pieces):
    write(lambda tx: tx.execute("DELETE FROM caught_mails") and None)
    assert len(keep(b"".join(pieces))) == 1


def test_only_the_newest_are_kept(monkeypatch):
    monkeypatch.setattr(handed_in, "KEPT", 3)
    for number in range(5):
        keep(b"Subject: %d\r\n\r\nx" % number)
    assert handed_in.forget_old(limit=1) == 1 and handed_in.forget_old() == 1 and handed_in.forget_old() == 0
    assert [shown["subject"] for shown in caught_mail.emails(Wanted())] == ["2", "3", "4"]
    assert bodies() == 3


def bodies() -> int:
    return query("SELECT count(*) FROM caught_bodies")[0][0]


def test_a_mail_to_many_is_stored_once_and_goes_with_the_last_of_them(monkeypatch):
    raw = b"Subject: x\r\n\r\n" + b"y" * 1000
    shown = keep(raw, *(f"p{number}@example.com" for number in range(100)))
    assert len(shown) == 100 and {mail["text"] for mail in shown} == {"y" * 1000}
    assert query("SELECT count(*), sum(size), sum(length(raw)) FROM caught_bodies")[0][:] == (1, len(raw), len(raw))
    monkeypatch.setattr(handed_in, "KEPT", 40)
    assert handed_in.forget_old() == 60 and bodies() == 1
    monkeypatch.setattr(handed_in, "KEPT", 1)
    assert handed_in.forget_old() == 39 and handed_in.forget_old() == 0 and bodies() == 1
    assert handed_in.forget_before(2**62, 100) == 1 and bodies() == 0


def test_the_oldest_make_room_by_their_bytes(monkeypatch):
    monkeypatch.setattr(handed_in, "KEPT_BYTES", 1000)
    for number in range(6):
        keep(b"Subject: %d\r\n\r\n" % number + b"x" * 286, "a@example.com", "b@example.com")
    assert [shown["subject"] for shown in caught_mail.emails(Wanted("a@example.com"))] == ["3", "4", "5"]
    assert query("SELECT sum(size) FROM caught_bodies")[0][0] == 900
    keep(b"Subject: large\r\n\r\n" + b"x" * 2000)
    assert caught_mail.emails(Wanted()) == [] and bodies() == 0
