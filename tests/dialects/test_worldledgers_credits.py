"""World Ledgers: `/sms-credits`: balance, purchase by mobile money and its status."""

from __future__ import annotations

import pytest

from wesend.adapters.money.base import ChargeAnswer
from wesend.adapters.money.sandbox import SandboxMoney
from wesend.core import money
from wesend.gateways import registry
from wesend.operations.audit import audit
from wesend.wallets import deposit_review, deposit_settlement
from wesend.wallets import service as wallets

from ..support.accounts import mint_key, new_worldledgers
from ..support.apis import WorldLedgers
from ..support.database import written
from ..support.worldledgers import refused


def buy(api: WorldLedgers, phone: str = "0712345678", amount=500, **options):
    return api.post("/sms-credits/purchase", {"phone": phone, "amount": amount}, **options)


def bought(api: WorldLedgers, payment_id: str) -> dict:
    answer = api.get(f"/sms-credits/purchase/{payment_id}")
    assert (answer.status_code, answer.json["status"]) == (200, "success")
    return answer.json["data"]


def test_the_balance_of_the_sandbox(worldledgers):
    answer = worldledgers.get("/sms-credits/balance")
    assert answer.status_code == 200
    assert answer.json == {"status": "success", "data": {"sms_credits": 10000, "sms_rate": 1.8, "currency": "KES", "sandbox": True}}


def test_the_balance_of_a_live_account_says_nothing_of_a_sandbox(app):
    api, _ = new_worldledgers(app, balance="125.5", is_sandbox=False)
    assert api.get("/sms-credits/balance").json["data"] == {"sms_credits": 125.5, "sms_rate": 1.8, "currency": "KES"}


def test_a_purchase_is_answered_202_once_the_payer_was_asked(app):
    api, _ = new_worldledgers(app)
    answer = buy(api)
    assert answer.status_code == 202
    assert (answer.json["status"], bool(answer.json["message"])) == ("success", True)
    data = answer.json["data"]
    assert isinstance(data.pop("payment_id"), str)
    assert data == {
        "payment_status": "Pending",
        "amount_kes": 500,
        "sms_rate": 1.8,
        "estimated_credits": 277.7778,
        "phone": "254712345678",
    }
    assert api.credits() == 10


def test_what_was_paid_is_credited_once_with_four_decimals(app, clock, jobs):
    api, _ = new_worldledgers(app, balance="125.5")
    payment_id = buy(api).json["data"]["payment_id"]
    assert bought(api, payment_id) == {
        "payment_status": "Pending",
        "amount_kes": 500,
        "sms_rate": 1.8,
        "sms_credits_applied": 0,
        "firm_sms_credits": 125.5,
        "estimated_credits": 277.7778,
    }
    for _ in range(3):
        clock.advance(60)
        jobs.deposits()
    assert bought(api, payment_id) == {
        "payment_status": "Received",
        "amount_kes": 500,
        "sms_rate": 1.8,
        "sms_credits_applied": 277.7778,
        "firm_sms_credits": 403.2778,
        "estimated_credits": 277.7778,
    }
    assert api.credits() == 403.2778
    with app.app_context():
        assert audit().problems == []


@pytest.mark.parametrize(
    ("amount", "rate", "credits"), [(500, "1.8", 277.7778), (1, "0.7", 1.4286), (100, "0.8", 125), (0.5, "1.8", 0.2778)]
)
def test_credits_are_the_amount_by_the_accounts_own_rate(app, clock, jobs, amount, rate, credits):
    _, minted = new_worldledgers(app)
    with app.app_context():
        wallet = wallets.create_wallet(
            account_id=minted.account_id, currency="SMS", is_sandbox=True, actor="test", sms_rate_micros=money.to_micros(rate)
        )
        _, credentials = mint_key(minted.account_id, wallet, "worldledgers")
    api = WorldLedgers(app.test_client(), credentials.secret)
    assert api.get("/sms-credits/balance").json["data"]["sms_rate"] == float(rate)
    data = buy(api, amount=amount).json["data"]
    assert data["estimated_credits"] == credits
    clock.advance(60)
    jobs.deposits()
    assert (bought(api, data["payment_id"])["sms_credits_applied"], api.credits()) == (credits, credits)


