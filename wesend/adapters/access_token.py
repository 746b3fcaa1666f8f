"""An access token that many calls share, and when another is fetched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from ..core import clock
from . import reading
from .http_reply import ANSWERED, Reply
from .outcomes import REFUSED, TEMPORARY

USUAL_S, LONGEST_S = 60, 24 * 3600  # a token's life when the vendor names none, and the longest that is believed
SPARE_MS = 30_000  # a token is not used in the last moments of its life
LONGEST_TOKEN = 4000  # characters
ReadToken = Callable[[Reply], tuple[str | None, int | None]]


def read_token(reply: Reply) -> tuple[str | None, int | None]:
    """Of the usual answer: ``{"access_token", "expires_in": seconds, maybe as text}``."""
    answer = reply.object()
    return reading.text(answer.get("access_token"), LONGEST_TOKEN), reading.whole(answer.get("expires_in"))


class Cache(Protocol):
    """Where other processes find a token, too."""

    def take(self) -> tuple[str, int] | None:
        """The token and until when it is good, in ms."""

    def put(self, token: str, good_until_ms: int) -> None:
        """Never raises for what the disk says."""


class Token:
    """An access token, shared by the threads of a process, and by all that have its ``cache``, until it expires.

    ``fetch(until)`` asks for one, ``read`` finds it in the answer, with the seconds of its life where they are told.
    """

    def __init__(self, fetch: Callable[[float], Reply], *, read: ReadToken | None = None, usual_s: int = USUAL_S):
        self._fetch, self._read, self._usual_s = fetch, read or read_token, usual_s
        self._lock = threading.Lock()
        self._token: str | None = None
        self._turned_down: str | None = None
        self._got_at_ms = self._good_until_ms = 0
        self.cache: Cache | None = None

    def get(self, until: float) -> tuple[str | None, Reply | None]:
        """The token, else the reply that brought none. ``until``: monotonic seconds, for waiting and asking in all."""
        if not self._lock.acquire(timeout=max(until - time.monotonic(), 0)):
            return None, Reply(TEMPORARY, code="busy", reason="The gateway's access token did not come in time")
        try:
            if not self._is_good():
                self._look_in_the_cache()
            if self._is_good():
                return self._token, None
            reply = self._fetch(until)
            token, seconds = self._read(reply) if reply.kind == ANSWERED else (None, None)
            if token is None:
                # Whatever went wrong here, nobody was asked to pay yet. Its status is not that of a charge.
                return None, Reply(
                    REFUSED if reply.kind == REFUSED else TEMPORARY,
                    code="no_token",
                    reason=f"No access token: {reply.reason or 'the gateway gave none'}",
                )
            life_ms = 1000 * min(self._usual_s if seconds is None else max(seconds, 0), LONGEST_S)
            self._got_at_ms = clock.now_ms()
            self._token, self._good_until_ms = token, self._got_at_ms + life_ms - min(SPARE_MS, life_ms // 10)
            if self.cache is not None:
                self.cache.put(token, self._good_until_ms)
            return token, None
        finally:
            self._lock.release()

    def _look_in_the_cache(self) -> None:
        found = self.cache.take() if self.cache is not None else None
        # A clock that was set back makes none last longer than it could have been given for.
        if found is not None and found[0] != self._turned_down and found[1] <= clock.now_ms() + LONGEST_S * 1000:
            self._token, self._good_until_ms = found
            self._got_at_ms = clock.now_ms()

    def _is_good(self) -> bool:
        """A clock that stands before the moment when it came was set back: nobody knows how old it is."""
        return self._token is not None and self._got_at_ms <= clock.now_ms() < self._good_until_ms

    def forget(self, token: str) -> None:
        """This token was turned down: the next `get` fetches another, unless one came meanwhile."""
        with self._lock:
            self._turned_down = token
            if self._token == token:
                self._token = None
