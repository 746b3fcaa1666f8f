"""What a send tells from memory is what stands in the database, column by column."""

from __future__ import annotations

import pytest

from wesend.adapters.sms.base import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, Outcome
from wesend.adapters.sms.sandbox_numbers import BUSY_TWICE, FAILS_LATER, HANGS, REFUSES, SILENT
from wesend.core import clock
from wesend.messages.reporting.sent import load_sent
from wesend.messages.sending import send as sending
from wesend.messages.sending.compose import read_recipients
from wesend.messages.sending.options import Options
from wesend.messages.state.outgoing import IN_REQUEST_LIMIT

from ...support.domain import ACTOR, NUMBERS, ORIGIN, composer, make_route, make_wallet

SOON = Options("scheduled", scheduled_at=clock.now_ms() + clock.HOUR, reference="R-1")


@pytest.mark.parametrize("options", [Options(), SOON, Options("drip", drip_rate=60)], ids=lambda options: options.mode)
@pytest.mark.parametrize(
    "endings",
    [("",), ("", "", FAILS_LATER), (REFUSES,), ("", REFUSES, SILENT), (HANGS, BUSY_TWICE)],
    ids=lambda endings: "+".join(ending or "plain" for ending in endings),
)
def test_a_send_tells_what_is_stored(options, endings):
    make_route("ESMS_UG", None)
    wallet = make_wallet(is_sandbox=True)
    recipients = [f"+25677{ending}" if ending else number for ending, number in zip(endings, NUMBERS, strict=False)]
    to = read_recipients([*recipients, "nonsense"], "UG")
    told = sending.send(composer(wallet), to, actor=ACTOR, origin=ORIGIN, options=options, raise_rejected=False)
    stored = load_sent(told.batch["uid"])
    assert dict(told.batch) == dict(stored.batch)
    assert [dict(message) for message in told.messages] == [dict(message) for message in stored.messages]
    assert told.balance_micros == stored.balance_micros


TAKEN, TAKEN_DEARLY = Outcome(ACCEPTED, "ref-1"), Outcome(ACCEPTED, "ref-2", meta={"cost": "UGX 12"})
NOT_NOW, REFUSED_IT, UNCLEAR = Outcome(TEMPORARY, code="busy"), Outcome(REFUSED, code="no"), Outcome(UNKNOWN)


@pytest.mark.parametrize("batch", [1, 10], ids=["a call each", "one call"])
@pytest.mark.parametrize("delivers_at_once", [False, True])
@pytest.mark.parametrize(
    "outcomes",
    [(TAKEN,), (TAKEN_DEARLY, TAKEN), (TAKEN, REFUSED_IT), (NOT_NOW,), (TAKEN, NOT_NOW, UNCLEAR), (REFUSED_IT,)],
    ids=lambda outcomes: "+".join(outcome.kind for outcome in outcomes),
)
def test_a_send_tells_what_is_stored_once_a_carrier_has_answered(carrier, outcomes, delivers_at_once, batch):
    wallet = make_wallet()
    carrier.batch, carrier.delivers_at_once = batch, delivers_at_once
    carrier.outcomes.extend(outcomes)
    to = read_recipients(NUMBERS[: len(outcomes)], "UG")
    told = sending.send(composer(wallet), to, actor=ACTOR, origin=ORIGIN, raise_rejected=False)
    stored = load_sent(told.batch["uid"])
    assert len(carrier.submitted) == len(outcomes) and told.batch["in_request"] == (NOT_NOW not in outcomes)
    assert dict(told.batch) == dict(stored.batch)
    assert [dict(message) for message in told.messages] == [dict(message) for message in stored.messages]
    assert told.balance_micros == stored.balance_micros


def test_what_is_told_of_many_holds_no_texts():
    """A request names 69,000 people: their texts of 1,000 characters took 280 MB beside all else."""
    make_route("ESMS_UG", None)
    numbers = [f"+2567712{number:05}" for number in range(IN_REQUEST_LIMIT + 1)]
    wallet = make_wallet("100000", is_sandbox=True)
    told = sending.send(composer(wallet), read_recipients(numbers, "UG"), actor=ACTOR, origin=ORIGIN).messages
    assert [message["recipient"] for message in told] == numbers
    assert not {"text", "fields"} & set(told[0].keys())
