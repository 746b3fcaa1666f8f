"""What a send costs: charged, refunded and refused to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from wesend.core import money
from wesend.database import query
from wesend.messages.reporting.sent import load_sent
from wesend.operations.audit import audit

from ..support.accounts import new_wesendall
from ..support.database import written
from ..support.wesendall import BUSY, FAILS, HANGS, LOW, REFUSED, SILENT, data_of, refused


def test_some_rejected_by_the_provider_are_200_and_refunded_in_the_same_request(app):
    api = new_wesendall(app)
    answer = api.send([REFUSED, "0712345678", "nobody"])
    data = data_of(answer)
    assert answer.json["message"] == "1 message sent"
    assert (data["total_recipients"], data["successful"], data["failed"]) == (3, 1, 2)
    assert (data["total_cost"], data["refunded"], data["remaining_balance"]) == (35, 35, 965)
    rejected = data["results"][0]
    assert (rejected["status"], rejected["cost"], rejected["segments"]) == ("failed", 0, 1)
    assert rejected["error"] and rejected["message_id"]
    assert api.balance() == 965


def test_all_rejected_is_502_and_everything_is_refunded(app):
    api = new_wesendall(app)
    answer = api.send([REFUSED, "0770000077"])
    assert answer.status_code == 502
    assert answer.json["error"] == "provider_rejected"
    assert answer.json["data"] == {"refunded": 70}
    assert api.balance() == 1000
    assert [(message["status"], message["cost"]) for message in api.history()] == [("failed", 0)] * 2
    assert all(message["error"] for message in api.history())


def test_a_refund_is_given_once(app, jobs):
    api = new_wesendall(app)
    api.send([REFUSED, "0712345678"])
    for _ in range(2):
        jobs.settle()
        jobs.expire()
    assert api.balance() == 965
    with app.app_context():
        assert len(query("SELECT 1 FROM ledger_entries WHERE kind = 'refund'")) == 1
        assert audit().problems == []


def test_a_recipient_of_low_balance_makes_the_whole_call_402_and_keeps_nothing(app, wesendall):
    before = written(app)
    answer = wesendall.send(["0712345678", LOW])
    assert refused(answer, 402, "insufficient_balance")
    assert set(answer.json["data"]) == {"wallet_id", "balance", "required", "currency"}
    assert written(app) == before


def test_a_receipt_of_failure_keeps_the_charge(app, jobs):
    api = new_wesendall(app)
    assert data_of(api.send(FAILS))["results"][0]["status"] == "sent"
    jobs.settle()
    [message] = api.history()
    assert (message["status"], message["error"], message["cost"], message["delivered_at"]) == ("failed", "UNDELIV", 35, None)
    assert api.balance() == 965


def test_an_unknown_outcome_is_answered_as_accepted_and_keeps_its_charge(app, clock, jobs):
    api = new_wesendall(app)
    result = data_of(api.send(HANGS))["results"][0]
    assert (result["status"], result["cost"], result["error"]) == ("sent", 35, None)
    jobs.settle()
    assert api.history()[0]["status"] == "sent"
    clock.advance(48 * 3600 + 1)
    jobs.expire()
    assert (api.history()[0]["status"], api.history()[0]["error"], api.balance()) == ("failed", "timeout", 965)


def test_no_receipt_leaves_it_sent_until_its_validity_is_over(app, clock, jobs):
    api = new_wesendall(app)
    assert data_of(api.send(SILENT))["results"][0]["status"] == "sent"
    clock.advance(48 * 3600 - 1)
    jobs.settle()
    jobs.expire()
    assert api.history()[0]["status"] == "sent"
    clock.advance(2)
    jobs.expire()
    assert (api.history()[0]["status"], api.history()[0]["error"], api.balance()) == ("failed", "timeout", 965)


def test_a_temporary_failure_is_queued_and_goes_out_later_for_one_charge(app, jobs):
    api = new_wesendall(app)
    result = data_of(api.send(BUSY))["results"][0]
    assert (result["status"], result["cost"], result["error"]) == ("queued", 35, None)
    for _ in range(3):
        jobs.settle()
    assert api.history()[0]["status"] == "delivered"
    assert api.balance() == 965


def test_a_total_above_the_balance_is_402_and_nothing_is_written(app):
    api = new_wesendall(app, balance="69.9999")
    before = written(app)
    answer = api.send(["0712345678", "0772345678"])
    assert refused(answer, 402, "insufficient_balance")
    assert answer.json["data"] == {"wallet_id": api.wallet, "balance": 69.9999, "required": 70, "currency": "UGX"}
    assert written(app) == before


def test_the_last_unit_of_the_balance_can_be_spent(app):
    api = new_wesendall(app, balance="70")
    assert data_of(api.send(["0712345678", "0772345678"]))["remaining_balance"] == 0
    assert api.send("0712345678").status_code == 402


@pytest.mark.parametrize("currency", ["UGX", "KES", "USD", "SMS"])
def test_balance_before_minus_total_cost_is_the_remaining_balance(app, currency):
    """To the last digit, with rounding, refunds, several countries and several segments."""
    api = new_wesendall(app, currency=currency, balance="7777.77")
    balance = Decimal("7777.77")
    for number, text in enumerate(("Hi", "x" * 161, "ß" * 160, "Ж" * 71)):
        given = [f"07123456{number}0", REFUSED, "+254712345678", "+2348031234567", "no one", HANGS]
        data = data_of(api.send(given, text))
        assert balance - data["total_cost"] == data["remaining_balance"]
        assert data["total_cost"] == sum(result["cost"] for result in data["results"])
        balance = data["remaining_balance"]
    with app.app_context():
        assert audit().problems == []


def test_a_send_that_waited_for_its_gateway_tells_the_balance_it_left_not_what_others_paid_meanwhile(app):
    api = new_wesendall(app)
    data = data_of(api.send([REFUSED, "0712345678"]))
    api.send("0772345678")
    with app.app_context():
        assert load_sent(data["batch_id"]).balance_micros == 965 * money.MICRO
    assert api.balance() == 930


def test_a_price_in_another_currency_is_converted_and_rounded_once(app):
    data = data_of(new_wesendall(app, currency="KES", balance="100").send("0712345678"))
    assert (data["currency"], data["total_cost"]) == ("KES", Decimal("1.2130"))  # 35 × 129.13 ÷ 3726 = 1.21297…


def test_credits_cost_one_a_segment(app):
    data = data_of(new_wesendall(app, currency="SMS", balance="10").send("0712345678", "x" * 161))
    assert (data["currency"], data["total_cost"], data["remaining_balance"]) == ("SMS", 2, 8)


def test_a_country_that_is_not_allowed_is_reported_and_not_charged(app):
    api = new_wesendall(app, countries="UG")
    data = data_of(api.send(["+447911123456", "0712345678"]))
    assert (data["failed"], data["total_cost"]) == (1, 35)
    assert data["results"][0]["message_id"] is None
    assert data["results"][0]["error"] == "country_not_allowed"


def test_a_live_wallet_without_a_gateway_is_502_and_not_charged(app):
    api = new_wesendall(app, is_sandbox=False)
    before = written(app)
    answer = api.send("0712345678")
    assert refused(answer, 502, "provider_unavailable")
    assert written(app) == before


@pytest.mark.parametrize("given", [["0700000088", "0712345678", "nobody"], ["0712345678", "0700000088"]])
def test_where_the_sandbox_plays_poor_the_whole_call_is_what_was_required(app, given):
    api = new_wesendall(app)
    before = written(app)
    answer = api.send(given, "x" * 161)
    assert (answer.status_code, answer.json["error"]) == (402, "insufficient_balance")
    assert (answer.json["data"]["balance"], answer.json["data"]["required"]) == (1000, 4 * 35), "two segments to two phones"
    assert written(app) == before
