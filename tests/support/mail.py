"""Mail servers on a local port: a real one (aiosmtpd) that refuses, delays and drops as told; one that is none."""

from __future__ import annotations

import asyncio
import socketserver
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from .server import free_port

DROP = "drop"


class Taken(NamedTuple):
    """A mail that the server said 250 to; ``connection`` tells connections apart."""

    sender: str
    to: list[str]
    raw: bytes
    connection: int
    tls: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)  # type: ignore[return-value]


class MailServer:
    """``server.says("RCPT", "450 Later", "550 No")``: an answer each time that step comes, then the usual one.

    An answer may be DROP (the connection is cut) or a number (of seconds until the usual answer). ``always=`` holds
    for ever. Steps are EHLO, MAIL, RCPT and DATA (once the content is there).
    """

    def __init__(
        self,
        port: int | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        smtps: ssl.SSLContext | None = None,
        user: tuple[str, str] | None = None,
    ):
        self.taken: list[Taken] = []
        self.seen: list[str] = []  # every step that was reached
        self.port = port or free_port()
        self._answers: dict[str, list[str | float]] = defaultdict(list)
        self._always: dict[str, str | float] = {}
        self._user = user
        self._transports: set[asyncio.BaseTransport] = set()
        options: dict[str, Any] = {"ident": "test", "tls_context": tls, "require_starttls": tls is not None}
        if user:
            options.update(authenticator=self._authenticate, auth_require_tls=tls is not None)
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ssl_context=smtps, **options)
        self._controller.start()

    def __enter__(self) -> MailServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Hangs up on everybody, then closes the port."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._controller.loop).result(20)
        self._controller.stop()

    async def _hang_up(self) -> None:
        while open_ := {transport for transport in self._transports if not transport.is_closing()}:
            for transport in open_:
                transport.abort()  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)

    def says(self, step: str, *answers: str | float, always: str | float | None = None) -> None:
        self._answers[step] += answers
        if always is not None:
            self._always[step] = always

    def _authenticate(self, _server, _session, _envelope, _mechanism, data) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._user, handled=False, auth_data=given[0])

    async def _answer(self, server: SMTP, step: str, usual: str) -> str:
        self.seen.append(step)
        answer = self._answers[step].pop(0) if self._answers[step] else self._always.get(step, usual)
        if answer == DROP:
            server.transport.abort()
            return "421 Dropped"
        if isinstance(answer, int | float):
            await asyncio.sleep(answer)
            return usual
        return answer

    async def handle_EHLO(self, server: SMTP, session: Session, _envelope, hostname: str, responses: list[str]) -> list[str]:
        session.host_name = hostname  # type: ignore[assignment]
        self._transports.add(server.transport)
        answer = await self._answer(server, "EHLO", "")
        return [answer] if answer else responses

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self._user and not session.authenticated:
            return "530 5.7.0 Authentication required"
        answer = await self._answer(server, "MAIL", "250 OK")
        if answer.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(self, server: SMTP, _session, envelope: Envelope, address: str, _options: list[str]) -> str:
        answer = await self._answer(server, "RCPT", "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await self._answer(server, "DATA", "250 Queued as 4711")
        if answer.startswith("2"):
            assert isinstance(envelope.content, bytes) and envelope.mail_from is not None
            self.taken.append(
                Taken(
                    envelope.mail_from,
                    list(envelope.rcpt_tos),
                    envelope.content,
                    session.peer[1],
                    # type: ignore[index]
                    session.ssl is not None,
                    str(session.auth_data) if session.authenticated else None,
                )
            )
        return answer


Line = Callable[[Any], bytes | None]


class RawServer:
    """Says ``answers[step]`` (steps: greeting, a command's first word, content), else what a server would.

    None drops the connection; HANG says nothing for ever; a list drips, a piece every 50 ms.
    """

    HANG = object()

    def __init__(self, **answers: Any):
        self.answers, self.seen = answers, []
        self.stopping = threading.Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    outer._serve(self)
                except (OSError, EOFError):
                    pass  # the client had enough

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, client: socketserver.StreamRequestHandler) -> None:
        self._say(client, "greeting", b"220 raw\r\n")
        usual = {"ehlo": b"250 raw\r\n", "DATA": b"354 Go on\r\n", "QUIT": b"221 Bye\r\n"}
        while line := client.rfile.readline():
            step = line.split()[0].decode()
            self._say(client, step, usual.get(step, b"250 OK\r\n"))
            if step == "DATA":
                if self.answers.get("content", b"") is None:
                    client.rfile.read(1000)
                    raise EOFError
                while client.rfile.readline() not in (b".\r\n", b""):
                    pass
                self._say(client, "content", b"250 Taken\r\n")

    def _say(self, client: socketserver.StreamRequestHandler, step: str, usual: bytes) -> None:
        self.seen.append(step)
        answer = self.answers.get(step, usual)
        if answer is None:
            raise EOFError
        if answer is self.HANG:
            self.stopping.wait(60)
            raise EOFError
        for piece in answer if isinstance(answer, list) else [answer]:
            client.wfile.write(piece)
            if isinstance(answer, list) and self.stopping.wait(0.05):
                raise EOFError
