"""The listener of a worker: an event loop on a thread of its own, beside the threads that serve HTTP."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from flask import Flask

from ..accounts.key_limits import is_usable
from ..accounts.key_use import note_use
from ..adapters.sms.smpp import pdu, requests, statuses
from ..adapters.sms.smpp.pdu import Pdu
from ..binds import deliveries, failures, measures, opened, refusals
from ..binds.deliveries import Told
from ..binds.refusals import Refused
from ..binds.statuses import name as status_name
from ..coordination import cluster
from ..core.settings import Settings
from ..database.rows import SmppDeliveryRow
from . import binding, carrying
from . import refusals as words
from .carrying import Carrier, Done
from .delivering import Deliverer
from .session import Read, Session
from .tls import Certificate

MOST_CONNECTIONS = 1000
HANDSHAKE = 30.0  # seconds for TLS to begin
BINDERS = 2  # threads that look at binds
ONE_TIME = 0.1  # seconds after which a refused bind is answered, whatever was wrong
LOOK_EVERY, STOP_LOOK = 1.0, 0.1  # seconds
USE_NOTED_EVERY = 60.0
"""Seconds: a client may stay bound for months, and its key is used all the while."""
FINISH = 10.0  # seconds for what was read, when the process stops
MOST_REFUSALS = 200
"""Different refusals that are noted in a second."""
COMMANDS = {
    pdu.SUBMIT_SM: "submit_sm",
    requests.QUERY_SM: "query_sm",
    requests.CANCEL_SM: "cancel_sm",
    0x01: "bind_receiver",
    0x02: "bind_transmitter",
    0x09: "bind_transceiver",
}
BINDS = frozenset(COMMANDS[command] for command in requests.BIND)


class Listener:
    """``is_stopping`` tells, from any thread, that the process is to end."""

    def __init__(self, app: Flask, is_stopping: Callable[[], bool]):
        self.app, self.is_stopping = app, is_stopping
        self.settings: Settings = app.config["WESEND"]
        self.certificate = _certificate(self.settings)
        self.loop = asyncio.new_event_loop()
        self.sessions: dict[Session, None] = {}
        self.noted: Counter[Refused] = Counter()
        self.lock = threading.Lock()
        self.carrier = Carrier(app, self._done)
        self.deliverer = Deliverer(app, self._bound_sessions, self._hand_over)
        self.binders = ThreadPoolExecutor(BINDERS, thread_name_prefix="smpp-bind")
        self.leaving: list[str] = []
        self.use_noted = time.monotonic()
        self.holder = ""
        self.stopping = False
        self.stopped = threading.Event()
        self.ended = threading.Event()
        self.keeper = threading.Thread(target=self._keep, name="smpp-keeper", daemon=True)

    def start(self) -> None:
        """Call after the fork; OSError where the port can't be had."""
        listening = _socket(self.settings)
        with self.app.app_context():
            self.holder = cluster.this_process().holder
        self.app.extensions[deliveries.BELL] = self.deliverer.bell.set
        self.carrier.start()
        self.deliverer.start()
        threading.Thread(target=self._run, args=(listening,), name="smpp-listener", daemon=True).start()
        self.keeper.start()

    def stop(self, seconds: float = FINISH + 6) -> None:
        """Until what was read is answered and the binds have ended."""
        self.stopping = True
        self.stopped.wait(seconds)
        self.ended.set()
        self.keeper.join(2.0)
        self.carrier.stop()
        self.deliverer.stop()
        self.deliverer.thread.join(2.0)
        self.binders.shutdown(wait=False, cancel_futures=True)

    # -- on the loop's thread ---------------------------------------------

    def _run(self, listening: socket.socket) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._serve(listening))
        except Exception:
            self.app.logger.exception("the SMPP server has stopped")
        finally:
            self.stopped.set()

    async def _serve(self, listening: socket.socket) -> None:
        context = self.certificate.context if self.certificate is not None else None
        patience = HANDSHAKE if context is not None else None
        server = await self.loop.create_server(
            lambda: Session(self), sock=listening, ssl=context, backlog=512, ssl_handshake_timeout=patience
        )
        looked = time.monotonic()
        while not self.stopping and not self.is_stopping():
            await asyncio.sleep(STOP_LOOK)
            now = time.monotonic()
            if now - looked >= LOOK_EVERY:
                looked = now
                for session in list(self.sessions):
                    session.look(now)
        self.stopping = True
        server.close()
        await self._farewell()

    async def _farewell(self) -> None:
        """What was read is answered; then the binds end, and wait a moment for their clients to agree."""
        until = time.monotonic() + FINISH
        while time.monotonic() < until and any(session.pending for session in self.sessions):
            await asyncio.sleep(0.02)
        for session in list(self.sessions):
            if session.bind is None:
                session.close()
            session.end()
        while self.sessions and any(not session.closed for session in self.sessions):
            await asyncio.sleep(0.02)
            for session in list(self.sessions):
                session.look(time.monotonic())
        await asyncio.sleep(0.05)

    def enter(self, session: Session) -> bool:
        if len(self.sessions) >= MOST_CONNECTIONS or self.stopping:
            return False
        self.sessions[session] = None
        return True

    def leave(self, session: Session, lost: Sequence[Told]) -> None:
        self.sessions.pop(session, None)
        if lost:
            self.deliverer.note(lost)
        if session.bind is not None:
            with self.lock:
                self.leaving.append(session.bind.uid)
            self.app.logger.info("smpp: %s has left (%s)", session.system_id, session.address)
            if self.stopping:
                return
            with suppress(RuntimeError):  # the pool may have been shut down meanwhile
                self.binders.submit(self._forget)

    def to_bind(self, read: Read) -> None:
        try:
            self.binders.submit(self._bind, read)
        except RuntimeError:
            read.session.refused(read.pdu, statuses.RBINDFAIL)

    def to_carry_out(self, read: Read) -> None:
        if not self.carrier.put(read):
            self._done([Done(read, statuses.RMSGQFUL, reason="too much waits")])

    def _answer(self, by_session: dict[Session, list[Done]]) -> None:
        for session, done in by_session.items():
            session.carried_out([(one.read, one.status, one.body) for one in done], ends=any(one.ends for one in done))

    # -- on others' threads -----------------------------------------------

    def _on_loop(self, call: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # it is closed: the process ends
            self.loop.call_soon_threadsafe(call, *arguments)

    def _done(self, done: list[Done]) -> None:
        by_session: dict[Session, list[Done]] = {}
        for one in done:
            if one.after:
                self._on_loop(self.loop.call_later, one.after, self._answer, {one.read.session: [one]})
            else:
                by_session.setdefault(one.read.session, []).append(one)
            if one.status != statuses.OK:
                self.refused(one.read.session, one.read.pdu, one.status, one.reason)
        self._on_loop(self._answer, by_session)
        carrying.count(done, measures.of(self.app))

    def refused_at_once(self, session: Session, got: Pdu, status: int, reason: str) -> None:
        """A request that was answered where it was read."""
        if got.command == pdu.SUBMIT_SM:
            measures.of(self.app).on_submit(status_name(status), 0.0)
        if session.bind is not None:
            self.refused(session, got, status, reason)

    def refused(self, session: Session, got: Pdu, status: int, reason: str) -> None:
        bind = session.bind
        self._note(
            Refused(
                bind.account_id if bind is not None else None,
                session.system_id,
                session.address,
                COMMANDS.get(got.command, "other"),
                status,
                reason[:200],
            )
        )

    def _note(self, refused: Refused) -> None:
        with self.lock:
            if refused in self.noted or len(self.noted) < MOST_REFUSALS:
                self.noted[refused] += 1

    def told(self, session: Session, told: Sequence[Told], status: int | None) -> None:
        """A client has answered deliver_sm, or has not in time (None)."""
        if status not in (None, statuses.OK):
            self._note(
                Refused(
                    session.bind.account_id if session.bind is not None else None,
                    session.system_id,
                    session.address,
                    "deliver_sm",
                    status or 0,
                    "the client refused it" + (" for now" if told[0].again else ""),
                )
            )
        self.deliverer.note(told)

    def _bound_sessions(self) -> list[Session]:
        return [session for session in list(self.sessions) if session.bind is not None]

    def _hand_over(self, session: Session, rows: Sequence[SmppDeliveryRow], token: str) -> None:
        self._on_loop(session.deliver, rows, token)

    def _bind(self, read: Read) -> None:
        with self.app.app_context():
            try:
                found = binding.bind(read, tls=self.certificate is not None, stopping=self.stopping or self.is_stopping())
            except Exception as error:
                self.app.logger.exception("an SMPP bind failed")
                found = binding.Unbound(words.status_of(error), "error", "")
            if isinstance(found, binding.Bound):
                self.app.logger.info("smpp: %s has bound as %s (%s)", found.system_id, found.bind.mode, found.bind.address)
                self._on_loop(self._bound, read, found)
                return
            self._refuse(read, found)

    def _bound(self, read: Read, found: binding.Bound) -> None:
        read.session.bound(read.pdu, found.bind, found.sender, found.system_id, found.version)
        if read.session.closed:  # it left meanwhile
            with self.lock:
                self.leaving.append(found.bind.uid)
        self.deliverer.bell.set()

    def _refuse(self, read: Read, found: binding.Unbound) -> None:
        if found.failed:
            with suppress(OSError):
                failures.note(self.settings.instance, read.session.address)
        measures.here().on_bind_failure(found.reason)
        self.app.logger.info("smpp: a bind of %r from %s is refused: %s", found.system_id, read.session.address, found.reason)
        self._note(
            Refused(found.account_id, found.system_id, read.session.address, COMMANDS[read.pdu.command], found.status, found.reason)
        )
        wait = max(0.0, read.at + ONE_TIME - time.monotonic())
        self._on_loop(lambda: self.loop.call_later(wait, read.session.refused, read.pdu, found.status))

    # -- once a second ----------------------------------------------------

    def _keep(self) -> None:
        with self.app.app_context():
            while not self.ended.wait(LOOK_EVERY):
                try:
                    self._beat()
                except Exception:
                    self.app.logger.exception("SMPP binds could not be looked after; it goes on in a moment")
            with suppress(Exception):
                self._forget()
            self.app.extensions["wesend.database"].close_thread()

    def _beat(self) -> None:
        if self.certificate is not None and self.certificate.look():
            self.app.logger.info("smpp: a new certificate is used from now on")
        sessions = self._bound_sessions()
        self._forget()
        binds = [
            session.bind._replace(submits=session.submits, throttled=session.throttled)
            for session in sessions
            if session.bind is not None and not session.closed
        ]
        unwanted = opened.beat(self.holder, binds) if binds else frozenset()
        for session in sessions:
            assert session.bind is not None
            now = binding.as_it_is(session.system_id, session.address)
            if session.bind.uid in unwanted or now is None or not is_usable(now.key.limits, session.address):
                self._on_loop(session.end)
            else:
                session.sender = now
        self._note_use(sessions)
        with self.lock:
            noted, self.noted = self.noted, Counter()
        self._log(noted)
        refusals.note(list(noted.items()))

    def _note_use(self, sessions: Sequence[Session]) -> None:
        if time.monotonic() < self.use_noted + USE_NOTED_EVERY:
            return
        self.use_noted = time.monotonic()
        for session in sessions:
            if session.sender is not None and not session.closed:
                note_use(session.sender.key, session.address)

    def _log(self, noted: Counter[Refused]) -> None:
        """Without their reasons, which may quote what was written; of binds there is a line each already."""
        found = Counter[tuple[str, str, str, int]]()
        for one, times in noted.items():
            if one.command not in BINDS:
                found[one.command, one.system_id, one.address, one.status] += times
        for (command, system_id, address, status), times in found.items():
            self.app.logger.info("smpp: %s of %s (%s) is refused: %s × %s", command, system_id, address, status_name(status), times)

    def _forget(self) -> None:
        """Binds that have ended make room for others."""
        with self.lock:
            uids, self.leaving = self.leaving, []
        if uids:
            with self.app.app_context():
                opened.close(uids)


def _certificate(settings: Settings) -> Certificate | None:
    if settings.smpp_tls_cert is None or settings.smpp_tls_key is None:
        return None
    return Certificate(settings.smpp_tls_cert, settings.smpp_tls_key)


def _socket(settings: Settings) -> socket.socket:
    """Every worker has its own, on the one port."""
    host = settings.smpp_host
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    assert settings.smpp_port is not None
    made.bind((host, settings.smpp_port))
    made.setblocking(False)
    return made
