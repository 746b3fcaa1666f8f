"""`/account/balance` and `/account/topup` as the contract has them."""

from __future__ import annotations

import pytest

from wesend.adapters.money.base import ChargeAnswer
from wesend.adapters.money.sandbox import SandboxMoney
from wesend.database import query
from wesend.gateways import registry
from wesend.operations.audit import audit
from wesend.wallets import deposit_polling, deposit_settlement

from ..support.accounts import mint, new_wesendall, wesendall_of
from ..support.apis import Wesendall
from ..support.database import written

DAY = 24 * 3600
PAYS, DECLINES, SILENT = "0712345678", "0770000099", "0770000055"


def top_up(api: Wesendall, phone: str = PAYS, amount=500, **more):
    return api.post("/account/topup", {"walletId": api.wallet, "amount": amount, "phone": phone, **more})


def status_of(api: Wesendall, deposit_id: str) -> str:
    return shown(api, deposit_id).json["data"]["status"]


def shown(api: Wesendall, deposit_id: str):
    return api.get(f"/account/topup/{deposit_id}", query_string={"walletId": api.wallet})


def refused(answer, status: int, code: str) -> bool:
    return (answer.status_code, answer.json["error"]) == (status, code)


@pytest.mark.parametrize(
    ("currency", "country", "balance", "cost"),
    [
        ("UGX", "UG", "5000", 35),
        ("UGX", "UG", "0.0001", 35),
        ("KES", "KE", "12.5", 1.2),
        ("KES", "UG", "0", 1.213),
        ("SMS", "KE", "277.7778", 1),
        ("UGX", "GB", "1", 186.3),
        ("EUR", "UG", "1", None),
    ],
)
def test_the_balance_and_what_one_message_costs(app, currency, country, balance, cost):
    api = new_wesendall(app, currency=currency, country=country, balance=balance)
    answer = api.get("/account/balance", query_string={"walletId": api.wallet})
    assert answer.status_code == 200
    assert answer.json == {
        "success": True,
        "data": {"wallet_id": api.wallet, "balance": float(balance), "currency": currency, "cost_per_sms": cost},
    }


def test_a_balance_is_a_number_and_a_wallet_id_a_string(wesendall):
    text = wesendall.get("/account/balance", query_string={"walletId": wesendall.wallet}).get_data(as_text=True)
    assert '"balance":1000000,' in text and f'"wallet_id":"{wesendall.wallet}"' in text


def test_the_cost_is_what_a_message_is_charged(app):
    api = new_wesendall(app, currency="KES")
    said = api.get("/account/balance", query_string={"walletId": api.wallet}).json["data"]["cost_per_sms"]
    assert api.send("0712345678").json["data"]["total_cost"] == said


def test_a_top_up_is_202_and_pending(app, clock):
    api = new_wesendall(app)
    answer = top_up(api, provider="MTN")
    data = answer.json["data"]
    assert answer.status_code == 202
    assert answer.json == {
        "success": True,
        "data": {
            "deposit_id": data["deposit_id"],
            "reference": data["reference"],
            "status": "pending",
            "amount": 500,
            "currency": "UGX",
            "phone": "+256712345678",
            "provider": "MTN",
        },
    }
    assert all(isinstance(data[name], str) and data[name] for name in ("deposit_id", "reference"))
    assert shown(api, data["deposit_id"]).json == answer.json
    assert shown(api, data["deposit_id"]).status_code == 200
    assert api.balance() == 1000


def test_a_top_up_that_is_paid_is_credited_once(app, clock, jobs):
    api = new_wesendall(app)
    deposit_id = top_up(api).json["data"]["deposit_id"]
    clock.advance(2)
    jobs.deposits()
    assert (status_of(api, deposit_id), api.balance()) == ("successful", 1500)
    for _ in range(3):
        clock.advance(DAY)
        jobs.deposits()
        with app.app_context():
            [row] = query("SELECT id FROM deposits")
            assert not deposit_settlement.settle(row["id"], None)
            deposit_polling.check(row["id"])
    assert (status_of(api, deposit_id), api.balance()) == ("successful", 1500)
    with app.app_context():
        assert audit().problems == []


def test_nothing_is_credited_before_the_payer_paid(app, clock, jobs):
    api = new_wesendall(app)
    deposit_id = top_up(api).json["data"]["deposit_id"]
    jobs.deposits()
    assert (status_of(api, deposit_id), api.balance()) == ("pending", 1000)


def test_a_top_up_that_the_payer_declines_has_failed(app, clock, jobs):
    api = new_wesendall(app)
    deposit_id = top_up(api, DECLINES).json["data"]["deposit_id"]
    clock.advance(2)
    jobs.deposits()
    assert (status_of(api, deposit_id), api.balance()) == ("failed", 1000)


def test_a_top_up_that_is_never_answered_is_pending_until_it_expires(app, clock, jobs):
    api = new_wesendall(app)
    deposit_id = top_up(api, SILENT).json["data"]["deposit_id"]
    clock.advance(DAY - 1)
    jobs.deposits()
    assert status_of(api, deposit_id) == "pending"
    clock.advance(2)
    jobs.deposits()
    assert (status_of(api, deposit_id), api.balance()) == ("expired", 1000)


