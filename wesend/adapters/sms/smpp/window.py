"""The window: how many submit_sm may wait for their answers, and whose answer is whose."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

LAST_SEQUENCE = 0x7FFFFFFF


class Answer(NamedTuple):
    """What became of one submit_sm: once ``written``, its ``status`` (None: no answer came) and the id it was given."""

    written: bool
    status: int | None = None
    message_id: str = ""


NOT_WRITTEN = Answer(False)
NO_ANSWER = Answer(True)


class Call:
    """The answers to a caller's submit_sm, in their order; each stays NOT_WRITTEN until its turn has come."""

    def __init__(self, size: int):
        self.answers: list[Answer] = [NOT_WRITTEN] * size
        self.waiting = 0


class Window:
    """``size`` places on one connection, shared by all threads that submit over it."""

    def __init__(self, size: int):
        self._size = size
        self._changed = threading.Condition()
        self._out: dict[int, tuple[Call, int]] = {}
        self._sequence = 0
        self._lost = False

    def next_sequence(self) -> int:
        with self._changed:
            return self._count_up()

    def _count_up(self) -> int:
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        return self._sequence

    def take(self, call: Call, first: int, wanted: int, until: float) -> list[int]:
        """Places for the ``wanted`` entries from ``first``, as many as are free; their sequence numbers.

        Empty when the connection is lost or none gets free ``until`` then (monotonic). From now on what is not answered
        counts as written, because what a broken write has let out can't be known.
        """
        with self._changed:
            while not self._lost and len(self._out) >= self._size:
                if not self._changed.wait(until - time.monotonic()) and time.monotonic() >= until:
                    return []
            if self._lost:
                return []
            sequences = []
            for index in range(first, first + min(wanted, self._size - len(self._out))):
                sequence = self._count_up()
                self._out[sequence] = (call, index)
                call.answers[index] = NO_ANSWER
                sequences.append(sequence)
            call.waiting += len(sequences)
            return sequences

    def answer(self, answers: list[tuple[int, int, str]]) -> None:
        """Note answers as (sequence, status, id); one that nobody waits for any more is dropped."""
        with self._changed:
            for sequence, status, message_id in answers:
                call, index = self._out.pop(sequence, (None, 0))
                if call is not None:
                    call.answers[index] = Answer(True, status, message_id)
                    call.waiting -= 1
            self._changed.notify_all()

    def wait(self, call: Call, until: float) -> None:
        """Wait for the answers to what was written; gives the places of the rest back at the end of the time."""
        with self._changed:
            while call.waiting and not self._lost:
                if not self._changed.wait(until - time.monotonic()) and time.monotonic() >= until:
                    break
            if call.waiting:
                self._out = {sequence: entry for sequence, entry in self._out.items() if entry[0] is not call}
                self._changed.notify_all()

    def lose(self) -> None:
        """The connection is gone: nothing more is taken, and what is out stays without an answer."""
        with self._changed:
            self._lost = True
            self._changed.notify_all()
