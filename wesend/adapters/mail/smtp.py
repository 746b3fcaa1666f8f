"""E-mail over SMTP: connections are kept by each thread and used again; 4xx is temporary, 5xx refused.

A mail is surely not sent until its last byte was handed over: what breaks before is temporary. What breaks after has
not said what became of it: ``unknown``.
"""

from __future__ import annotations

import os
import re
import smtplib
import threading
import time
from email import message_from_bytes
from email.utils import parseaddr

from .. import hiding, reading
from ..one_call import OneCall
from ..sms.base import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, Outcome, SmsGateway, Submission
from .connection import SmtpServer

SECONDS = 24.0
"""Of a conversation as a whole: it must end within a claim's lease (30 s), and servers think long over the content."""
IDLE_SECONDS = 30.0  # servers close what has been silent for longer
LONGEST_RETRY = 1800.0
GIVE_UP_AFTER = 24 * 3600.0
LONGEST_ANSWER = 300  # characters kept
LEADING_DOT = re.compile(rb"(?m)^\.")


def retry_delays(first: float) -> tuple[float, ...]:
    """Gaps that double from ``first`` seconds up to half an hour, for 24 hours in all."""
    delays: list[float] = []
    total, gap = 0.0, max(first, 0.01)
    while total < GIVE_UP_AFTER and len(delays) < 500:
        delays.append(gap)
        total += gap
        gap = min(gap * 2, LONGEST_RETRY)
    return tuple(delays)


class SmtpGateway(SmsGateway):
    type = "smtp"
    title = "SMTP server"
    about = "Carries e-mail. It is set by WESEND_SMTP_URL."
    parallel = 4
    delivers_at_once = True

    def __init__(self, name: str, url: str, *, first_retry: float = 30.0, seconds: float = SECONDS):
        super().__init__(name)
        self.server, self.seconds = SmtpServer(url), seconds
        self.hidden = hiding.words_of([self.server.password], "")
        self.retry_delays = retry_delays(first_retry)
        self.kept = threading.local()

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        return [self._submit(submission) for submission in submissions]

    def _submit(self, submission: Submission) -> Outcome:
        with OneCall(self.seconds) as call:
            try:
                connection = self._connection(call)
            except smtplib.SMTPAuthenticationError as error:
                # A wrong password is the operator's to put right: mail waits for it.
                return Outcome(TEMPORARY, code=str(error.smtp_code), text="The mail server refused our sign-in")
            except (OSError, smtplib.SMTPException, ValueError) as error:
                return Outcome(TEMPORARY, code="unreachable", text=f"The mail server can't be reached: {type(error).__name__}")
            outcome = _converse(connection, submission, call)
        if outcome.kind == UNKNOWN or outcome.code == "lost":
            self._drop()
        else:
            self.kept.at = time.monotonic()
        return outcome

    def _connection(self, call: OneCall) -> smtplib.SMTP:
        connection = getattr(self.kept, "connection", None)
        if connection is not None and self.kept.pid == os.getpid() and time.monotonic() - self.kept.at < IDLE_SECONDS:
            try:
                call.watch(connection.sock)
                if connection.rset()[0] == 250:
                    return connection
            except (OSError, smtplib.SMTPException, AttributeError):  # its socket may be gone
                pass
        self._drop()
        self.kept.connection = self.server.connect(call, self.seconds)
        self.kept.pid, self.kept.at = os.getpid(), time.monotonic()
        return self.kept.connection

    def close(self) -> None:
        """Ends this thread's connection; those of other threads end with them."""
        self._drop()

    def _drop(self) -> None:
        connection = getattr(self.kept, "connection", None)
        if connection is not None:
            connection.close()
            self.kept.connection = None


OF_THE_MAILBOX = (450, 451, 452)  # to RCPT: busy, full or greylisted; the next one's may be taken


def _converse(connection: smtplib.SMTP, submission: Submission, call: OneCall) -> Outcome:
    assert submission.mime is not None
    # Its head alone: a mail may have several MB.
    head = submission.mime[: submission.mime.find(b"\r\n\r\n") + 4]
    sender = parseaddr(str(message_from_bytes(head)["From"]))[1]
    content = LEADING_DOT.sub(b"..", submission.mime)
    try:
        for name, step, expected in (
            ("MAIL", lambda: connection.mail(sender), 2),
            ("RCPT", lambda: connection.rcpt(submission.to), 2),
            ("DATA", lambda: connection.docmd("DATA"), 3),
        ):
            code, text = step()
            if code // 100 != expected:
                refusal = _refusal(code, text) or Outcome(TEMPORARY, code="lost", text=f"The mail server said {code}")
                return refusal._replace(works=name == "RCPT" and code in OF_THE_MAILBOX)
        # Raises where not all of it, and so not its end, was handed over.
        connection.send(content + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return Outcome(TEMPORARY, code="lost", text=f"The mail server broke off: {type(error).__name__}")
    try:
        code, text = connection.getreply()
        if call.expired:  # what was cut may look like a whole answer
            raise TimeoutError
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(UNKNOWN, code="no_answer", text=f"The mail server broke off after the message: {type(error).__name__}")
    if code // 100 == 2:
        return Outcome(ACCEPTED, gateway_ref=_said(text)[:200] or None)
    return _refusal(code, text) or Outcome(UNKNOWN, code="no_answer", text=f"The mail server said {code}")


def _refusal(code: int, text: bytes | str) -> Outcome | None:
    """What a 4xx or 5xx means; None for anything that is no refusal."""
    if code // 100 not in (4, 5):
        return None
    return Outcome(TEMPORARY if code // 100 == 4 else REFUSED, code=str(code), text=f"{code} {_said(text)}"[:300])


def _said(text: bytes | str) -> str:
    """In one line, without what a terminal would obey."""
    return reading.text(text.decode("utf-8", "replace") if isinstance(text, bytes) else text, LONGEST_ANSWER) or ""
