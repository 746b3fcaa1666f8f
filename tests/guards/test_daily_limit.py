"""What an account, and a key, may send in a day: a send as a whole or not at all, in each dialect's words."""

from __future__ import annotations

import pytest

from wesend.core import clock as time
from wesend.core.errors import InvalidInput
from wesend.database import query

from ..support.accounts import mint, wesendall_of
from ..support.apis import Wasambazie, Wesendall, WorldLedgers
from ..support.database import written
from ..support.esms import Esms, data_of, esms_of, new_list
from ..support.esms import refused as is_refused
from ..support.jobs import ManualJobs

UGANDAN, TANZANIAN, KENYAN = "+25671234567{}", "+25571234567{}", "+25471234567{}"
SENTENCE = "The daily limit is reached: nothing of this was sent"


@pytest.fixture
def account(app) -> int:
    """The sandbox's, whose published keys every API here has."""
    with app.app_context():
        return query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]


@pytest.fixture
def at_noon(clock):
    """In Kampala: half a day is left."""
    clock.advance((time.start_of_day("2100-01-02", "Africa/Kampala") - time.now_ms()) / 1000 + 12 * 3600)
    return clock


def limited_to(command, account: int, spent: float) -> None:
    command("account", "set", account, "--daily-limit", f"{spent:f}".rstrip("0").rstrip("."))


def price_of_one(send, balance) -> float:
    before = balance()
    assert send() in (200, 201, 202)
    return before - balance()


def test_wesendall(app, command, account, at_noon):
    api = Wesendall(app.test_client())
    price = price_of_one(lambda: api.send(UGANDAN.format(0)).status_code, api.balance)
    limited_to(command, account, 4 * price)
    assert api.send([UGANDAN.format(n) for n in range(2)]).status_code == 200
    before = written(app)
    answer = api.send([UGANDAN.format(n) for n in range(2)])
    assert (answer.status_code, answer.json) == (429, {"success": False, "error": "daily_limit_reached", "message": SENTENCE})
    assert answer.headers["Retry-After"] == str(12 * 3600)
    assert written(app) == before, "all or nothing"
    assert api.send(UGANDAN.format(5)).status_code == 200
    assert api.send(UGANDAN.format(6)).status_code == 429
    at_noon.advance(12 * 3600 - 1)
    assert api.send(UGANDAN.format(6)).headers["Retry-After"] == "1"
    at_noon.advance(1)
    assert api.send([UGANDAN.format(n) for n in range(4)]).status_code == 200
    assert api.send(UGANDAN.format(6)).status_code == 429
    command("account", "set", account, "--daily-limit", "none")
    assert api.send(UGANDAN.format(6)).status_code == 200


def test_wasambazie(app, command, account, at_noon):
    api = Wasambazie(app.test_client())
    price = price_of_one(lambda: api.send(TANZANIAN.format(0)).status_code, api.balance)
    limited_to(command, account, 2 * price)
    assert api.send(TANZANIAN.format(1)).status_code == 201
    answer = api.send(TANZANIAN.format(2))
    assert (answer.status_code, answer.json, answer.headers["Retry-After"]) == (429, {"detail": SENTENCE}, str(12 * 3600))


def test_esms(app, command, account, at_noon):
    api = Esms(app.test_client())
    price = price_of_one(lambda: api.send(UGANDAN.format(0)).status_code, api.balance)
    limited_to(command, account, 3 * float(price))
    lists = new_list(api, *(UGANDAN.format(n) for n in range(3))), new_list(api, *(UGANDAN.format(n) for n in range(2)))
    assert is_refused(api.bulk(lists[0]), 429, "daily_limit_reached")
    at = time.iso(time.now_ms() + 20 * 3600_000)
    assert data_of(api.bulk(lists[1], schedule_mode="scheduled", scheduled_at=at))["total_recipients"] == 2, "counted today"
    answer = api.send(UGANDAN.format(1))
    assert is_refused(answer, 429, "daily_limit_reached") and answer.headers["Retry-After"] == str(12 * 3600)
    at_noon.advance(12 * 3600)
    assert api.send(UGANDAN.format(1)).status_code == 200, "and not when it leaves"
    assert is_refused(
        api.post("/verify/start", {"to": UGANDAN.format(2), "template": "{{code}} " + "x" * 500}), 429, "daily_limit_reached"
    )


