"""Base of the mobile-money gateways that talk HTTP: settings, the client, and its access token."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ...core import clock
from .. import reading
from ..http_client import ANSWERED, HttpClient, Reply
from ..options import read_options
from ..outcomes import REFUSED, TEMPORARY, UNKNOWN
from .base import ChargeAnswer, MoneyGateway

USUAL_S, LONGEST_S = 60, 24 * 3600  # a token's life when the vendor names none, and the longest that is believed
SPARE_MS = 30_000  # a token is not used in the last moments of its life


class RemoteMoney(MoneyGateway):
    """``timeout``: seconds for a charge or a question in all; ``callback_url``: ours, where the vendor tells of it."""

    def __init__(self, name: str, options: Mapping[str, Any], secrets: Mapping[str, Any], *, timeout: float, callback_url: str):
        super().__init__(name)
        self.settings, self.credentials = read_options(type(self), options, secrets)
        self.timeout, self.callback_url = timeout, callback_url
        self.base_url = (self.settings["base_url"] or "").rstrip("/")
        self.currencies, self.networks = self.settings["currencies"], self.settings["networks"]
        self.priority = self.settings["priority"]
        self.http = HttpClient(timeout)

    def close(self) -> None:
        self.http.close()


def not_charged(reply: Reply, reason: str | None = None, *, gateway_ref: str | None = None) -> ChargeAnswer:
    """The answer to a charge when the reply is not ANSWERED; what surely was not carried out is refused."""
    if reply.kind in (REFUSED, TEMPORARY):
        return ChargeAnswer(REFUSED, reason=reason or reply.reason)
    return ChargeAnswer(UNKNOWN, gateway_ref, reason or reply.reason)


class Cache(Protocol):
    """Where other processes find a token, too."""

    def take(self) -> tuple[str, int] | None:
        """The token and until when it is good, in ms."""

    def put(self, token: str, good_until_ms: int) -> None:
        """Never raises for what the disk says."""


class Token:
    """An access token, shared by the threads of a process, and by all that have its ``cache``, until it expires.

    ``fetch(until)`` asks for one: ``{"access_token", "expires_in": seconds, maybe as text}``.
    """

    def __init__(self, fetch: Callable[[float], Reply]):
        self._fetch = fetch
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
            token = reading.text(reply.object().get("access_token"), 4000) if reply.kind == ANSWERED else None
            if token is None:
                # Whatever went wrong here, nobody was asked to pay yet. Its status is not that of a charge.
                return None, Reply(
                    REFUSED if reply.kind == REFUSED else TEMPORARY,
                    code="no_token",
                    reason=f"No access token: {reply.reason or 'the gateway gave none'}",
                )
            seconds = reading.whole(reply.object().get("expires_in"))
            life_ms = 1000 * min(USUAL_S if seconds is None else max(seconds, 0), LONGEST_S)
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


class TokenMoney(RemoteMoney):
    """Those whose calls carry a bearer token: ``fetch_token`` asks for one, `call` sends with it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.token = Token(self.fetch_token)

    def fetch_token(self, until: float) -> Reply:
        raise NotImplementedError

    def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, json: Any = None) -> Reply:
        """A 401 says that nothing was carried out, so a fresh token is tried once."""
        until = time.monotonic() + self.timeout
        for _ in range(2):
            token, problem = self.token.get(until)
            if token is None:
                assert problem is not None
                return problem
            reply = self.http.request(
                method,
                self.base_url + path,
                json=json,
                until=until,
                headers={**(headers or {}), "Authorization": f"Bearer {token}"},
            )
            if not self.turned_down(reply):
                break
            self.token.forget(token)
        return reply

    def turned_down(self, reply: Reply) -> bool:
        """Whether the token was not taken."""
        return reply.status == 401
