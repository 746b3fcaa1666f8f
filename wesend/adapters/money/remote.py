"""Base of the mobile-money gateways that talk HTTP: settings, the client, and its access token."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...core import money
from ...core.languages import Sentence, sentence
from .. import hiding, reading
from ..access_token import Token
from ..http_client import HttpClient, Reply
from ..options import read_options
from ..outcomes import REFUSED, TEMPORARY, UNKNOWN
from .base import Charge, ChargeAnswer, MoneyGateway


class _Watched(HttpClient):
    """Knows the last reply of each thread."""

    def __init__(self, timeout: float):
        super().__init__(timeout)
        self.last = threading.local()

    def request(self, *arguments: Any, **options: Any) -> Reply:
        self.last.reply = super().request(*arguments, **options)
        return self.last.reply


class RemoteMoney(MoneyGateway):
    """``timeout``: seconds for a charge or a question in all; ``callback_url``: ours, where the vendor tells of it."""

    def __init__(self, name: str, options: Mapping[str, Any], secrets: Mapping[str, Any], *, timeout: float, callback_url: str):
        super().__init__(name)
        self.settings, self.credentials = read_options(type(self), options, secrets)
        self.timeout, self.callback_url = timeout, callback_url
        self.hidden = hiding.words_of(self.credentials.values(), callback_url)
        self.base_url = (self.settings["base_url"] or "").rstrip("/")
        self.currencies, self.networks = self.settings["currencies"], self.settings["networks"]
        self.priority = self.settings["priority"]
        self.http = _Watched(timeout)

    def trouble(self) -> str | None:
        reply = getattr(self.http.last, "reply", None)
        self.http.last.reply = None
        return (reply.reason or reply.code) if reply is not None and self.has_failed(reply) else None

    def has_failed(self, reply: Reply) -> bool:
        """Whether the gateway could not be relied on: what it says of a charge, be it a refusal, is no failure."""
        return reply.kind in (TEMPORARY, UNKNOWN)

    def close(self) -> None:
        self.http.close()


def not_charged(
    reply: Reply, reason: str | None = None, *, gateway_ref: str | None = None, may_be_asked: bool = False
) -> ChargeAnswer:
    """The answer to a charge when the reply is not ANSWERED; what surely was not carried out is refused.

    ``may_be_asked``: the body says that the payer is being asked, whatever the status.
    """
    if reply.kind in (REFUSED, TEMPORARY) and not may_be_asked:
        return ChargeAnswer(REFUSED, reason=reason or reply.reason)
    return ChargeAnswer(UNKNOWN, gateway_ref, reason or reply.reason)


def not_taken(title: str, currency: str, given: Sequence[str]) -> Sentence:
    """Why the currencies that were given can't be those of a gateway that has one."""
    return sentence(
        "The option currencies of %(title)s must be %(currency)s, not %(given)s",
        title=title,
        currency=currency,
        given=", ".join(given),
    )


def is_of(charge: Charge, currency: Any) -> bool:
    """Whether what was paid is of the charge's currency, as far as the gateway tells one."""
    told = reading.text(currency)
    return told is None or told[:3].upper() == charge.currency


def whole_amount(charge: Charge) -> int | None:
    """The amount in whole units of its currency; None when it is none."""
    amount, fraction = divmod(charge.amount_micros, money.MICRO)
    return amount if not fraction and amount >= 1 else None


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
