"""A test of a gateway: past wallets, within its limits, and counted as any call."""

from __future__ import annotations

import pytest

from tests.support.fakes import FakeVendor, answer
from tests.support.gateways import ACTOR, set_up
from wesend.adapters.sms.africastalking import AfricasTalking
from wesend.coordination import call_slots
from wesend.core.errors import InvalidInput, TextTooLong
from wesend.database import query, write
from wesend.gateways import breaker, probe, registry

PHONE = "+256712345678"
ACCEPTED = {"SMSMessageData": {"Message": "Sent", "Recipients": [{"statusCode": 101, "number": PHONE, "messageId": "ATX1"}]}}


@pytest.fixture
def vendor():
    vendor = FakeVendor()
    yield vendor
    vendor.stop()


@pytest.fixture
def at(context, vendor):
    vendor.on("POST", "/version1/messaging", answer(201, ACCEPTED))
    return set_up("africastalking", vendor.url, name="at", parallel=1)


def test_one_sms_goes_out_and_nobody_pays(at, vendor):
    tried = probe.send_probe(" AT ", "256 712 345678", sender="SHOP", actor=ACTOR)
    assert (tried.ok, tried.gateway, tried.to, tried.said) == (True, "at", PHONE, "ATX1")
    assert {key: vendor.last.form[key] for key in ("to", "message", "from")} == {"to": PHONE, "message": probe.TEXT, "from": "SHOP"}
    assert query("SELECT count(*) FROM messages")[0][0] == 0
    assert [tuple(row) for row in query("SELECT subject, detail FROM audit_log WHERE action = 'gateway.test'")] == [
        ("at", "accepted")
    ]


def test_one_that_works_again_ends_the_rest(at):
    for _ in range(breaker.FAILURES):
        write(lambda tx: breaker.note(tx, "at", failed=1, went_well=False, error="down"))
    assert breaker.rests("at")
    probe.send_probe("at", PHONE, actor=ACTOR)
    assert not breaker.rests("at") and not breaker.is_on_trial("at")


def test_one_that_fails_is_kept_as_the_last_error(at, vendor):
    vendor.on("POST", "/version1/messaging", answer(503, "closed for today"))
    assert probe.send_probe("at", PHONE, actor=ACTOR).outcome.kind == "temporary"
    record = breaker.records()["at"]
    assert record.failures == 1 and "closed for today" in record.last_error and record.last_error_at


def test_a_refusal_of_the_message_says_nothing_against_the_gateway(at, vendor):
    vendor.on("POST", "/version1/messaging", answer(401, "The supplied authentication is invalid"))
    tried = probe.send_probe("at", PHONE, actor=ACTOR)
    assert (tried.ok, tried.outcome.kind) == (False, "refused") and "authentication is invalid" in tried.said
    assert "at" not in breaker.records()


def test_an_adapter_that_raises_has_not_said_what_became_of_it(at, monkeypatch):
    monkeypatch.setattr(AfricasTalking, "submit", lambda *_: 1 / 0)
    assert probe.send_probe("at", PHONE, actor=ACTOR).outcome.kind == "unknown"


def test_the_gateways_limits_hold_for_it_too(at, app, vendor, monkeypatch):
    monkeypatch.setattr(probe, "_seconds", lambda: 0)
    with call_slots.slot(registry.sms_gateway("at"), 0) as held:
        assert held and probe.send_probe("at", PHONE, actor=ACTOR).outcome.kind == "temporary"
    assert vendor.asked == [] and "at" not in breaker.records()


@pytest.mark.parametrize(
    ("to", "text", "refusal", "field"),
    [
        ("0712345678", "Hi", InvalidInput, "to"),
        ("nobody", "Hi", InvalidInput, "to"),
        (PHONE, "  ", InvalidInput, "text"),
        (PHONE, "x" * 1531, TextTooLong, "text"),
    ],
)
def test_what_can_not_be_sent_is_told_at_its_field(at, vendor, to, text, refusal, field):
    with pytest.raises(refusal) as refused:
        probe.send_probe("at", to, text=text, actor=ACTOR)
    assert list(refused.value.fields) == [field] and vendor.asked == []
