"""A session: a thread that keeps one connection bound, and connects again with growing gaps when it is lost."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence

from .budget import Budget
from .connection import FAREWELL, Connection
from .pace import Pace
from .pdu import Malformed, Pdu
from .settings import Link
from .window import Answer, Call

LONGEST_GAP = 60.0  # seconds between two tries to connect
SETTLED = 10.0  # seconds; a connection that lived longer was a good one, and its loss begins with short gaps again

NOT_YET = "not connected yet"
ELSEWHERE = "other processes have all its sessions"
LOOK_EVERY = 1.0  # seconds between two looks whether there is room for one
GiveBack = Callable[[], None]

log = logging.getLogger(__name__)


class Session:
    """Starts with the first submit or ``start``; ``stop`` ends it for good. Belongs to the process that made it.

    ``room``: asked before it connects; None while there is none for it.
    """

    def __init__(
        self, name: str, link: Link, bind: int, on_delivery: Callable[[Connection, Pdu], None], room: Callable[[], GiveBack | None]
    ):
        self._name, self._link, self._bind, self._on_delivery = name, link, bind, on_delivery
        self._room = room
        self._give_back: GiveBack | None = None
        self._asking = threading.Lock()
        self._pace = Pace(link.tps)
        self._changed = threading.Condition()
        self._connection: Connection | None = None
        self._trying = True  # a try to connect is under way or imminent: worth waiting for
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.trouble = NOT_YET  # why there is no connection

    def start(self) -> None:
        with self._changed:
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(target=self._run, name=f"smpp-{self._name}", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Unbind and end; whoever still waits gets no answer."""
        with self._changed:
            self._stopping = True
            connection, thread = self._connection, self._thread
            self._changed.notify_all()
        if connection is not None:
            connection.unbind()
        if thread is not None:
            thread.join(FAREWELL)
        if connection is not None:
            connection.hang_up()
        with self._asking:
            give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()

    def has_room(self) -> bool:
        """Whether it may be there; once it may, it may until it is stopped."""
        with self._asking:
            if self._give_back is None and not self._stopping:
                self._give_back = self._room()
            return self._give_back is not None

    def submit(self, bodies: Sequence[bytes], is_first: Sequence[bool], budget: Budget) -> list[Answer]:
        """Submit bodies of submit_sm, in order, through the window: an Answer for each."""
        call = Call(len(bodies))
        self.start()
        connection = self.wait_until_bound(budget.begin_by)
        if connection is not None:
            connection.submit(bodies, is_first, call, budget)
            connection.window.wait(call, budget.answer_by())
        return call.answers

    def wait_until_bound(self, until: float) -> Connection | None:
        """The connection; None at once between two tries that failed, because the message can go another way."""
        with self._changed:
            while self._connection is None and self._trying and not self._stopping and time.monotonic() < until:
                self._changed.wait(until - time.monotonic())
            return self._connection

    def _run(self) -> None:
        gap = 0.0
        while not self._stopping:
            if not self._may_be():
                continue
            began = time.monotonic()
            try:
                self._hold_one()
            except (OSError, Malformed) as error:
                self.trouble = str(error) or type(error).__name__
            except Exception as error:  # a thread that ended would leave the gateway dead until a restart
                log.exception("smpp gateway %s", self._name)
                self.trouble = type(error).__name__
            if time.monotonic() - began > SETTLED + self._link.timeout:
                gap = 0.0
            if not self._stopping:
                log.warning("smpp gateway %s: %s", self._name, self.trouble)
                gap = self._rest(gap)

    def _may_be(self) -> bool:
        """Else it waits a little."""
        try:
            if self.has_room():
                return True
        except Exception:  # the database that counts them is away
            log.warning("smpp gateway %s: whether there is room for a session can't be found out", self._name)
        with self._changed:
            self.trouble, self._trying = ELSEWHERE, False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopping, LOOK_EVERY)
            self._trying = True
        return False

    def _hold_one(self) -> None:
        connection = Connection(self._link, self._bind, self._pace, self._on_delivery)
        with self._changed:
            self._connection, self.trouble = connection, ""
            self._trying = True
            self._changed.notify_all()
        log.info("smpp gateway %s: bound", self._name)
        if self._stopping:
            connection.unbind()
        try:
            connection.read_until_lost()
        finally:
            with self._changed:
                self._connection = None
                self._changed.notify_all()

    def _rest(self, gap: float) -> float:
        """Wait before the next try, a random half of the gap less, so that not all clients come back at once."""
        seconds = random.uniform(gap / 2, gap) if gap else random.uniform(0, self._link.reconnect / 4)
        with self._changed:
            self._trying = gap == 0
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopping, seconds)
        return min(LONGEST_GAP, 2 * gap) if gap else self._link.reconnect
