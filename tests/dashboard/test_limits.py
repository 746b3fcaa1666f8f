"""The pages of limits: an account's for the operator, a key's for its owner, and what they do to a campaign."""

from __future__ import annotations

import re

import pytest

from wesend.database import query

from ..guards.conftest import command  # noqa: F401  a fixture
from ..support.accounts import mint, wesendall_of
from ..support.dashboard import Visitor, make_user, text_of


def told(app, action: str) -> list[str]:
    with app.app_context():
        return [row[0] for row in query("SELECT detail FROM audit_log WHERE action = ? ORDER BY id", (action,))]


def test_an_operator_sets_an_accounts_limits(app, operator, shop):
    path = f"/operator/accounts/{shop.account_id}"
    assert text_of(operator.get(path)).count("no limit") == 3
    given = {"countries": "UG, KE", "daily_limit": "50,000", "recipient_limit": "5/10m", "burst_limit": "200/1h"}
    page = text_of(operator.follow(f"{path}/limits", **given, quiet_hours="21:00-07:00"))
    for word in ("KE, UG", "50000", "5/10m", "200/1h", "21:00-07:00"):
        assert word in page, word
    assert told(app, "account.daily_limit") == ["none → 50000"] and told(app, "account.countries") == ["all → KE,UG"]
    form = operator.get(f"{path}/limits").text
    assert 'value="5/10m"' in form and 'value="KE,UG"' in form
    refused = operator.post(f"{path}/limits", countries="all", recipient_limit="5 a day")
    assert refused.status_code == 200 and "5 a day" in refused.text and "is no limit like 5/10m" in text_of(refused)
    page = text_of(operator.follow(f"{path}/limits", countries="all"))
    assert page.count("no limit") == 3 and told(app, "account.quiet_hours") == ["none → 21:00-07:00", "21:00-07:00 → none"]


def test_nobody_else_does(owner, member, stranger, shop):
    for somebody in (owner, member, stranger):
        answer = somebody.get(f"/operator/accounts/{shop.account_id}/limits")
        assert answer.status_code in (302, 303, 403, 404)


def test_an_owner_sets_a_keys_limits(app, owner, member, shop, command):  # noqa: F811
    path = f"/keys/{shop.key_id}/limits"
    given = {"expires": "2099-01-01", "allow_ip": "10.0.0.0/8", "countries": "UG", "daily_limit": "100", "valid_for": "300"}
    page = text_of(owner.follow(path, **given))
    for word in ("only from 10.0.0.0/8", "only to UG", "at most UGX 100 a day", "valid for 300 s"):
        assert word in page, word
    listed = command("key", "list", "--account", shop.account_id)["keys"][0]
    assert (listed["daily_limit"], listed["valid_for"], listed["expires_at"]) == ("100", 300, "2099-01-01T21:00:00Z")
    command("key", "set", shop.key_id, "--expires", "2099-01-01T12:34:56Z")
    owner.follow(path, **given)
    assert command("key", "list", "--account", shop.account_id)["keys"][0]["expires_at"] == "2099-01-01T12:34:56Z"
    assert "59" in owner.post(path, **{**given, "valid_for": "59"}).text
    owner.follow(path)
    listed = command("key", "list", "--account", shop.account_id)["keys"][0]
    assert [listed[name] for name in ("daily_limit", "valid_for", "expires_at", "allow_ip")] == [None] * 4
    assert member.get(path).status_code == 403 and member.post(path, **given).status_code == 403


def test_a_keys_last_day_is_of_its_own_accounts_zone_whatever_account_an_operator_picked(operator, shop, command):  # noqa: F811
    elsewhere = command("account", "create", "Far", "--country", "NZ")["account_id"]
    operator.pick(elsewhere)
    operator.post(f"/keys/{shop.key_id}/limits", expires="2099-01-01")
    (key,) = command("key", "list", "--account", shop.account_id)["keys"]
    assert key["expires_at"] == "2099-01-01T21:00:00Z"
    assert 'value="2099-01-01"' in operator.get(f"/keys/{shop.key_id}/limits").text


def test_a_new_key_has_the_limits_of_the_form(owner, shop, command):  # noqa: F811
    made = owner.post(
        "/keys", api="esms", wallet=shop.wallet, name="Till", scopes="send", countries="KE", daily_limit="7", valid_for="60"
    )
    assert made.status_code == 200 and "esms_live_" in made.text
    key = command("key", "list", "--account", shop.account_id)["keys"][-1]
    assert (key["countries"], key["daily_limit"], key["valid_for"]) == (["KE"], "7", 60)


def test_the_campaigns_page_says_so_before_it_is_confirmed(app, member, shop, command):  # noqa: F811
    command("route", "set", "UG", "--country", "UG", "--gateway", "sandbox", "--price", "35", "--currency", "UGX")
    uid = re.search(r'name="uid" value="([^"]+)"', member.get("/campaigns/new").text)
    assert uid is not None
    given = {"uid": uid[1], "wallet": shop.wallet, "numbers": "0712345678", "text": "Hello", "when": "now"}

    def checked() -> str:
        return text_of(member.post("/campaigns/new", go="check", **given))

    assert "Quiet hours" not in checked()
    command("account", "set", shop.account_id, "--quiet-hours", "00:00-23:59")
    assert "Quiet hours 00:00-23:59, by the clocks where the recipients are" in checked()
    assert "Nothing leaves to Uganda before 23:59 there." in checked()
    assert "Send 1 message" in checked()


@pytest.mark.parametrize(
    ("guard", "sentence"),
    [
        (("account", "set", "--countries", "KE"), "Sending to Uganda is not allowed for this account"),
        (
            ("account", "set", "--burst-limit", "1/1h"),
            "Too many messages to numbers that begin alike: nothing more is sent there for now",
        ),
        (("blocklist", "add", "+256710"), "This recipient is blocked: nobody sends there"),
    ],
    ids=["country", "burst", "blocked"],
)
def test_a_retry_that_is_refused_is_told_on_the_messages_page(app, command, jobs, guard, sentence):  # noqa: F811
    shop = mint(app)
    api, owner = wesendall_of(app, shop), Visitor(app, make_user(app, "owner", shop.account_id))
    uid = api.send("0710000099").json["data"]["results"][0]["message_id"]
    jobs.settle()
    what, how, *options = guard
    command(what, how, *([shop.account_id] if what == "account" else []), *options)
    api.send("0710000001")
    page = f"/messages/{uid}"
    owner.get(page)
    answer = owner.client.post(f"{page}/retry", data={"csrf_token": owner.token}, headers={"Referer": f"http://localhost{page}"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"http://localhost{page}")
    assert sentence in text_of(owner.get(page))
