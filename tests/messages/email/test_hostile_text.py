"""A megabyte of anything is composed, rendered and read in time."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from wesend.core.email_address import is_address
from wesend.core.errors import InvalidInput
from wesend.messages.email import compose as mail
from wesend.messages.state import mail_texts

from ...support.composed_mail import composed, plan

PIECES = [
    "<",
    "< ",
    "<a ",
    "<a href=",
    '<a href="',
    "<a href='x",
    "<p x",
    "<!--",
    "</",
    "<style>",
    "&",
    "&am",
    "{a",
    "{a} ",
    "{",
    " ",
    "\n",
    "<li>",
    "</body>",
    '<a href="http://x.y/z">k</a>',
    "<a = ",
    "a@",
    'href="',
    "\t<b\f",
]


@pytest.fixture
def cpu_seconds() -> Iterator[None]:
    """Ends the test after 60 s of computing, however loaded the machine is: its work takes less than two."""

    def over(*_) -> None:
        raise AssertionError("this takes for ever")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, 60)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("piece", PIECES)
def test_a_hostile_megabyte_ends(cpu_seconds, piece):
    """What looks at each character a fixed number of times needs a second; anything quadratic needs hours."""
    text = "<p <a " + piece * (1_000_000 // len(piece))
    if piece == "{a} ":
        with pytest.raises(InvalidInput, match="more than 1,000 fields"):
            composed(text)
    else:
        composer = composed(text)
        plan(composer)
        assert composer.text_for({}) == text
    for format_ in ("html", "plain"):
        mail.render(mail.Mail(7, "uid-7", "ann@example.com", "Hi", text, format_, 0)).as_bytes()
    mail_texts.link_tags(text)
    assert not is_address(text)
