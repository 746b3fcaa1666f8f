"""A call of a gateway: begun when its limits leave room, and what it means when the adapter gives no clear answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from flask import current_app

from ..adapters import hiding
from ..adapters.sms.base import UNKNOWN, Outcome, SmsGateway, Submission
from ..coordination import call_slots, pace


@contextmanager
def room(gateway: SmsGateway, messages: int, deadline: float) -> Iterator[bool]:
    """Holds one of the gateway's calls; False when its limits left none for so many messages before ``deadline``
    (monotonic seconds).
    """
    with call_slots.slot(gateway, max(deadline - time.monotonic(), 0)) as free:
        left = deadline - time.monotonic()
        yield free and left > 0 and pace.wait_for_turn(gateway, messages, left)


def outcomes_of(gateway: SmsGateway, submissions: Callable[[], Sequence[Submission]], count: int) -> list[Outcome]:
    """What the gateway says of ``count`` messages; an adapter that raises has not said what became of them."""
    try:
        outcomes = gateway.submit(list(submissions()))
    except Exception as error:
        current_app.logger.exception("gateway %s raised", gateway.name)
        told = {"error": hiding.without(gateway.hidden, f"{type(error).__name__}: {error}"[:200])}
        return [Outcome(UNKNOWN, code="error", text="The gateway gave no clear answer", meta=told)] * count
    if len(outcomes) != count:
        return [Outcome(UNKNOWN, code="error", text="The gateway answered for other messages")] * count
    return [_shown(gateway, outcome) for outcome in outcomes] if gateway.hidden else outcomes


def _shown(gateway: SmsGateway, outcome: Outcome) -> Outcome:
    """An outcome whose words everybody may read."""
    if not outcome.text and not outcome.code:
        return outcome
    return outcome._replace(
        code=outcome.code and hiding.without(gateway.hidden, outcome.code),
        text=outcome.text and hiding.without(gateway.hidden, outcome.text),
    )
