"""How gateways stand: what an operator is shown of each."""

from __future__ import annotations

from tests.support.gateways import ACTOR, set_up
from wesend.database import write
from wesend.gateways import breaker
from wesend.gateways import status as gateway_status


def fail(times: int) -> None:
    for _ in range(times):
        write(lambda tx: breaker.note(tx, "at", failed=1, went_well=False, error="down"))


def state(name: str = "at") -> str:
    return gateway_status.status_of(name, actor=ACTOR).state


def test_those_that_were_set_up_come_first_and_every_one_is_there(app_with):
    with app_with(WESEND_SMTP_URL="smtp://127.0.0.1:1").app_context():
        set_up("mpesa", name="zebra")
        set_up("africastalking", name="at", parallel=3, tps="2.5")
        found = gateway_status.statuses(actor=ACTOR)
    assert [(one.info.name, one.info.kind, one.is_built_in) for one in found] == [
        ("at", "sms", False),
        ("zebra", "money", False),
        ("sandbox", "sms", True),
        ("sandbox-money", "money", True),
        ("smtp", "mail", True),
        ("sandbox-mail", "mail", True),
    ]
    assert [(one.title, one.tps, one.parallel) for one in found[:3]] == [
        ("Africa's Talking", 2.5, 3),
        ("M-Pesa", None, None),
        ("Sandbox", None, None),
    ]


def test_it_works_rests_is_on_trial_and_works_again(context, clock):
    set_up("africastalking", name="at")
    fail(breaker.FAILURES - 1)
    assert state() == gateway_status.WORKS
    fail(1)
    resting = gateway_status.status_of("AT", actor=ACTOR)
    assert resting.state == gateway_status.RESTS
    assert resting.record.rests_until == resting.record.last_error_at + breaker.FIRST_REST_MS
    clock.advance(6)
    assert state() == gateway_status.ON_TRIAL
    write(lambda tx: breaker.note(tx, "at", failed=0, went_well=True, error=None))
    after = gateway_status.status_of("at", actor=ACTOR)
    assert (after.state, after.record.failures, after.record.last_error) == (gateway_status.WORKS, 0, "down")


def test_one_whose_secrets_can_not_be_read_is_unusable(app_with, context):
    set_up("africastalking", name="at")
    with app_with(WESEND_SECRET_KEY="another").app_context():
        found = gateway_status.status_of("at", actor=ACTOR)
    assert found.state == gateway_status.UNUSABLE and "secret key" in found.info.problem
