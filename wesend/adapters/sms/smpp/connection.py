"""One bound connection: bind, submit, keep alive, and read until it ends. It is never bound again."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from itertools import repeat

from . import pdu, statuses
from .budget import Budget
from .pace import Pace
from .pdu import Pdu, Splitter
from .settings import Link
from .window import Call, Window
from .wire import Wire

FAREWELL = 2.0  # seconds that an unbind waits for its answer


class BindRefused(ConnectionError):
    """The SMSC knows us not, or not now."""


class Connection:
    """``on_delivery`` is given each deliver_sm and data_sm, to be answered with ``respond``; it must not block."""

    def __init__(self, link: Link, bind: int, pace: Pace, on_delivery: Callable[[Connection, Pdu], None]):
        """Connect and bind; raises OSError."""
        self._link, self._pace, self._on_delivery = link, pace, on_delivery
        self._splitter = Splitter()
        self._unread: list[Pdu] = []
        self._turn = threading.Lock()
        self.window = Window(link.window)
        context = ssl.create_default_context(cafile=link.ca_file or None) if link.tls else None
        self._wire = Wire.open(link.host, link.port, patience=link.timeout, context=context)
        try:
            self._bind(bind)
        except BaseException:
            self._wire.close()
            raise

    def _bind(self, bind: int) -> None:
        link, until = self._link, time.monotonic() + self._link.timeout
        body = pdu.bind_body(link.system_id, link.password, link.system_type)
        self._wire.send(pdu.pack(bind, self.window.next_sequence(), body))
        while not self._unread:
            if time.monotonic() >= until:
                raise TimeoutError("no answer to the bind")
            self._unread = self._splitter.feed(self._wire.receive(until - time.monotonic()))
        answer = self._unread.pop(0)
        if answer.command not in (bind | pdu.RESPONSE, pdu.GENERIC_NACK):
            raise BindRefused("the SMSC answered something else to the bind")
        if answer.status != statuses.OK:
            raise BindRefused(f"bind refused: {statuses.name(answer.status)}")

    def submit(self, bodies: Sequence[bytes], is_first: Sequence[bool], call: Call, budget: Budget) -> None:
        """Write submit_sm as the window and the pace allow; ``is_first`` of its message: not begun when it is late.

        One caller at a time, so that of all the messages that wait only one at a time is half out.
        """
        if not self._turn.acquire(timeout=max(0.0, budget.begin_by - time.monotonic())):
            return
        try:
            at = 0
            while at < len(bodies):
                until = budget.begin_by if is_first[at] else budget.finish_by
                allowed = self._pace.take(len(bodies) - at, until)
                sequences = self.window.take(call, at, allowed, until) if allowed else []
                if not sequences:
                    return
                chunk = bodies[at : at + len(sequences)]
                self._wire.send(b"".join(map(pdu.pack, repeat(pdu.SUBMIT_SM), sequences, chunk)))
                at += len(sequences)
        except OSError:
            self.hang_up()
        finally:
            self._turn.release()

    def respond(self, answers: Sequence[tuple[Pdu, int]]) -> bool:
        """Answer requests, each with a status; False when it can't be done any more, and the SMSC sends them again."""
        try:
            self._wire.send(
                b"".join(
                    pdu.pack(
                        request.command | pdu.RESPONSE,
                        request.sequence,
                        b"\0" if request.command in (pdu.DELIVER_SM, pdu.DATA_SM) else b"",
                        status,
                    )
                    for request, status in answers
                )
            )
        except OSError:
            return False
        return True

    def read_until_lost(self) -> None:
        """Read, answer and keep alive; always ends with OSError or Malformed."""
        asked_at: float | None = None
        heard_at = time.monotonic()
        try:
            while True:
                self._take_in(self._unread)
                quiet_until = asked_at + self._link.timeout if asked_at else heard_at + self._link.enquire_link
                data = self._wire.receive(quiet_until - time.monotonic())
                if data:
                    heard_at, asked_at = time.monotonic(), None
                    self._unread = self._splitter.feed(data)
                elif time.monotonic() >= quiet_until:
                    if asked_at:
                        raise TimeoutError("no answer to an enquire_link")
                    self._wire.send(pdu.pack(pdu.ENQUIRE_LINK, self.window.next_sequence()))
                    asked_at = time.monotonic()
        finally:
            self.window.lose()
            self._wire.close()

    def _take_in(self, pdus: list[Pdu]) -> None:
        answers = [
            (got.sequence, got.status, pdu.message_id(got.body))
            for got in pdus
            if got.command in (pdu.SUBMIT_SM | pdu.RESPONSE, pdu.GENERIC_NACK)
        ]
        if any(status in statuses.TOO_FAST for _, status, _ in answers):
            self._pace.hold()
        if answers:
            self.window.answer(answers)
        for got in pdus:
            if not got.command & pdu.RESPONSE:
                self._take_request(got)
            elif got.command == pdu.UNBIND | pdu.RESPONSE:
                raise ConnectionError("unbound")
        self._unread = []

    def _take_request(self, got: Pdu) -> None:
        if got.command in (pdu.DELIVER_SM, pdu.DATA_SM):
            self._on_delivery(self, got)
        elif got.command == pdu.ENQUIRE_LINK:
            self.respond([(got, statuses.OK)])
        elif got.command == pdu.UNBIND:
            self.respond([(got, statuses.OK)])
            raise ConnectionError("the SMSC unbound us")
        else:
            self._wire.send(pdu.pack(pdu.GENERIC_NACK, got.sequence, status=statuses.RINVCMDID))

    def unbind(self) -> None:
        """Ask to end the session; the reading thread ends it when the answer comes."""
        with contextlib.suppress(OSError):
            self._wire.send(pdu.pack(pdu.UNBIND, self.window.next_sequence()))

    def hang_up(self) -> None:
        self.window.lose()
        self._wire.hang_up()
