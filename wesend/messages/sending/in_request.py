"""A send whose request waits for the gateway's answer: which gateways, and the seam to dispatch, which does it.

Dispatch lies below sending and imports it; so it says itself, when the application is made, how a message is submitted
and settled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import Flask

from ...adapters.sms.base import Outcome
from ...core.current_app import this_app
from ...database import Tx
from ...gateways import breaker, registry
from ..reporting.sent import Paid, Sent
from ..state.outgoing import Outgoing
from ..state.transitions import Moved

HOOK = "wesend.dispatch_in_request"


class AtOnce(NamedTuple):
    """Names of gateways whose messages don't wait in the queue: what the ``known`` ones do follows from the number alone,
    the ``called`` ones are called by the request itself."""

    known: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()

    @property
    def gateways(self) -> frozenset[str]:
        return self.known | self.called


class Dispatch(NamedTuple):
    """``settle`` records outcomes of messages that a token holds; ``submit`` calls their gateways, and settles."""

    settle: Callable[[Tx, list[tuple[Outgoing, Outcome]], str], list[Moved]]
    submit: Callable[[list[Outgoing], str, str, Paid | None], Sent | None]


def dispatch_by(app: Flask, dispatch: Dispatch) -> None:
    app.extensions[HOOK] = dispatch


def settle(tx: Tx, results: list[tuple[Outgoing, Outcome]], token: str) -> list[Moved]:
    """Record what became of messages, as for any gateway; what moved."""
    found: Dispatch = this_app().extensions[HOOK]
    return found.settle(tx, results, token)


def submit(messages: list[Outgoing], token: str, batch_uid: str, paid: Paid | None = None) -> Sent | None:
    """Submit messages of this request, with no transaction open, and settle them; what can't begin now is queued.

    The batch as that left it, where it was settled in one; ``paid``: as it was before.
    """
    if not messages:
        return None
    found: Dispatch = this_app().extensions[HOOK]
    return found.submit(messages, token, batch_uid, paid)


def reachable(names: set[str]) -> AtOnce:
    """The gateways of these that are known by number, and those to be called that don't rest."""
    gateways = registry.sms_gateways()
    known = frozenset(name for name in names if name in gateways and gateways[name].known_by_number)
    called = frozenset(name for name in names - known if name in gateways and gateways[name].may_submit())
    return AtOnce(known, called - breaker.on_trial() if called else called)
