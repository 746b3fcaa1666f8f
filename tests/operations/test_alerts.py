"""Low balance: told once a crossing, by webhook to those who asked for it, and by mail that is tried again."""

from __future__ import annotations

import json
from collections import deque

import pytest

from wesend.adapters.guarded_http import GuardedHttp
from wesend.adapters.sms.base import ACCEPTED, REFUSED, TEMPORARY, Outcome
from wesend.core import money
from wesend.core.errors import InvalidInput
from wesend.database import query
from wesend.gateways import registry
from wesend.operations import alerts, notices, pausing
from wesend.sandbox import caught_mail
from wesend.sandbox.inbox import Wanted
from wesend.wallets.service import credit_by_hand, debit_by_hand, set_credit_limit, set_low_balance, set_name
from wesend.webhooks import claims, deliver, endpoints

from ..support.domain import ACTOR, ScriptedGateway, make_wallet


class MailServer(ScriptedGateway):
    """Takes mail, unless told otherwise."""


@pytest.fixture
def mail_server(monkeypatch) -> MailServer:
    server = MailServer("smtp")
    monkeypatch.setattr(registry, "mail_gateway", lambda *, is_sandbox: server)
    return server


@pytest.fixture
def wallet():
    wallet = make_wallet("1000")
    set_low_balance(wallet, money.to_micros("500"), "owner@example.org", actor=ACTOR)
    return wallet


def take(wallet, amount: str) -> None:
    debit_by_hand(wallet, money.to_micros(amount), note=None, actor=ACTOR)


def give(wallet, amount: str) -> None:
    credit_by_hand(wallet, money.to_micros(amount), note=None, actor=ACTOR)


def mails(server: MailServer) -> list[str]:
    return [submission.mime.decode() for submission in server.submitted if submission.mime]


def deliveries() -> list[dict]:
    return [json.loads(row["payload"]) for row in query("SELECT payload FROM webhook_deliveries ORDER BY id")]


def test_what_is_left_counts_what_the_credit_limit_adds(wallet, mail_server):
    set_credit_limit(wallet, money.to_micros("1000"), actor=ACTOR)
    take(wallet, "1600")
    alerts.tell_of_low_balances()
    (mail,) = mails(mail_server)
    assert f"Wallet {wallet.uid} is low: 400 UGX left" in mail
    assert "400 UGX left to spend" in " ".join(mail.split()) and "balance -600 UGX" in " ".join(mail.split())
    (notice,) = (notice for notice in notices.notices(actor=ACTOR) if notice.condition == f"wallet:{wallet.uid}")
    assert str(notice.title).endswith("400 UGX left")


def test_a_wallet_that_people_named_is_called_so_with_its_id(wallet, mail_server):
    set_name(wallet, "Main till", actor=ACTOR)
    take(wallet, "600")
    alerts.tell_of_low_balances()
    (mail,) = mails(mail_server)
    assert f"Main till ({wallet.uid})" in " ".join(mail.split())


def listen(wallet, *events: str, url: str = "https://shop.example.org/hook") -> int:
    endpoint, _ = endpoints.add_endpoint(
        account_id=wallet.account_id, format_name="wesendall", url=url, events=list(events) or None, actor=ACTOR
    )
    return endpoint["id"]


def test_it_is_told_once_when_the_balance_falls_below_and_again_after_it_recovered(wallet, mail_server):
    for amount, told in (("500", 0), ("1", 1), ("100", 1)):
        take(wallet, amount)
        alerts.tell_of_low_balances()
        alerts.tell_of_low_balances()
        assert len(mails(mail_server)) == told
    give(wallet, "600")
    alerts.tell_of_low_balances()
    take(wallet, "600")
    alerts.tell_of_low_balances()
    assert len(mails(mail_server)) == 2


def test_the_mail_names_wallet_balance_and_threshold(wallet, mail_server):
    take(wallet, "600")
    alerts.tell_of_low_balances()
    (mail,) = mails(mail_server)
    assert "To: owner@example.org" in mail and wallet.uid in mail and "400 UGX" in mail and "500" in mail


def test_a_wallet_without_an_address_is_mailed_about_to_the_operator_or_to_nobody(app_with, mail_server):
    two = ["ops@example.org", "ann@example.org"]
    for setting, expected in (("ops@example.org", ["ops@example.org"]), ("", []), ("Ops <ops@example.org>; ann@example.org", two)):
        mail_server.submitted.clear()
        with app_with(WESEND_ALERT_MAIL=setting).app_context():
            wallet = make_wallet("10")
            set_low_balance(wallet, money.to_micros("11"), None, actor=ACTOR)
            alerts.tell_of_low_balances()
            alerts.tell_of_low_balances()
        assert [submission.to for submission in mail_server.submitted] == expected