def test_a_payment_that_was_declined_is_failed_and_credits_nothing(app, clock, jobs):
    api, _ = new_worldledgers(app)
    payment_id = buy(api, "0700000099").json["data"]["payment_id"]
    clock.advance(60)
    jobs.deposits()
    shown = bought(api, payment_id)
    assert (shown["payment_status"], shown["sms_credits_applied"], shown["firm_sms_credits"]) == ("Failed", 0, 10)


def test_a_payment_that_the_payer_cancelled_or_never_answered_is_cancelled(app, clock, jobs):
    api, _ = new_worldledgers(app)
    silent = buy(api, "0700000055").json["data"]["payment_id"]
    cancelled = buy(api).json["data"]["payment_id"]
    with app.app_context():
        deposit_settlement.close(
            deposit_review.deposit_by_uid(cancelled, actor="test")["id"], "failed", "Request cancelled by user"
        )
    clock.advance(25 * 3600)
    jobs.deposits()
    assert [bought(api, payment)["payment_status"] for payment in (silent, cancelled)] == ["Cancelled", "Cancelled"]
    assert api.credits() == 10


def test_a_charge_that_the_gateway_refuses_is_502(app, monkeypatch):
    monkeypatch.setattr(SandboxMoney, "charge", lambda self, charge: ChargeAnswer("refused", reason="Limit reached"))
    api, _ = new_worldledgers(app)
    answer = buy(api)
    assert refused(answer, 502)
    assert "Limit reached" in answer.json["message"]
    assert api.credits() == 10


def test_a_live_account_without_mobile_money_is_502(app):
    api, _ = new_worldledgers(app, is_sandbox=False)
    before = written(app)
    assert refused(buy(api), 502)
    assert written(app) == before
    with app.app_context():
        assert registry.money_gateway_for("KES", "SAFARICOM", is_sandbox=False) is None


@pytest.mark.parametrize("phone", ["254712345678", "712345678", "+254712345678", "0712 345 678"])
def test_the_payer_is_kenyan_in_every_form(worldledgers, phone):
    assert buy(worldledgers, phone).json["data"]["phone"] == "254712345678"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ("phone", "amount")),
        ({"phone": "0712345678"}, ("amount",)),
        ({"amount": 500}, ("phone",)),
        ({"phone": "nobody", "amount": 500}, ("phone",)),
        ({"phone": "", "amount": 500}, ("phone",)),
        *[({"phone": phone, "amount": 500}, ("phone",)) for phone in ("+256712345678", "0202345678", "+14155552671")],
        ({"phone": 712345678, "amount": 500}, ("phone",)),
        ({"phone": "0712345678", "amount": "500"}, ("amount",)),
        *[({"phone": "0712345678", "amount": amount}, ("amount",)) for amount in (0, -1, 0.0000001, 1e12, True, None, [])],
    ],
)
def test_a_wrong_purchase_is_422_by_field_and_asks_nobody(app, worldledgers, body, fields):
    before = written(app)
    assert refused(worldledgers.post("/sms-credits/purchase", body), 422, *fields)
    assert written(app) == before


def test_a_purchase_of_another_account_does_not_exist(app, worldledgers):
    api, _ = new_worldledgers(app)
    payment_id = buy(api).json["data"]["payment_id"]
    for wrong in (payment_id, "dep_0", "0", "%00", "x" * 500):
        assert refused(worldledgers.get(f"/sms-credits/purchase/{wrong}"), 404), wrong


def test_a_purchase_sent_again_under_its_key_asks_once(app):
    api, _ = new_worldledgers(app)
    first, second = (buy(api, headers={"Idempotency-Key": "buy-1"}) for _ in range(2))
    assert first.json == second.json
    assert written(app)["deposits"] == 1
