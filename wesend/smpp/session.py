"""One client's connection: its PDUs in and out. Lives on the event loop's thread, and waits for nothing there."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ..adapters.sms.smpp import pdu, requests, statuses
from ..adapters.sms.smpp.pdu import Malformed, Pdu, Splitter
from ..binds.deliveries import Told
from ..binds.opened import RECEIVER, TRANSCEIVER, TRANSMITTER, Opened
from ..database.rows import SmppDeliveryRow
from .orders import Sender

if TYPE_CHECKING:
    from .listener import Listener

MODES = {0x01: RECEIVER, 0x02: TRANSMITTER, 0x09: TRANSCEIVER}
NO_BIND = SILENCE = UNANSWERED = 30.0  # seconds
ANSWER_IN = 29.0
"""Seconds in which a deliver_sm is to be answered: a moment before its lease ends."""
PATIENCE = 5.0
"""Seconds after which what was not begun is refused for now."""
FAREWELL = 5.0
"""Seconds that an unbind of ours waits for its answer."""
TAKES_NOTHING = 30.0  # seconds that a client may leave unread what it was sent
WITH_PARAMETERS = 0x34
TAKEN_WITH = frozenset((0x64, 0x58, 0x14))
"""Answers to a deliver_sm that ask for it once more."""
KNOWN = frozenset(
    (*requests.BIND, requests.QUERY_SM, pdu.SUBMIT_SM, requests.REPLACE_SM, requests.CANCEL_SM, requests.SUBMIT_MULTI, pdu.DATA_SM)
)
NOT_NOW = "it is not bound, or its bind ends"
ASKING = frozenset((pdu.SUBMIT_SM, requests.QUERY_SM, requests.CANCEL_SM))


class Turn:
    """Of a request: it is begun, in a transaction, or given up because that took too long; never both."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.begun = self.given_up = False

    def begin(self) -> bool:
        with self.lock:
            self.begun = not self.given_up
            return self.begun

    def give_up(self) -> bool:
        with self.lock:
            self.given_up = self.given_up or not self.begun
            return self.given_up


class Read(NamedTuple):
    """A request that waits for its answer; ``at`` by the monotonic clock."""

    session: Session
    pdu: Pdu
    at: float
    turn: Turn


class _Out(NamedTuple):
    """A deliver_sm that waits for its answer."""

    row: SmppDeliveryRow
    token: str
    at: float


