"""A probe: one real SMS through a gateway, past wallets and routes (`wesend gateway test`)."""

from __future__ import annotations

import time
from typing import NamedTuple

from flask import current_app

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..adapters.sms.base import ACCEPTED, TEMPORARY, Outcome, SmsGateway, Submission
from ..core import phones
from ..core.errors import GatewayNotFound, InvalidInput, TextTooLong
from ..core.ids import new_id
from ..core.languages import sentence
from ..core.segments import MAX_SEGMENTS, count
from ..database import atomic
from . import breaker, calls, registry, request_limits
from .service import named

TEXT = "Test by wesend"
NO_ROOM = Outcome(TEMPORARY, code="busy", text="Its limits are used up by other messages: try again in a moment")


class Probe(NamedTuple):
    """``to`` as it was sent to (E.164), and what the gateway made of it."""

    gateway: str
    to: str
    outcome: Outcome

    @property
    def ok(self) -> bool:
        return self.outcome.kind == ACCEPTED

    @property
    def said(self) -> str | None:
        """What the gateway said of it, in its own words where it has some."""
        return self.outcome.text or self.outcome.code or self.outcome.gateway_ref


def send_probe(name: str, to: str, *, text: str = TEXT, sender: str | None = None, actor: Actor) -> Probe:
    """Send now, within the gateway's own limits. It counts as any call does: what works again ends its rest.

    GatewayNotFound, or InvalidInput with the field that is wrong: ``to``, ``text``. TooManyAsked.
    """
    roles.require(actor, OPERATE)
    adapter = _adapter(named(name))
    phone = phones.normalise(to, None)
    if phone is None:
        raise _refused("to", f"{to!r} is no phone number with its country code")
    measured = count(text)
    if not text.strip():
        raise _refused("text", "There is no text to send")
    if measured.count > MAX_SEGMENTS:
        raise TextTooLong(
            sentence(
                "The message has %(count)s segments; at most %(max_segments)s are allowed",
                count=measured.count,
                max_segments=MAX_SEGMENTS,
            ),
            {"text": ["Too long"]},
        )
    with request_limits.asked_by_hand():
        outcome = _submit(adapter, Submission(0, new_id(), phone.e164, text, sender or None, measured.count, measured.encoding, 1))
    with atomic() as tx:
        if not adapter.in_process and outcome is not NO_ROOM:
            breaker.note_call(tx, adapter.name, [outcome])
        audit_log.record(tx, actor=actor, action="gateway.test", subject=adapter.name, detail=outcome.kind)
    return Probe(adapter.name, phone.e164, outcome)


def _adapter(name: str) -> SmsGateway:
    adapter = registry.sms_gateway(name)
    if adapter is None and registry.money_gateway(name) is not None:
        raise InvalidInput(
            sentence("%(name)s takes money and sends no SMS: try it by a top-up, and `wesend deposit check`", name=name)
        )
    if adapter is None:
        raise GatewayNotFound(sentence("There is no SMS gateway named %(name)s", name=name))
    return adapter


def _refused(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {field: [sentence]})


def _submit(adapter: SmsGateway, submission: Submission) -> Outcome:
    """No transaction is open meanwhile; it may take as long as the gateway may."""
    if adapter.in_process:
        return adapter.submit([submission])[0]
    with calls.room(adapter, 1, time.monotonic() + _seconds()) as free:
        if not free:
            return NO_ROOM
        outcome = calls.outcomes_of(adapter, lambda: [submission], 1)[0]
    if outcome.code == "error" and outcome.meta:  # it raised: operators may read what
        return outcome._replace(text=outcome.meta["error"])
    return outcome


def _seconds() -> float:
    """How long there may be no room, as for a message of a request."""
    return current_app.config["WESEND"].gateway_timeout / 2