@pytest.mark.parametrize("phone", [DECLINES, SILENT])
def test_money_that_comes_after_all_is_credited_even_then(app, clock, jobs, phone):
    api = new_wesendall(app)
    deposit_id = top_up(api, phone).json["data"]["deposit_id"]
    for _ in range(2):
        clock.advance(DAY)
        jobs.deposits()
    assert status_of(api, deposit_id) in ("failed", "expired")
    with app.app_context():
        deposit_settlement.settle(query("SELECT id FROM deposits")[0]["id"], 500_000_000)
    assert (status_of(api, deposit_id), api.balance()) == ("successful", 1500)


def test_what_is_credited_is_what_the_gateway_confirms(app):
    api = new_wesendall(app)
    deposit_id = top_up(api).json["data"]["deposit_id"]
    with app.app_context():
        deposit_settlement.settle(query("SELECT id FROM deposits")[0]["id"], 300_500_000)
    assert api.balance() == 1300.5
    assert shown(api, deposit_id).json["data"]["amount"] == 300.5


def test_credits_are_bought_with_money(app, clock, jobs):
    api = new_wesendall(app, currency="SMS", balance="0", country="KE")
    data = top_up(api, "0712345678", 500).json["data"]
    assert (data["amount"], data["currency"], data["phone"]) == (500, "KES", "+254712345678")
    clock.advance(2)
    jobs.deposits()
    assert api.balance() == 277.7778


@pytest.mark.parametrize("phone", ["0712345678", "712345678", "+256712345678", "256 712 345 678"])
def test_the_payer_is_read_as_a_recipient_is(wesendall, phone):
    assert top_up(wesendall, phone).json["data"]["phone"] == "+256712345678"


def test_phone_number_is_an_alias_of_phone(wesendall):
    body = {"walletId": wesendall.wallet, "amount": 500, "phoneNumber": "0712345678"}
    assert wesendall.post("/account/topup", body).json["data"]["phone"] == "+256712345678"
    assert wesendall.post("/account/topup", {**body, "phone": "0772345678"}).json["data"]["phone"] == "+256772345678"


@pytest.mark.parametrize(("phone", "network"), [("0772345678", "MTN"), ("0752345678", "AIRTEL")])
def test_the_network_is_read_from_the_number(wesendall, phone, network):
    for given in ({}, {"provider": None}, {"provider": ""}):
        assert top_up(wesendall, phone, **given).json["data"]["provider"] == network


@pytest.mark.parametrize("amount", [0, -5, -0.01, 10**10, 0.0000001, 1e15, "500", None, True, [500], {"x": 1}], ids=str)
def test_an_amount_that_is_none_is_400(app, wesendall, amount):
    before = written(app)
    answer = top_up(wesendall, amount=amount)
    assert refused(answer, 400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["amount"]
    assert written(app) == before


@pytest.mark.parametrize("amount", [1, 0.5, 500.25, 10**9, 0.000001])
def test_amounts_with_up_to_six_decimals_are_exact(wesendall, amount):
    assert top_up(wesendall, amount=amount).json["data"]["amount"] == amount


@pytest.mark.parametrize("phone", ["", "nobody", "0712", "0712345678,0772345678", None, 712345678, ["0712345678"]], ids=str)
def test_a_payer_who_is_no_phone_is_400(app, wesendall, phone):
    before = written(app)
    answer = top_up(wesendall, phone)
    assert refused(answer, 400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["phone"]
    assert written(app) == before


@pytest.mark.parametrize("provider", [5, True, ["MTN"], {"x": 1}, "x" * 41], ids=lambda value: str(value)[:9])
def test_a_provider_of_another_type_is_400(wesendall, provider):
    answer = top_up(wesendall, provider=provider)
    assert refused(answer, 400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["provider"]


def test_without_a_money_gateway_a_top_up_is_503_and_nothing_is_written(app):
    api = new_wesendall(app, is_sandbox=False)
    before = written(app)
    assert refused(top_up(api), 503, "topup_not_configured")
    assert written(app) == before


class Refusing(SandboxMoney):
    """A gateway that declines at once."""

    def charge(self, charge):
        return ChargeAnswer("refused", reason="The payer is barred")


def test_a_charge_that_is_refused_at_once_is_502(app, jobs, clock, monkeypatch):
    monkeypatch.setattr(registry, "money_gateway_for", lambda *_args, **_options: Refusing())
    api = new_wesendall(app)
    answer = top_up(api)
    assert refused(answer, 502, "provider_rejected") and answer.json["data"] == {"refunded": 0}
    clock.advance(DAY)
    jobs.deposits()
    assert api.balance() == 1000
    with app.app_context():
        assert [row["status"] for row in query("SELECT status FROM deposits")] == ["failed"]


@pytest.mark.parametrize("deposit_id", ["dep_none", "1", "0", "%00", "%ff", "x" * 500])
def test_an_unknown_deposit_is_404(wesendall, deposit_id):
    top_up(wesendall)
    answer = shown(wesendall, deposit_id)
    assert refused(answer, 404, "not_found") and "data" not in answer.json


def test_a_deposit_belongs_to_its_wallet(app):
    minted = mint(app)
    deposit_id = top_up(wesendall_of(app, minted)).json["data"]["deposit_id"]
    assert refused(shown(new_wesendall(app), deposit_id), 404, "not_found")