class Session(asyncio.Protocol):
    """``bind`` None until it has bound. ``in_flight`` counts deliver_sm claimed for it, by whichever thread."""

    def __init__(self, listener: Listener):
        self.listener = listener
        self.transport: asyncio.Transport | None = None
        self.address = ""
        self.splitter = Splitter(requests.LONGEST_REQUEST)
        self.began = self.heard = time.monotonic()
        self.asked_at: float | None = None
        self.full_since: float | None = None
        self.bind: Opened | None = None
        self.sender: Sender | None = None
        self.system_id = ""
        self.version = 0
        self.waiting_for_bind: deque[Pdu] | None = None
        self.pending = 0
        self.reads: dict[Turn, Read] = {}
        self.unbind: Pdu | None = None
        self.ends_at: float | None = None
        self.taken: deque[float] = deque()
        self.submits = self.throttled = 0
        self.sequence = 0
        self.out: dict[int, _Out] = {}
        self.in_flight = 0
        self.lock = threading.Lock()
        self.closed = False

    # -- the connection ---------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        peer: Any = transport.get_extra_info("peername")
        self.address = str(peer[0]).partition("%")[0] if peer else ""
        if not self.listener.enter(self):
            transport.abort()  # type: ignore[attr-defined]  # a base class of what it is

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed = True
        self.listener.leave(self, self._lose_all())

    def pause_writing(self) -> None:
        self.full_since = time.monotonic()
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.full_since = None
        if self.transport is not None and not self.closed:
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self.heard, self.asked_at = time.monotonic(), None
        try:
            self._take_all(self.splitter.feed(data))
        except Malformed as error:
            self._take_all(error.before)
            self.answer(Pdu(pdu.GENERIC_NACK, 0, error.sequence, b""), statuses.RINVCMDLEN)
            self.close()

    def _take_all(self, pdus: Sequence[Pdu]) -> None:
        for one in pdus:
            if self.closed:
                return
            if self.waiting_for_bind is not None:
                self.waiting_for_bind.append(one)
            else:
                self._take(one)

    # -- what comes -------------------------------------------------------

    def _take(self, got: Pdu) -> None:
        if got.command & pdu.RESPONSE:
            self._take_answer(got)
        elif got.command == pdu.ENQUIRE_LINK:
            self.answer(got)
        elif got.command == pdu.UNBIND:
            self.unbind = got
            self._leave_when_done()
        elif got.command in requests.BIND:
            self._take_bind(got)
        elif self.bind is None or self.ends_at is not None or self.unbind is not None:
            self._refuse(got if got.command in KNOWN else got._replace(command=pdu.GENERIC_NACK), statuses.RINVBNDSTS, NOT_NOW)
        elif got.command in ASKING:
            self._take_request(got)
        elif got.command == requests.REPLACE_SM:
            self.answer(got, statuses.RREPLACEFAIL)
        else:
            self.answer(got._replace(command=pdu.GENERIC_NACK), statuses.RINVCMDID)

    def _take_bind(self, got: Pdu) -> None:
        if self.bind is not None:
            self.answer(got, statuses.RALYBND)
            return
        self.waiting_for_bind = deque()
        self.listener.to_bind(Read(self, got, time.monotonic(), Turn()))

    def bound(self, got: Pdu, bind: Opened, sender: Sender, system_id: str, version: int) -> None:
        """It has bound: what came meanwhile follows."""
        self.bind, self.sender, self.system_id, self.version = bind, sender, system_id, version
        body = requests.bound_body("wesend", with_version=version >= WITH_PARAMETERS)
        self.answer(got, statuses.OK, body)
        self._go_on()

    def refused(self, got: Pdu, status: int) -> None:
        """It has not: one answer, and the end."""
        self.answer(got, status)
        self.waiting_for_bind = None
        self.close()

    def _go_on(self) -> None:
        came, self.waiting_for_bind = self.waiting_for_bind or (), None
        self._take_all(tuple(came))

    def _take_request(self, got: Pdu) -> None:
        assert self.bind is not None and self.sender is not None
        if self.bind.mode == RECEIVER:
            self._refuse(got, statuses.RINVBNDSTS, "a receiver asks for nothing")
            return
        is_submit = got.command == pdu.SUBMIT_SM
        if self.pending >= self.sender.terms.window or (is_submit and not self._is_in_pace(self.sender.terms.tps)):
            self.throttled += is_submit
            self._refuse(got, statuses.RTHROTTLED, "over the window or the pace")
            return
        self.pending += 1
        self.submits += is_submit
        read = Read(self, got, time.monotonic(), Turn())
        self.reads[read.turn] = read
        self.listener.to_carry_out(read)

    def _refuse(self, got: Pdu, status: int, reason: str) -> None:
        self.listener.refused_at_once(self, got, status, reason)
        self.answer(got, status)

    def _is_in_pace(self, tps: int) -> bool:
        """No more than so many in any second; what is over does not count."""
        now = time.monotonic()
        while self.taken and now - self.taken[0] >= 1.0:
            self.taken.popleft()
        if len(self.taken) >= tps:
            return False
        self.taken.append(now)
        return True

    def carried_out(self, answers: Sequence[tuple[Read, int, bytes]], *, ends: bool = False) -> None:
        """Requests that were waited for, but for those that were given up; ``ends``: the bind is to end."""
        waited_for = [one for one in answers if self.reads.pop(one[0].turn, None) is not None]
        self.pending -= len(waited_for)
        self.send(b"".join(_answer(read.pdu, status, body) for read, status, body in waited_for))
        if ends:
            self.end()
        self._leave_when_done()

    def _take_answer(self, got: Pdu) -> None:
        if got.command == pdu.UNBIND | pdu.RESPONSE and self.ends_at is not None:
            self.close()
            return
        if got.command not in (pdu.DELIVER_SM | pdu.RESPONSE, pdu.GENERIC_NACK):
            return
        with self.lock:
            known = self.out.pop(got.sequence, None)
            self.in_flight -= known is not None
        if known is not None:
            self.listener.told(self, [self._outcome(known, got.status in TAKEN_WITH)], got.status)

    # -- what goes --------------------------------------------------------

    def answer(self, got: Pdu, status: int = statuses.OK, body: bytes = b"") -> None:
        self.send(_answer(got, status, body))

    def send(self, data: bytes) -> None:
        if data and not self.closed and self.transport is not None:
            self.transport.write(data)

    def _next(self) -> int:
        self.sequence = self.sequence % 0x7FFFFFFF + 1
        return self.sequence

    @property
    def takes_deliveries(self) -> bool:
        return (
            self.bind is not None
            and self.bind.mode != TRANSMITTER
            and not self.closed
            and self.ends_at is None
            and self.unbind is None
            and self.full_since is None
        )

    def room(self) -> int:
        """How many more deliver_sm may wait for their answers."""
        if not self.takes_deliveries or self.sender is None:
            return 0
        return max(0, self.sender.terms.window - self.in_flight)

    def deliver(self, rows: Sequence[SmppDeliveryRow], token: str) -> None:
        """Send what was claimed and counted as in flight for it."""
        if not self.takes_deliveries:
            with self.lock:
                self.in_flight -= len(rows)
            self.listener.told(self, [Told(row["id"], token, True, row["attempts"]) for row in rows], None)
            return
        now, data = time.monotonic(), []
        for row in rows:
            sequence = self._next()
            self.out[sequence] = _Out(row, token, now)
            parameters = bytes(row["parameters"]) if self.version >= WITH_PARAMETERS else b""
            data.append(pdu.pack(pdu.DELIVER_SM, sequence, bytes(row["body"]) + parameters))
        self.send(b"".join(data))

    @staticmethod
    def _outcome(out: _Out, again: bool) -> Told:
        return Told(out.row["id"], out.token, again, out.row["attempts"])

    def _lose_all(self) -> list[Told]:
        with self.lock:
            lost, self.out = list(self.out.values()), {}
            self.in_flight -= len(lost)
        return [self._outcome(one, True) for one in lost]

    # -- time, and the end ------------------------------------------------

    def look(self, now: float) -> None:
        """Once a second: who is silent, and what is unanswered."""
        if self.full_since is not None and now - self.full_since > TAKES_NOTHING:
            self.abort()
            return
        if self.ends_at is not None and now >= self.ends_at:
            self.close()
            return
        if self.bind is None:
            if now - self.began >= NO_BIND and self.waiting_for_bind is None:
                self.close()
            return
        if self.asked_at is not None and now - self.asked_at >= UNANSWERED:
            self.abort()
        elif self.asked_at is None and now - self.heard >= SILENCE:
            self.asked_at = now
            self.send(pdu.pack(pdu.ENQUIRE_LINK, self._next()))
        self._give_up_unanswered(now)
        self._give_up_late(now)

    def _give_up_late(self, now: float) -> None:
        """What the database has had no time for is refused, and will not be done."""
        late = [read for read in self.reads.values() if now - read.at >= PATIENCE and read.turn.give_up()]
        for read in late:
            self.listener.refused(self, read.pdu, statuses.RMSGQFUL, "the database was busy")
        if late:
            self.carried_out([(read, statuses.RMSGQFUL, b"") for read in late])

    def _give_up_unanswered(self, now: float) -> None:
        with self.lock:
            late = [sequence for sequence, out in self.out.items() if now - out.at >= ANSWER_IN]
            given_up = [self.out.pop(sequence) for sequence in late]
            self.in_flight -= len(given_up)
        if given_up:
            self.listener.told(self, [self._outcome(one, True) for one in given_up], None)

    def end(self) -> None:
        """Say that the bind ends, and wait a moment for the answer."""
        if self.bind is not None and self.ends_at is None and not self.closed:
            self.ends_at = time.monotonic() + FAREWELL
            self.send(pdu.pack(pdu.UNBIND, self._next()))

    def _leave_when_done(self) -> None:
        if self.unbind is not None and self.pending == 0:
            self.answer(self.unbind)
            self.close()

    def close(self) -> None:
        """What was written still goes out."""
        if self.transport is not None:
            self.transport.close()
        self.closed = True

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self.closed = True


def _answer(got: Pdu, status: int, body: bytes) -> bytes:
    """An error has no body."""
    return pdu.pack(got.command | pdu.RESPONSE, got.sequence, body if status == statuses.OK else b"", status)
