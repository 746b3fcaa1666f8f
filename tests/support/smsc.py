"""What both SMSCs of the tests have in common: they note what arrives, and put long messages together again."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

ENOUGH = 20.0  # seconds; far more than anything takes, so that a loaded machine fails no test


def eventually(condition: Callable, what: str):
    """Wait for ``condition`` to be true and return what it gave."""
    end = time.monotonic() + ENOUGH
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.005)
    return found


class Arrived(NamedTuple):
    """A submit_sm; ``text`` as the peer itself decodes it, ``udh`` without its length byte."""

    message_id: str | None
    source: str
    source_ton: int
    destination: str
    destination_ton: int
    data_coding: int
    registered: int
    udh: bytes
    text: str
    session: str


class Smsc:
    """``statuses``: answers to the next submits (0 afterwards); ``ids``: the ids to give (counted up afterwards);
    ``is_silent``: submits get no answer."""

    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self.binds: list[str] = []
        self.statuses: deque[int] = deque()
        self.ids: deque[str] = deque()
        self.is_silent = False
        self._given = 0
        self._lock = threading.Lock()

    def decide(self) -> tuple[int, str]:
        """The status and the id for a submit that has come."""
        with self._lock:
            status = self.statuses.popleft() if self.statuses else 0
            if status == 0 and self.ids:
                return 0, self.ids.popleft()
            self._given += 1
            return status, f"m{self._given}"

    def accepted(self) -> list[Arrived]:
        return [arrived for arrived in self.arrived if arrived.message_id is not None]

    def texts(self) -> dict[str, list[str]]:
        """The accepted messages of each destination, long ones put together by their UDH; complete ones only."""
        found: dict[str, list[str]] = {}
        parts: dict[tuple[str, str, int], dict[int, str]] = {}
        for arrived in self.accepted():
            if not arrived.udh:
                found.setdefault(arrived.destination, []).append(arrived.text)
                continue
            element, length, reference, total, number = arrived.udh
            assert (element, length) == (0, 3)
            of_message = parts.setdefault((arrived.source, arrived.destination, reference), {})
            assert number not in of_message, "a part came twice"
            of_message[number] = arrived.text
            if len(of_message) == total:
                whole = "".join(text for _, text in sorted(of_message.items()))
                found.setdefault(arrived.destination, []).append(whole)
        return found
