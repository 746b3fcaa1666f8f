"""The sandbox's SMTP port: takes what an application sends, keeps it for `GET /sandbox/emails`, sends nothing on."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from flask import Flask

from ..core import namespaces
from ..core.errors import StorageFull
from ..core.settings_values import is_loopback
from . import handed_in, mime

SIZE_LIMIT = 20 * 1024 * 1024
MOST_RECIPIENTS = 1000
"""Of one mail: ten times what every server has to take (RFC 5321, 4.5.3.1.8)."""


LONG_LINES = SIZE_LIMIT
"""Applications write HTML in one line, and mail servers take it: only a strict catcher holds to RFC 5321's 1,000 bytes."""


class _Catcher(SMTP):
    line_length_limit = LONG_LINES


class _Handler:
    def __init__(self, app: Flask):
        self.app = app

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._keep, list(envelope.rcpt_tos), raw)
        except StorageFull:
            return "452 4.3.1 Nothing can be stored now; try again later"
        return "250 Caught by the sandbox"

    def _keep(self, recipients: list[str], raw: bytes) -> None:
        with self.app.app_context():
            handed_in.keep(recipients, raw, _namespace_of(raw))


def _namespace_of(raw: bytes) -> str | None:
    """Where in the inbox a mail says that it belongs; None where it says nothing that can be one."""
    named = mime.head_of(raw).head.get(namespaces.HEADER)
    text = str(named).strip() if named is not None else ""
    return text if namespaces.is_namespace(text) else None


def _anybody(*_: object) -> AuthResult:
    """Applications sign in to their mail server; any user and password will do here."""
    return AuthResult(success=True)


class _Controller(Controller):
    """``strict``: refuses lines of more than 1,000 bytes, as servers may."""

    def __init__(self, handler: _Handler, *, strict: bool, **options: Any):
        self.protocol = SMTP if strict else _Catcher
        super().__init__(handler, **options)

    def factory(self) -> SMTP:
        return self.protocol(self.handler, **self.SMTP_kwargs)


def start(app: Flask) -> Controller | None:
    """Listen where the settings say, in the process that runs the jobs; None when it is off.

    As the rest of the sandbox it is for this machine alone, unless it is public.
    """
    settings = app.config["WESEND"]
    if settings.sandbox_smtp_port is None or not settings.sandbox:
        return None
    host = settings.host if settings.sandbox_public or is_loopback(settings.host) else "127.0.0.1"
    controller = _Controller(
        _Handler(app),
        strict=settings.sandbox_smtp_strict,
        hostname=host,
        port=settings.sandbox_smtp_port,
        data_size_limit=SIZE_LIMIT,
        enable_SMTPUTF8=True,
        ident="wesend sandbox",
        authenticator=_anybody,
        auth_require_tls=False,
    )
    try:
        controller.start()
    except OSError as error:
        app.logger.error("the sandbox can't listen for mail on port %s: %s", settings.sandbox_smtp_port, error.strerror)
        return None
    return controller
