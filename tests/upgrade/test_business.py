"""What later versions brought for selling, limits and people's data, on an instance of before: off, known of, and usable."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from wesend.core import clock as wesend_clock
from wesend.database.schema_version import bring_up_to_date

from ..conftest import close, make_app
from ..people.stored import assert_gone
from ..support.domain import problems
from .conftest import ENVIRONMENT
from .outside import Upgraded, landed, sign_in
from .population.people import BANK, CLOSED, EMPTY, SHOP, SOLO

MONTH, DAY = "2026-06", "2026-06-10"


@pytest.fixture
def running(upgraded) -> Upgraded:
    command(upgraded, "resume")
    return upgraded


def command(upgraded: Upgraded, *words: object) -> dict:
    result = upgraded.app.test_cli_runner().invoke(args=[*map(str, words), "--json"])
    assert result.exit_code == 0, (words, result.output, result.exception)
    return json.loads(result.output)


def send(upgraded: Upgraded, to: str = "+256755000001"):
    return upgraded.call("esms", "POST", "/api/messages/send", json={"to": to, "text": "Hi"})


@pytest.mark.parametrize("account", [SHOP, BANK, CLOSED, EMPTY, SOLO])
def test_nothing_limits_what_was_there(upgraded, account):
    shown = command(upgraded, "account", "show", account)
    assert shown["countries"] == "all" and shown["status"] == ("suspended" if account == CLOSED else "active")
    unset = ("daily_limit", "recipient_limit", "burst_limit", "quiet_hours", "price_list", "legal_name", "address", "tax_id")
    assert {shown[name] for name in unset} == {None}
    for key in command(upgraded, "key", "list", "--account", account)["keys"]:
        assert (key["expires_at"], key["allow_ip"], key["daily_limit"], key["valid_for"]) == (None,) * 4
        assert key["countries"] == "all"


def test_segments_of_the_month_are_counted_so_that_tiers_go_on(old_instance, monkeypatch):
    """Upgraded on the day on which the landed version was left."""
    monkeypatch.setattr(time, "time", lambda: landed()["looked_at"] / 1000)
    app = make_app(old_instance, **ENVIRONMENT)
    with app.app_context():
        bring_up_to_date()
        from wesend.database import query

        kept = Counter(
            {(row[0], row[1]): row[2] for row in query("SELECT account_id, day, sum(segments) FROM daily_counts GROUP BY 1, 2")}
        )
        real = Counter(
            {
                (row[0], row[1]): row[2]
                for row in query("SELECT account_id, day, sum(segments) FROM messages WHERE channel = 'sms' GROUP BY 1, 2")
            }
        )
        close(app)
    assert +kept == +real and real


def test_an_old_account_is_sold_to_by_a_price_list_and_told_its_margin_and_statement(running):
    before = command(running, "statement", "--account", SHOP, "--month", MONTH)["statements"]
    for found in before:
        sums = {name: float(found[name]) for name in ("opening", "top_ups", "charges", "refunds", "adjustments", "closing")}
        moved = sums["opening"] + sums["top_ups"] - sums["charges"] + sums["refunds"] + sums["adjustments"]
        assert moved == pytest.approx(sums["closing"]), found["wallet_id"]
        assert command(running, "wallet", "show", found["wallet_id"])["balance"] == found["closing"]
    assert command(running, "report", "margin")["total"]["messages"] == 0, "margins begin with the upgrade"
    command(running, "price-list", "create", "Gold", "--currency", "UGX")
    command(running, "price-list", "set", "Gold", "--country", "UG", "--price", "31")
    command(running, "account", "set", SHOP, "--price-list", "Gold")
    sent = send(running)
    assert (sent.status_code, sent.json["cost"]) == (200, 31)
    total = command(running, "report", "margin", "--by", "account,day", "--currency", "UGX")["rows"]
    assert [(row["account"], row["day"], row["messages"], row["revenue"]) for row in total] == [(SHOP, DAY, 1, "31")]
    wallet = running.made["wallets"]["shop"]
    after = next(
        found
        for found in command(running, "statement", "--account", SHOP, "--month", MONTH)["statements"]
        if found["wallet_id"] == wallet
    )
    assert after["closing"] == command(running, "wallet", "show", wallet)["balance"]
    assert command(running, "wallet", "set", wallet, "--credit-limit", "50000")["credit_limit"] == "50000"
    assert running.job(problems) == []


def test_limits_that_are_set_hold_from_the_next_send_on(running, clock):
    assert send(running).status_code == 200
    command(running, "account", "set", SHOP, "--recipient-limit", "1/1h", "--countries", "UG,KE")
    assert [send(running).status_code for _ in range(2)] == [200, 429], "what was sent before it was set is not known"
    assert send(running, "+447400123456").json["detail"]["code"] == "country_not_allowed"
    command(running, "account", "set", SHOP, "--recipient-limit", "none", "--daily-limit", "1")
    assert send(running).json["detail"]["code"] == "daily_limit_reached", "what was sent that day is"
    command(running, "account", "set", SHOP, "--daily-limit", "none", "--countries", "all")
    key = next(found for found in command(running, "key", "list", "--account", SHOP)["keys"] if found["api"] == "esms")
    rolled = command(running, "key", "roll", key["key_id"], "--overlap", "1h")
    assert rolled["api_key"].startswith("esms_live_") and send(running).status_code == 200


def test_a_person_of_before_is_exported_and_erased(running, tmp_path, clock):
    clock.advance(90_000)
    running.settle()
    told = command(running, "person", "export", "+256755000103", tmp_path / "p.zip")
    assert told["counts"]["messages"] >= 3
    done = command(running, "person", "erase", "+256755000103")
    assert done["erased"]["messages"] >= 3 and done["left"] == 0
    if done["kept_in"] == []:
        running.job(lambda: assert_gone("256755000103"))
    assert running.job(problems) == []


def test_an_account_of_before_is_exported_and_closed(running, tmp_path, clock):
    clock.advance(90_000)
    running.settle()
    assert command(running, "account", "export", SOLO, tmp_path / "a.zip")["counts"]["messages"] >= 8
    assert command(running, "account", "close", SOLO, "--yes")["status"] == "closed"
    assert running.call("esms solo", "GET", "/api/balance").status_code == 401
    kept = running.rows("SELECT count(*) FROM messages WHERE account_id = ? AND text NOT LIKE '[text removed%'", SOLO)
    assert kept[0][0] == 0 and running.job(problems) == []


def test_its_people_open_what_is_new(upgraded):
    operator = sign_in(upgraded.app, "root@example.com").pick(SHOP)
    wallet = upgraded.made["wallets"]["shop"]
    for path in (
        "/operator/business",
        "/operator/price-lists",
        "/operator/search?q=2567",
        "/people-data",
        "/campaigns/new",
        f"/wallets/{wallet}/statements/{MONTH}",
        f"/operator/accounts/{SHOP}/limits",
    ):
        assert operator.get(path).status_code == 200, path
    assert datetime.fromtimestamp(wesend_clock.now_ms() / 1000, UTC).strftime("%Y-%m-%d") == DAY