def test_world_ledgers_in_credits(app, command, account, at_noon):
    api = WorldLedgers(app.test_client())
    limited_to(command, account, 2)
    assert api.sms(KENYAN.format(1), KENYAN.format(2)).status_code == 202
    answer = api.sms(KENYAN.format(3))
    assert (answer.status_code, answer.json) == (429, {"status": "error", "message": SENTENCE})
    assert answer.headers["Retry-After"] == str(12 * 3600)
    assert api.email("ann@example.com").status_code == 202, "mail is free of charge"


def test_a_key_has_a_limit_of_its_own_within_its_accounts(app, command, at_noon):
    minted = mint(app)
    api = wesendall_of(app, minted)
    price = price_of_one(lambda: api.send(UGANDAN.format(0)).status_code, api.balance)
    shown = command("key", "set", minted.key_id, "--daily-limit", 2 * price)
    assert float(shown["daily_limit"]) == 2 * price
    assert [api.send(UGANDAN.format(1)).status_code for _ in range(2)] == [200, 429]
    command("key", "set", minted.key_id, "--daily-limit", 10 * price)
    command("account", "set", minted.account_id, "--daily-limit", 3 * price)
    assert [api.send(UGANDAN.format(1)).status_code for _ in range(2)] == [200, 429]
    command("account", "set", minted.account_id, "--daily-limit", 4 * price)
    assert api.send(UGANDAN.format(1)).status_code == 200, "what the account refused was not counted for the key"
    with app.app_context():
        used = [tuple(row) for row in query("SELECT api_key_id, used_micros FROM daily_use ORDER BY api_key_id")]
    assert used == [(0, 4 * price * 10**6), (minted.key_id, 4 * price * 10**6)]


def test_what_is_refunded_stays_counted_and_what_is_not_paid_is_not(app, command, at_noon):
    minted = mint(app, balance="105")
    api = wesendall_of(app, minted)
    command("account", "set", minted.account_id, "--daily-limit", 105)
    assert api.send("+256770000077").status_code == 502, "refused by the gateway"
    assert api.send([UGANDAN.format(n) for n in range(2)]).status_code == 200
    assert api.send(UGANDAN.format(1)).status_code == 429, "35 UGX are left, and may not be sent today"
    command("account", "set", minted.account_id, "--daily-limit", 200)
    assert api.send([UGANDAN.format(n) for n in range(2)]).status_code == 402
    assert api.send(UGANDAN.format(1)).status_code == 200, "what could not be paid was not counted"


@pytest.mark.parametrize("text", ["-1", "0", "x", "1.1234567", "1e9", "10000000000"])
def test_what_is_no_limit_is_refused(command, account, text):
    with pytest.raises(InvalidInput, match="daily limit"):
        command("account", "set", account, "--daily-limit", text)


def test_it_is_shown_and_told_in_the_audit_log(app, command, account):
    assert command("account", "show", account)["daily_limit"] is None
    assert command("account", "set", account, "--daily-limit", "50,000")["daily_limit"] == "50000"
    assert command("account", "set", account, "--daily-limit", "2.5")["daily_limit"] == "2.5"
    assert command("account", "set", account, "--daily-limit", "none")["daily_limit"] is None
    with app.app_context():
        told = [row[0] for row in query("SELECT detail FROM audit_log WHERE action = 'account.daily_limit' ORDER BY id")]
    assert told == ["none → 50000", "50000 → 2.5", "2.5 → none"]


def test_a_retry_by_hand_counts_for_the_account_and_for_the_key_that_asks(app, command, at_noon):
    minted = mint(app, "esms")
    api = esms_of(app, minted)
    failed = data_of(api.send("+256770000077"))["id"]
    command("key", "set", minted.key_id, "--daily-limit", 70)
    assert api.post(f"/messages/{failed}/retry").status_code == 200
    ManualJobs(app).dispatch()
    assert data_of(api.get(f"/messages/{failed}"))["status"] == "failed"
    answer = api.post(f"/messages/{failed}/retry")
    assert is_refused(answer, 429, "daily_limit_reached") and answer.headers["Retry-After"] == str(12 * 3600)
    command("key", "set", minted.key_id, "--daily-limit", "none")
    command("account", "set", minted.account_id, "--daily-limit", 70)
    assert is_refused(api.post(f"/messages/{failed}/retry"), 429, "daily_limit_reached")
    command("account", "set", minted.account_id, "--daily-limit", 105)
    assert api.post(f"/messages/{failed}/retry").status_code == 200
