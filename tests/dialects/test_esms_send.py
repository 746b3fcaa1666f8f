"""`POST /messages/send`: the reference's example, money in two currencies, senders, routes, what goes wrong."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from wesend.accounts.credentials import new_credentials
from wesend.accounts.keys import create_key
from wesend.accounts.service import get_account
from wesend.adapters.sms.base import TEMPORARY, Outcome
from wesend.core import money
from wesend.database import query
from wesend.gateways import registry
from wesend.routing.rates import set_rate
from wesend.routing.senders import decide_sender, request_sender

from ..support.accounts import mint
from ..support.database import written
from ..support.domain import ScriptedGateway, make_route, make_wallet
from ..support.esms import (
    AMERICAN,
    ANN,
    BUSY,
    CHEBET,
    FAILS,
    HANGS,
    LOW,
    REFUSED,
    SILENT,
    Esms,
    data_of,
    esms_of,
    field_of,
    new_esms,
    refused,
)
from ..support.idempotency import KEY, replayed
from ..support.jobs import ManualJobs

ANSWER = {
    "id",
    "status",
    "segments",
    "cost",
    "cost_currency",
    "route_cost",
    "route_currency",
    "route",
    "balance_after",
    "scheduled_at",
}
MESSAGE_ID = re.compile(r"msg-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_the_references_example(esms):
    """The cost is 35 UGX ÷ 3726 × 129.13 in KES, rounded to four decimals; the reference's 1.2022 is an illustration."""
    sent = data_of(esms.send(ANN, "Your OTP is 482910.", sender_id="MyApp", route="ESMS_UG"))
    assert MESSAGE_ID.fullmatch(sent.pop("id"))
    assert {**sent, "cost": str(sent["cost"]), "balance_after": str(sent["balance_after"])} == {
        "status": "submitted",
        "segments": 1,
        "cost": "1.213",
        "cost_currency": "KES",
        "route_cost": 35,
        "route_currency": "UGX",
        "route": "ESMS_UG",
        "balance_after": "49998.787",
        "scheduled_at": None,
    }


def test_an_answer_has_the_references_fields_in_its_order(esms):
    shown = re.findall(r'"(\w+)":', esms.send().get_data(as_text=True))
    assert set(shown) == ANSWER


def test_the_route_is_found_by_the_country(esms):
    kenyan = data_of(esms.send(CHEBET))
    assert (kenyan["route"], str(kenyan["cost"]), kenyan["route_currency"]) == ("ESMS_KE", "1.2", "KES")


@pytest.mark.parametrize(
    "text,segments,cost",
    [
        ("a" * 160, 1, "35"),
        ("a" * 161, 2, "70"),
        ("é" * 70, 1, "35"),
        ("ш" * 70, 1, "35"),
        ("ш" * 71, 2, "70"),
        ("€" * 80, 1, "35"),
        ("€" * 81, 2, "70"),
        ("😀" * 36, 2, "70"),
        ("a" * 1530, 10, "350"),
    ],
)
def test_a_segment_costs_the_routes_price(app, text, segments, cost):
    sent = data_of(new_esms(app).send(text=text))
    assert (sent["segments"], str(sent["cost"]), str(sent["route_cost"])) == (segments, cost, cost)


@pytest.mark.parametrize("text", ["a" * 1531, "ш" * 671], ids=["gsm", "unicode"])
def test_more_than_ten_segments_are_400(app, esms, text):
    before = written(app)
    assert refused(esms.send(text=text), 400, "text_too_long")
    assert written(app) == before


@pytest.mark.parametrize(
    "currency,cost", [("UGX", "35"), ("KES", "1.213"), ("USD", "0.0094"), ("TZS", "24.8926"), ("GHS", "0.1165"), ("SMS", "1")]
)
def test_a_wallet_of_any_currency_pays_by_way_of_the_dollar(app, currency, cost):
    sent = data_of(new_esms(app, currency=currency).send())
    assert (str(sent["cost"]), sent["cost_currency"], str(sent["balance_after"])) == (
        cost,
        currency,
        money.text(money.to_micros("1000") - money.to_micros(cost)),
    )
    assert (sent["route_cost"], sent["route_currency"]) == (35, "UGX")