def test_of_two_who_are_mailed_nobody_is_mailed_twice(app_with, mail_server):
    mail_server.outcomes = deque([Outcome(TEMPORARY, code="451"), Outcome(ACCEPTED)])
    with app_with(WESEND_ALERT_MAIL="ops@example.org, ann@example.org").app_context():
        set_low_balance(make_wallet("10"), money.to_micros("11"), None, actor=ACTOR)
        for _ in range(3):
            alerts.tell_of_low_balances()
    assert [submission.to for submission in mail_server.submitted] == ["ops@example.org", "ann@example.org"]


def test_mail_that_the_server_can_not_take_yet_is_tried_again_in_a_minute(wallet, mail_server, clock):
    mail_server.outcomes = deque([Outcome(TEMPORARY, code="421"), Outcome(ACCEPTED)])
    take(wallet, "600")
    tried = []
    for seconds in (0, 30, 31, 100, 100):
        clock.advance(seconds)
        alerts.tell_of_low_balances()
        tried.append(len(mail_server.submitted))
    assert tried == [1, 1, 2, 2, 2]


def test_mail_that_is_refused_is_not_tried_again(wallet, mail_server, clock):
    mail_server.outcomes = deque([Outcome(REFUSED, code="550")])
    take(wallet, "600")
    for _ in range(3):
        alerts.tell_of_low_balances()
        clock.advance(100)
    assert len(mail_server.submitted) == 1


def test_without_a_mail_server_the_alert_is_held_and_shown_to_nobody(wallet, monkeypatch, clock):
    take(wallet, "600")
    for _ in range(3):
        alerts.tell_of_low_balances()
        clock.advance(100)
    assert caught_mail.emails(Wanted()) == []
    server = MailServer("smtp")
    monkeypatch.setattr(registry, "mail_gateway", lambda *, is_sandbox: server)
    alerts.tell_of_low_balances()
    alerts.tell_of_low_balances()
    assert [submission.to for submission in server.submitted] == ["owner@example.org"]


def test_a_webhook_that_names_the_event_hears_of_it_and_others_do_not(wallet):
    listen(wallet)
    listen(wallet, endpoints.LOW_BALANCE, url="https://shop.example.org/low")
    listen(make_wallet(), endpoints.LOW_BALANCE)
    take(wallet, "600")
    alerts.tell_of_low_balances()
    (payload,) = deliveries()
    assert payload.pop("timestamp").endswith("Z")
    assert payload == {
        "event": "wallet.low_balance",
        "wallet_id": wallet.uid,
        "currency": "UGX",
        "balance": "400",
        "threshold": "500",
    }


def test_the_webhook_is_signed_and_delivered_like_any_other(wallet, httpserver):
    httpserver.expect_request("/low", method="POST").respond_with_data("ok")
    endpoint = listen(wallet, endpoints.LOW_BALANCE, url=httpserver.url_for("/low"))
    take(wallet, "600")
    alerts.tell_of_low_balances()
    claimed = claims.claim(endpoint, 1)
    target = deliver.load_target(endpoint)
    assert deliver.attempt(GuardedHttp(allow_private=True), target, claimed.rows[0], claimed.token)
    request, _ = httpserver.log[0]
    assert request.json["wallet_id"] == wallet.uid and request.headers["webhook-signature"].startswith("v1,")


def test_while_dispatch_is_paused_the_mail_waits(wallet, mail_server):
    pausing.pause("Restored", actor=ACTOR)
    take(wallet, "600")
    alerts.tell_of_low_balances()
    assert mail_server.submitted == []
    pausing.resume(actor=ACTOR)
    alerts.tell_of_low_balances()
    assert len(mail_server.submitted) == 1


def test_switched_off_nothing_is_told(wallet, mail_server):
    set_low_balance(wallet, None, None, actor=ACTOR)
    take(wallet, "900")
    alerts.tell_of_low_balances()
    assert mail_server.submitted == [] and deliveries() == []


@pytest.mark.parametrize("threshold, mail", [(0, None), (-5, None), (5, "nobody"), (5, "a@b.c\nBcc: x@y.z")])
def test_a_threshold_or_an_address_that_makes_no_sense_is_refused(wallet, threshold, mail):
    with pytest.raises(InvalidInput):
        set_low_balance(wallet, threshold, mail, actor=ACTOR)
