"""`/balance`, its transactions, top-up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ..support.accounts import mint
from ..support.database import written
from ..support.esms import ANN, BEN, REFUSED, data_of, esms_of, field_of, new_esms, new_list, refused
from ..support.idempotency import KEY, replayed


@pytest.mark.parametrize("currency,estimate", [("UGX", 28), ("KES", 824), ("SMS", 1000), ("CHF", 0)])
def test_the_balance_and_for_how_many_messages_home_it_is(app, currency, estimate):
    assert data_of(new_esms(app, currency=currency).get("/balance")) == {
        "balance": 1000,
        "currency": currency,
        "sms_estimate": estimate,
    }


def test_the_estimate_counts_what_a_credit_limit_leaves(app):
    shop = mint(app, "esms", is_sandbox=False, balance="0")
    app.test_cli_runner().invoke(args=["wallet", "set", shop.wallet, "--credit-limit", "100"])
    told = data_of(esms_of(app, shop).get("/balance"))
    assert (told["balance"], told["sms_estimate"]) == (0, 2)


def test_a_broken_balance_is_a_number(app):
    assert data_of(new_esms(app, balance="0.1234").get("/balance"))["balance"] == Decimal("0.1234")


def test_transactions_tell_every_movement_newest_first(app, clock):
    api = new_esms(app)
    api.send(REFUSED)
    batch_id = data_of(api.bulk(new_list(api, ANN, BEN)))["batch_id"]
    shown = data_of(api.get("/balance/transactions"))
    assert (shown["total"], shown["page"], shown["limit"]) == (4, 0, 20)
    bulk, refund, charge, credit = shown["transactions"]
    assert set(bulk) == {"id", "type", "amount", "balance_after", "currency", "description", "batch_id", "created_at"}
    assert [(entry["type"], entry["amount"], entry["balance_after"]) for entry in (bulk, refund, charge, credit)] == [
        ("sms_charge", -70, 930),
        ("refund", 35, 1000),
        ("sms_charge", -35, 965),
        ("manual_credit", 1000, 1000),
    ]
    assert bulk["batch_id"] == batch_id and charge["batch_id"] == refund["batch_id"] and credit["batch_id"] is None
    assert (bulk["currency"], bulk["created_at"]) == ("UGX", "2026-06-10T12:00:00Z")


def test_transactions_come_in_pages(app):
    api = new_esms(app)
    for _ in range(4):
        api.send()
    pages = [data_of(api.get("/balance/transactions", query_string={"page": page, "limit": 2})) for page in range(4)]
    balances = [entry["balance_after"] for page in pages for entry in page["transactions"]]
    assert balances == [860, 895, 930, 965, 1000] and {page["total"] for page in pages} == {5}


@pytest.mark.parametrize("query_string", [{"page": "-1"}, {"limit": "0"}, {"limit": "101"}, {"page": "x"}])
def test_a_wrong_page_is_422(esms, query_string):
    assert field_of(esms.get("/balance/transactions", query_string=query_string)) == ["query", *query_string]


def test_a_topup_without_a_body_says_where_to_pay(esms):
    answer = data_of(esms.post("/balance/topup"))
    assert set(answer) == {"checkout_url", "message"} and answer["checkout_url"].startswith("http")
    assert data_of(esms.post("/balance/topup", {})) == answer


def test_a_topup_with_amount_and_phone_starts_a_charge_and_credits_it(app, jobs, clock):
    api = new_esms(app, currency="KES")
    answer = data_of(api.post("/balance/topup", {"amount": 500, "phone": "+254712345678"}))
    assert set(answer) == {"checkout_url", "message", "deposit_id", "status"} and answer["status"] == "pending"
    assert api.balance() == 1000
    clock.advance(60)
    jobs.deposits()
    assert api.balance() == 1500
    assert data_of(api.get("/balance/transactions"))["transactions"][0]["type"] == "credit"


@pytest.mark.parametrize(
    "body,loc",
    [
        ({"amount": 500}, ["body", "phone"]),
        ({"phone": ANN}, ["body", "amount"]),
        ({"amount": 0, "phone": ANN}, ["body", "amount"]),
        ({"amount": -5, "phone": ANN}, ["body", "amount"]),
        ({"amount": "5", "phone": ANN}, ["body", "amount"]),
        ({"amount": 1e30, "phone": ANN}, ["body", "amount"]),
        ({"amount": 5, "phone": "nobody"}, ["body", "phone"]),
    ],
)
def test_a_topup_that_makes_no_sense_is_422_and_writes_nothing(app, esms, body, loc):
    before = written(app)
    answer = esms.post("/balance/topup", body)
    assert answer.status_code == 422 and written(app) == before
    if body.get("amount") != 1e30:
        assert field_of(answer) == loc


def test_a_topup_under_one_key_is_one_charge(app, jobs, clock):
    api = new_esms(app, currency="KES")
    body = {"amount": 500, "phone": "+254712345678"}
    assert replayed(*(api.post("/balance/topup", body, headers=KEY) for _ in range(2)))
    clock.advance(60)
    jobs.deposits()
    assert api.balance() == 1500


def test_a_live_wallet_without_a_mobile_money_gateway_is_told_so(app):
    api = new_esms(app, currency="KES", is_sandbox=False)
    assert refused(api.post("/balance/topup", {"amount": 500, "phone": "+254712345678"}), 503, "topup_not_configured")
