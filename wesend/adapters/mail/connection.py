"""Connections to a mail server: what the setting names, made ready to take mail, and watched from the start."""

from __future__ import annotations

import smtplib
import socket
import ssl
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ...core.settings_values import YES
from ..one_call import OneCall


class _Connection(smtplib.SMTP):
    """Watched by ``call`` from its first packet on, the TLS handshake included."""

    def __init__(self, call: OneCall, *arguments: Any, **options: Any):
        self.call = call
        super().__init__(*arguments, **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # of the class that it is mixed into
        self.call.watch(made)
        return made


class _TlsConnection(smtplib.SMTP_SSL, _Connection):
    """In this order SMTP_SSL wraps the socket that is watched already."""

    def __init__(self, call: OneCall, *arguments: Any, **options: Any):
        self.call = call
        smtplib.SMTP_SSL.__init__(self, *arguments, **options)


class SmtpServer:
    """`smtp://user:password@host:587?starttls=1` or `smtps://…`, read; a setting that `settings` has checked."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.port = parts.port or (465 if parts.scheme == "smtps" else 587 if parts.username else 25)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.tls = parts.scheme == "smtps"
        self.starttls = parse_qs(parts.query).get("starttls", ["0"])[-1].lower() in YES

    def connect(self, call: OneCall, seconds: float) -> smtplib.SMTP:
        """A connection that is ready to take mail; OSError, SMTPException or ValueError."""
        context = ssl.create_default_context() if self.tls or self.starttls else None
        made: smtplib.SMTP
        if self.tls:
            made = _TlsConnection(call, self.host, self.port, timeout=seconds, context=context)
        else:
            made = _Connection(call, self.host, self.port, timeout=seconds)
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
