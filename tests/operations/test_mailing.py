"""Mail of the instance's own, as a mail server takes it."""

from __future__ import annotations

import pytest

from wesend.operations import mailing

from ..support.mail import MailServer

TO = "ops@example.org"
SUBJECT = "Low balance: " + " ".join(["Müller и заказ"] * 10)


@pytest.mark.parametrize("text", ["Hello", "Läuft über\n.\n..dot\nñ"])
def test_it_leaves_as_smtp_wants_it(app_with, text):
    """From somebody, no line without a CR (servers refuse those: SMTP smuggling), seven bits, and all of its text."""
    with MailServer() as server:
        app = app_with(WESEND_SMTP_URL=f"smtp://127.0.0.1:{server.port}", WESEND_MAIL_FROM="Shop <shop@example.org>")
        with app.app_context():
            made = mailing.compose(TO, SUBJECT, text)
            assert mailing.post(made, TO, about="a test")
    (taken,) = server.taken
    assert (taken.sender, taken.to) == ("shop@example.org", [TO])
    assert taken.raw.replace(b"\r\n", b"").count(b"\n") == 0 and taken.raw.isascii()
    assert taken.message["Subject"] == SUBJECT
    assert taken.message.get_content().replace("\r\n", "\n").startswith(f"{text}\n\nhttp")