def test_the_operators_rate_counts_at_once(app):
    api = new_esms(app, currency="KES")
    with app.app_context():
        set_rate("UGX", money.to_micros("3759.5"), actor="test")
    assert str(data_of(api.send())["cost"]) == "1.2022", "the reference's figure, at the rate it must have had"


def test_a_wallet_in_a_currency_without_a_rate_reaches_nobody(app):
    assert refused(new_esms(app, currency="CHF").send(), 400, "no_route")


@pytest.mark.parametrize("to", ["0712345678", "712345678", "hello", "+", "+000000000", "+25671234", "+256712345678,+256772345678"])
def test_a_phone_without_a_country_code_or_that_is_none_is_400(app, esms, to):
    before = written(app)
    assert refused(esms.send(to), 400, "invalid_phone")
    assert written(app) == before


@pytest.mark.parametrize("to", ["+256 712 345 678", "256712345678", "00256712345678", "+256 (0) 712-345678"])
def test_a_phone_with_its_country_code_may_be_written_as_people_do(esms, to):
    sent = data_of(esms.send(to))
    assert esms.message(sent["id"])["phone"] == ANN


def test_the_sandbox_reaches_a_country_without_a_route_at_the_published_price(esms):
    sent = data_of(esms.send(AMERICAN))
    assert esms.message(sent["id"])["cost"] == Decimal("0.05")
    prices = {route["country_code"]: route for route in esms.get("/pricing").json}
    assert (float(prices["US"]["price_per_segment"]), prices["US"]["currency"]) == (0.05, "USD")
    assert len(prices) > 200


@pytest.mark.parametrize("route", ["ESMS_KE", "NO_SUCH", "esms_ug"])
def test_a_route_that_does_not_lead_there_is_400(esms, route):
    assert refused(esms.send(route=route), 400, "no_route")


@pytest.mark.parametrize("sender", ["myapp", "MyApp", " MYAPP "])
def test_an_approved_sender_is_found_in_any_case(esms, sender):
    assert esms.message(data_of(esms.send(sender_id=sender))["id"])["sender_id"] == "MyApp"


def test_a_sender_that_is_unknown_pending_rejected_or_of_another_country_is_403(app):
    api = new_esms(app)
    account_id = api.post("/sender-ids", {"name": "PENDING", "countries": ["UG"]}).json and account_of(app)
    with app.app_context():
        for name, approve in (("REJECTED", False), ("KENYAN", True)):
            sender = request_sender(account_id=account_id, name=name, countries=["KE"], actor="test")
            decide_sender(sender["id"], approve=approve, reason="no papers", actor="test")
    before = written(app)
    for name in ("UNKNOWN", "PENDING", "REJECTED", "KENYAN", "MYAPP", "=1+1"):
        assert refused(api.send(sender_id=name), 403, "sender_id_not_approved"), name
    assert written(app) == before
    assert api.send(CHEBET, sender_id="KENYAN").status_code == 200


def account_of(app) -> int:
    with app.app_context():
        return query("SELECT max(id) FROM accounts")[0][0]


@pytest.mark.parametrize("missing", [{}, {"sender_id": None}, {"sender_id": ""}])
def test_without_a_sender_the_routes_default_is_used(app, missing):
    api = new_esms(app)
    assert api.message(data_of(api.send(**missing))["id"])["sender_id"] is None
    with app.app_context():
        make_route("ESMS_UG", None, default_sender="eSMSAfrica")
    assert api.message(data_of(api.send(**missing))["id"])["sender_id"] == "eSMSAfrica"


def test_a_balance_that_is_too_low_is_422_with_its_figures(app):
    api = new_esms(app, currency="KES", balance="1.2129")
    before = written(app)
    answer = api.send()
    assert refused(answer, 422, "insufficient_balance")
    detail = answer.json["detail"]
    assert (detail["balance"], detail["cost"], detail["currency"]) == (1.2129, 1.213, "KES")
    assert written(app) == before


