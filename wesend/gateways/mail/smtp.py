"""E-mail over SMTP: connections are kept by each thread and used again; 4xx is temporary, 5xx refused.

A connection that is lost after the message's data went out has not said what became of it: ``unknown``.
"""

from __future__ import annotations

import os
import smtplib
import ssl
import threading
import time
from email import message_from_bytes
from email.utils import parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from ..sms.base import (
    ACCEPTED,
    REFUSED,
    TEMPORARY,
    UNKNOWN,
    Outcome,
    SmsGateway,
    Submission,
)

SECONDS = 8.0  # a read; a conversation must end within a claim's lease
IDLE_SECONDS = 30.0  # servers close what has been silent for longer
LONGEST_RETRY = 1800.0
GIVE_UP_AFTER = 24 * 3600.0


class BadSmtpUrl(ValueError):
    """A setting that is no SMTP URL; one sentence."""


class SmtpServer:
    """`smtp://user:password@host:587?starttls=1` or `smtps://…`, read."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        try:
            self.port = parts.port or (465 if parts.scheme == "smtps" else 587 if parts.username else 25)
        except ValueError as error:
            raise BadSmtpUrl("WESEND_SMTP_URL has no valid port") from error
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise BadSmtpUrl("WESEND_SMTP_URL must be smtp://user:password@host:587?starttls=1 or smtps://…")
        self.host = parts.hostname
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.tls = parts.scheme == "smtps"
        self.starttls = parse_qs(parts.query).get("starttls", ["0"])[-1] in ("1", "true", "yes")

    def connect(self) -> smtplib.SMTP:
        """A connection that is ready to take mail; OSError or SMTPException."""
        context = ssl.create_default_context() if self.tls or self.starttls else None
        made: smtplib.SMTP
        if self.tls:
            made = smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=context)
        else:
            made = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        try:
            if self.starttls:
                made.starttls(context=context)
            made.ehlo_or_helo_if_needed()
            if self.user:
                made.login(self.user, self.password)
        except BaseException:
            made.close()
            raise
        return made


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
    parallel = 4
    delivers_at_once = True

    def __init__(self, name: str, url: str, *, first_retry: float = 30.0):
        super().__init__(name)
        self.server = SmtpServer(url)
        self.retry_delays = retry_delays(first_retry)
        self.kept = threading.local()

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        return [self._submit(submission) for submission in submissions]

    def _submit(self, submission: Submission) -> Outcome:
        try:
            connection = self._connection()
        except smtplib.SMTPAuthenticationError as error:
            # A wrong password is the operator's to put right: mail waits for it.
            return Outcome(TEMPORARY, code=str(error.smtp_code), text="The mail server refused our sign-in")
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(TEMPORARY, code="unreachable",
                           text=f"The mail server can't be reached: {type(error).__name__}")
        outcome = self._converse(connection, submission)
        if outcome.kind == UNKNOWN or outcome.code == "lost":
            self._drop()
        else:
            self.kept.at = time.monotonic()
        return outcome

    def _connection(self) -> smtplib.SMTP:
        connection = getattr(self.kept, "connection", None)
        if connection is not None and self.kept.pid == os.getpid() and time.monotonic() - self.kept.at < IDLE_SECONDS:
            try:
                if connection.rset()[0] == 250:
                    return connection
            except (OSError, smtplib.SMTPException):
                pass
        self._drop()
        self.kept.connection, self.kept.pid, self.kept.at = self.server.connect(), os.getpid(), time.monotonic()
        return self.kept.connection

    def _drop(self) -> None:
        connection = getattr(self.kept, "connection", None)
        if connection is not None:
            connection.close()
            self.kept.connection = None

    @staticmethod
    def _converse(connection: smtplib.SMTP, submission: Submission) -> Outcome:
        assert submission.mime is not None
        sender = parseaddr(str(message_from_bytes(submission.mime)["From"]))[1]
        try:
            for step in (lambda: connection.mail(sender), lambda: connection.rcpt(submission.to)):
                code, text = step()
                if not 200 <= code < 300:
                    return _refusal(code, text)
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(TEMPORARY, code="lost", text=f"The mail server broke off: {type(error).__name__}")
        try:
            code, text = connection.data(submission.mime)
        except smtplib.SMTPDataError as error:
            return _refusal(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(UNKNOWN, code="no_answer",
                           text=f"The mail server broke off amid the message: {type(error).__name__}")
        if not 200 <= code < 300:
            return _refusal(code, text)
        return Outcome(ACCEPTED, gateway_ref=_said(text)[:200] or None)


def _refusal(code: int, text: bytes | str) -> Outcome:
    return Outcome(TEMPORARY if 400 <= code < 500 else REFUSED, code=str(code), text=f"{code} {_said(text)}"[:300])


def _said(text: bytes | str) -> str:
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else text).replace("\x00", "")
