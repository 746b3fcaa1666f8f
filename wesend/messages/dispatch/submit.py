"""Submit: hand messages that are marked `submitting` to their gateways, with no transaction open, and settle them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from flask import Flask

from ...adapters.sms.base import TEMPORARY, Outcome, SmsGateway, Submission
from ...coordination import bell, pace
from ...core import clock, storage
from ...core.channels import EMAIL, SMS
from ...core.chunks import chunks
from ...core.current_app import this_app
from ...core.languages import marked
from ...database import Tx, query, write_surely
from ...gateways import calls, registry
from ..email import compose as mail
from ..reporting.sent import Paid, Sent, sent_later
from ..sending.in_request import Dispatch, dispatch_by
from ..state.outgoing import Outgoing
from ..state.sealed_texts import unseal
from ..state.transitions import Moved
from . import last_look
from .settle import NOT_BEGUN, settle

LOOKED_AT_JUST_NOW = 0.05  # seconds after which a request that waited looks again whether its messages may leave
RENDERING = threading.Lock()
"""A mail of 2 MB takes ten times that while it is rendered: one at a time, since Python does no more at once anyway."""


class _Told(NamedTuple):
    """The batch of which a call is answered, and what it was when it was ``paid``."""

    uid: str
    paid: Paid | None

    def after(self, tx: Tx, moved: list[Moved]) -> Callable[[], Sent | None]:
        """The batch as it is at this point of a transaction, which has moved these; to be called once it is committed."""
        sent = self.paid.submitted(moved) if self.paid is not None else None
        return (lambda: sent) if sent is not None else sent_later(tx, self.uid)


def submission_of(outgoing: Outgoing, *, leaves: bool = True) -> Submission:
    """``leaves``: this process, so that a mail is needed as it goes over the wire."""
    mime = _mime_of(outgoing) if outgoing.channel == EMAIL and leaves else None
    text = unseal(outgoing.fields) if outgoing.channel == SMS and outgoing.fields and leaves else outgoing.text
    return Submission(
        outgoing.id,
        outgoing.uid,
        outgoing.recipient,
        text,
        outgoing.sender,
        outgoing.segments,
        outgoing.encoding,
        outgoing.attempts + 1,
        mime,
        outgoing.charges,
        outgoing.form,
        None if outgoing.valid_until is None else max(1, -((clock.now_ms() - outgoing.valid_until) // clock.SECOND)),
    )


def _mime_of(outgoing: Outgoing) -> bytes:
    with RENDERING:
        return mail.render(mail.Mail.leaving(outgoing)).as_bytes()


def call(gateway: SmsGateway, group: list[Outgoing]) -> list[Outcome]:
    """What the gateway says of messages, or that it is unknown."""
    leaves = not gateway.in_process
    return calls.outcomes_of(gateway, lambda: [submission_of(outgoing, leaves=leaves) for outgoing in group], len(group))


def in_calls(gateway: SmsGateway, messages: list[Outgoing]) -> list[list[Outgoing]]:
    """The messages as the gateway takes them: those that may share a call together, as many as its limits allow."""
    most = pace.at_once(gateway)
    if most == 1:
        return [[message] for message in messages]
    alike: dict[object, list[Outgoing]] = {}
    for message in messages:
        alike.setdefault(gateway.batch_key(submission_of(message, leaves=False)), []).append(message)
    return [call for group in alike.values() for call in chunks(group, most)]


def init_app(app: Flask) -> None:
    dispatch_by(app, Dispatch(settle, submit))


def submit(messages: list[Outgoing], token: str, batch_uid: str, paid: Paid | None = None) -> Sent | None:
    """Submit what a request claimed, messages in parallel, and settle it.

    What can't be begun within the gateway's time budget goes back to the queue. The batch as it is afterwards, where one
    call had all its messages; ``paid``: as it was before.
    """
    work = []
    for gateway, group in _by_gateway(messages):
        if gateway is None:
            _settle(group, [Outcome(TEMPORARY, code="no_gateway", text=marked("The gateway was removed"))] * len(group), token)
        else:
            work.append((gateway, group))
    return _submit(work, token, _Told(batch_uid, paid)) if work else None


def _by_gateway(outgoing: list[Outgoing]) -> list[tuple[SmsGateway | None, list[Outgoing]]]:
    groups: dict[str, list[Outgoing]] = {}
    for message in outgoing:
        groups.setdefault(message.gateway, []).append(message)
    return [(registry.gateway(name), group) for name, group in groups.items()]


def _submit(work: list[tuple[SmsGateway, list[Outgoing]]], token: str, batch: _Told) -> Sent | None:
    app = this_app()
    deadline = time.monotonic() + app.config["WESEND"].gateway_timeout / 2
    groups = [(gateway, group) for gateway, messages in work for group in in_calls(gateway, messages)]

    def one(gateway: SmsGateway, group: list[Outgoing], whole: _Told | None = None) -> Sent | None:
        outcomes = _call_within(gateway, group, deadline)
        if outcomes is None:
            outcomes = [Outcome(NOT_BEGUN, text=marked("It could not leave at once; queued"))] * len(group)
        sent = _settle(group, outcomes, token, whole)
        if outcomes[0].kind == NOT_BEGUN:
            bell.dispatcher_of([gateway.name])()
        return sent

    def one_apart(gateway: SmsGateway, group: list[Outgoing]) -> None:
        with app.app_context():
            one(gateway, group)

    if len(groups) == 1:
        return one(*groups[0], batch)  # in this thread, and in its context
    width = min(len(groups), sum(gateway.parallel for gateway, _ in work))
    with ThreadPoolExecutor(max_workers=width, thread_name_prefix="submit") as pool:
        for future in [pool.submit(one_apart, gateway, group) for gateway, group in groups]:
            future.result()
    return None


def _call_within(gateway: SmsGateway, group: list[Outgoing], deadline: float) -> list[Outcome] | None:
    """Call when there is room before ``deadline`` (monotonic seconds); None: not begun.

    What began later could still be under way when the lease, and the request's own time, have ended.
    """
    began = time.monotonic()
    if began >= deadline:
        return None
    try:
        with calls.room(gateway, len(group), deadline) as free:
            if free and (time.monotonic() - began < LOOKED_AT_JUST_NOW or _may_leave(group)):
                return call(gateway, group)
    except OSError as error:  # of the files of slots and pace, before the call, which raises nothing
        if storage.cause_of(error) is None:
            raise
    return None


def _may_leave(group: list[Outgoing]) -> bool:
    """Looked at once more after a wait: the account may have been suspended, a recipient have opted out or been blocked."""
    suspended = query("SELECT 1 FROM accounts WHERE id = ? AND status = 'suspended'", (group[0].account_id,))
    return not suspended and not last_look.look(group).stays


def _settle(group: list[Outgoing], outcomes: list[Outcome], token: str, batch: _Told | None = None) -> Sent | None:
    """What can't be recorded now is recorded later, and the call is answered as accepted: it may have gone out.

    With ``batch``, that one as it was committed.
    """
    results = list(zip(group, outcomes, strict=True))
    told: list[Callable[[], Sent | None]] = []

    def unit(tx: Tx) -> None:
        moved = settle(tx, results, token)
        if batch is not None:
            told[:] = [batch.after(tx, moved)]

    return told[0]() if write_surely(unit) and told else None