def test_the_last_unit_of_the_balance_can_be_spent(app):
    api = new_esms(app, currency="KES", balance="1.213")
    assert data_of(api.send())["balance_after"] == 0
    assert refused(api.send(), 422, "insufficient_balance")


def test_a_refused_message_answers_200_failed_and_is_refunded(app):
    api = new_esms(app)
    sent = data_of(api.send(REFUSED))
    assert (sent["status"], sent["balance_after"], sent["route_cost"]) == ("failed", 1000, 35)
    assert api.balance() == 1000
    found = api.message(sent["id"])
    assert (found["error_code"], found["wallet_cost"]) == ("REJECTED", 0)
    assert [entry["type"] for entry in data_of(api.get("/balance/transactions"))["transactions"]] == [
        "refund",
        "sms_charge",
        "manual_credit",
    ]


def test_the_sandboxs_low_balance_is_422_and_keeps_nothing(app, esms):
    before = written(app)
    assert refused(esms.send(LOW), 422, "insufficient_balance")
    assert written(app) == before


@pytest.mark.parametrize("to", [HANGS, SILENT])
def test_an_unknown_outcome_is_answered_as_submitted_and_keeps_its_charge(app, jobs, clock, to):
    api = new_esms(app)
    sent = data_of(api.send(to))
    assert (sent["status"], sent["balance_after"]) == ("submitted", 965)
    jobs.settle()
    assert api.message(sent["id"])["status"] == "submitted"
    clock.advance(48 * 3600 + 1)
    jobs.expire()
    found = api.message(sent["id"])
    assert (found["status"], found["error_code"], api.balance()) == ("failed", "timeout", 965)


def test_a_receipt_of_failure_keeps_the_charge(app, jobs):
    api = new_esms(app)
    sent = data_of(api.send(FAILS))
    assert sent["status"] == "submitted"
    jobs.settle()
    found = api.message(sent["id"])
    assert (found["status"], found["error_code"], found["error_message"], api.balance()) == (
        "failed",
        "UNDELIV",
        "Simulated delivery failure (sandbox)",
        965,
    )


def test_a_temporary_failure_is_tried_again_twice_for_one_charge(app, jobs):
    api = new_esms(app)
    sent = data_of(api.send(BUSY))
    assert (sent["status"], sent["balance_after"]) == ("retrying", 965)
    for _ in range(3):
        jobs.settle()
    found = api.message(sent["id"])
    assert (found["status"], found["retry_count"], api.balance()) == ("delivered", 0, 965)
    assert [event["event"] for event in found["timeline"]] == ["accepted", "retrying", "retrying", "submitted", "delivered"]


def test_the_gaps_between_automatic_retries_grow_and_a_third_failure_is_refunded(app_with, clock, monkeypatch):
    app = app_with(WESEND_RETRY_DELAYS="1,4")
    jobs = ManualJobs(app)
    gateway = ScriptedGateway("sandbox", in_process=True)
    gateway.outcomes.extend([Outcome(TEMPORARY, code="THROTTLED", text="Slow down")] * 9)
    monkeypatch.setattr(registry, "sms_gateways", lambda *_: {"sandbox": gateway})
    api = new_esms(app)
    sent = data_of(api.send())
    tried = []
    for _ in range(8):
        jobs.dispatch()
        tried.append(len(gateway.submitted))
        clock.advance(1)
    assert tried == [1, 2, 2, 2, 2, 3, 3, 3], "at once, a second later, four seconds later, and never again"
    found = api.message(sent["id"])
    assert (found["status"], found["error_code"], api.balance()) == ("failed", "THROTTLED", 1000)
    assert [event["status"] for event in found["timeline"]] == ["queued", "retrying", "retrying", "failed"]


