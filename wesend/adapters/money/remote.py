"""Base of the mobile-money gateways that talk HTTP: settings, the client, and its access token."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..access_token import Token
from ..http_client import HttpClient, Reply
from ..options import read_options
from ..outcomes import REFUSED, TEMPORARY, UNKNOWN
from .base import ChargeAnswer, MoneyGateway


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