@pytest.mark.parametrize(
    "body,loc",
    [
        ({"text": "Hi"}, ["body", "to"]),
        ({"to": ANN}, ["body", "text"]),
        ({"to": ANN, "text": ""}, ["body", "text"]),
        ({"to": ANN, "text": " \n"}, ["body", "text"]),
        ({"to": [ANN], "text": "Hi"}, ["body", "to"]),
        ({"to": 256712345678, "text": "Hi"}, ["body", "to"]),
        ({"to": ANN, "text": None}, ["body", "text"]),
        ({"to": ANN, "text": "Hi", "sender_id": 5}, ["body", "sender_id"]),
        ({"to": ANN, "text": "Hi", "route": {}}, ["body", "route"]),
        ({"to": ANN, "text": "Hi", "schedule_mode": "drip"}, ["body", "schedule_mode"]),
    ],
)
def test_a_wrong_field_is_422_and_says_which(app, esms, body, loc):
    before = written(app)
    assert field_of(esms.post("/messages/send", body)) == loc
    assert written(app) == before


def test_a_request_sent_twice_under_one_key_is_one_message(app):
    api = new_esms(app)
    first, second = api.send(headers=KEY), api.send(headers=KEY)
    assert replayed(first, second) and api.balance() == 965
    assert refused(api.send(text="Another", headers=KEY), 409, "idempotency_conflict")


def test_a_refusal_for_the_balance_is_kept_for_its_key(app):
    api = new_esms(app, balance="0")
    assert replayed(api.send(headers=KEY), api.send(headers=KEY))


def test_a_test_key_reaches_the_sandbox_whatever_the_routes_say_and_a_live_key_never_does(app):
    tests, lives = mint(app, "esms"), mint(app, "esms", is_sandbox=False)
    with app.app_context():
        make_route("ESMS_UG", "carrier")
        make_route("ESMS_KE", "sandbox", country="KE")
    assert tests.credentials.secret.startswith("esms_test_") and lives.credentials.secret.startswith("esms_live_")
    assert {len(minted.credentials.secret) for minted in (tests, lives)} == {len("esms_test_") + 32}
    assert data_of(esms_of(app, tests).send())["status"] == "submitted"
    assert refused(esms_of(app, lives).send(), 400, "no_route"), "its carrier is not set up"


def live_beside(app, minted, *, balance: str = "0") -> Esms:
    """A live key of a minted account, with a live wallet of its own."""
    with app.app_context():
        wallet = make_wallet(balance, account=get_account(minted.account_id))
        given = new_credentials("esms", for_sandbox=False)
        create_key(account_id=minted.account_id, wallet_id=wallet.id, api="esms", credentials=given, actor="test")
    return Esms(app.test_client(), given.secret)


def test_two_keys_of_an_account_spend_from_their_own_wallets(app):
    minted = mint(app, "esms")
    live = live_beside(app, minted)
    esms_of(app, minted).send()
    assert (esms_of(app, minted).balance(), live.balance()) == (965, 0)


def test_a_test_key_neither_sees_nor_touches_what_a_live_key_sent(app):
    minted = mint(app, "esms")
    live = live_beside(app, minted, balance="100")
    with app.app_context():
        make_route("ESMS_UG", "sandbox")  # the nearest to a live gateway
    sent = data_of(live.send(REFUSED))["id"]
    test = esms_of(app, minted)
    assert test.messages() == [] and [found["id"] for found in live.messages()] == [sent]
    assert (data_of(test.get("/messages/stats"))["sent_today"], data_of(live.get("/messages/stats"))["sent_today"]) == (0, 1)
    before = written(app)
    batch = live.message(sent)["batch_id"]
    for method, path in (
        ("GET", f"/messages/{sent}"),
        ("POST", f"/messages/{sent}/retry"),
        ("POST", f"/messages/{sent}/cancel"),
        ("GET", f"/messages/batch/{batch}"),
        ("POST", f"/messages/batch/{batch}/cancel"),
    ):
        assert refused(test.call(method, path), 404, "not_found"), path
    assert written(app) == before
