"""Compose: counted by the server's own counter while somebody types, and sent as the API would."""

from __future__ import annotations

import re

import pytest

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of


@pytest.fixture
def shop(app):
    return mint(app, balance="1000")


@pytest.fixture
def member(app, shop):
    return Visitor(app, make_user(app, "member", shop.account_id))


def fields(member, shop, **changed) -> dict:
    uid = re.search(r'name="uid"[^>]*value="([^"]+)"', member.get("/compose").text)[1]
    return {
        "uid": uid,
        "wallet": shop.wallet,
        "sender": "",
        "recipients": "0712 345 678",
        "text": "Hello",
        "when": "now",
        "at": "",
        **changed,
    }


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_what_each_costs_is_what_one_is_charged_to_the_last_digit(app, count):
    """Rounded once: 35 UGX are 1.21297… KES, and three times that 3.6389, where three times 1.2130 would be 3.6390."""
    shop = mint(app, currency="KES", balance="1000")
    member = Visitor(app, make_user(app, "member", shop.account_id))
    given = fields(member, shop, text="x" * 153 * count if count > 1 else "x")
    told = member.post("/compose/count", **given).json
    each = member.post("/compose/count", text=given["text"], wallet=shop.wallet).json
    assert each["price"] == f"{told['price']} each"


def test_the_counter_tells_what_the_send_then_charges(member, shop):
    given = fields(member, shop, recipients="0712345678; +254712345678, 0712345678 nonsense", text="Price “5”" + "x" * 70)
    told = member.post("/compose/count", **given).json
    assert told["segments"] == "2 segments" and told["encoding"] == "Unicode" and told["recipients"] == "2 recipients"
    assert "“ ” make it Unicode" in told["special"] and "nonsense (no phone number)" in told["rejected"]
    cost = told["price"]
    assert f"accepted for {cost}" in text_of(member.follow("/compose", go="send", **given))
    assert told["after"].removesuffix(" left") in text_of(member.get("/wallets"))


@pytest.mark.parametrize(
    ("text", "segments", "units"),
    [
        ("", "0 segments", "0 of 160 characters"),
        ("x" * 160, "1 segment", "160 of 160 characters"),
        ("x" * 161, "2 segments", "161 of 306 characters"),
        ("€" * 80, "1 segment", "160 of 160 characters"),
        ("a\r\nb", "1 segment", "3 of 160 characters"),
        ("🎉" * 35, "1 segment", "70 of 70 characters"),
    ],
)
def test_the_counter_counts_as_messages_are_billed(member, shop, text, segments, units):
    told = member.post("/compose/count", **fields(member, shop, text=text)).json
    assert (told["segments"], told["units"]) == (segments, units)


def test_one_message_is_shown_and_the_same_form_sends_once(member, shop, jobs):
    given = fields(member, shop)
    page = member.follow("/compose", go="send", **given)
    assert "+256712345678" in text_of(page) and "Hello" in text_of(page)
    member.follow("/compose", go="send", **{**given, "at": "2030-01-01T10:00"})  # of no matter: it leaves now
    assert "UGX 965" in text_of(member.get("/wallets"))


def test_a_form_that_was_changed_after_it_was_sent_sends_another(member, shop, jobs):
    given = fields(member, shop)
    for changed in ({}, {"text": "Hello!"}, {"recipients": "0712 345 679"}, {"text": "Hello!"}):
        page = member.follow("/compose", go="send", **{**given, **changed})
        assert changed.get("text", "Hello") in text_of(page)
    assert "UGX 895" in text_of(member.get("/wallets"))


def test_a_schedule_is_read_in_the_accounts_own_zone(member, shop, clock):
    given = fields(member, shop, when="scheduled", at="2026-06-10T16:30")
    page = member.follow("/compose", go="send", **given)
    assert "scheduled" in text_of(page)
    uid = re.search(r'/messages/([0-9a-f-]{36})"', page.text)[1]
    assert "10 Jun, 16:30" in text_of(member.get(f"/messages/{uid}"))
    assert "UGX 35 went back" in text_of(member.follow(f"/messages/{uid}/cancel"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"recipients": ""}, "fill this in"),
        ({"text": ""}, "fill this in"),
        ({"recipients": "nobody"}, "valid phone number"),
        ({"when": "scheduled", "at": ""}, "choose a day"),
        ({"recipients": "0710000088"}, "alance"),
        ({"wallet": "wal_sandbox_esms"}, "allet"),
        ({"text": "x" * 2000}, "at most 10"),
        ({"uid": "x"}, "atch"),
    ],
)
def test_what_can_not_be_sent_is_told_and_costs_nothing(member, shop, changed, told):
    answer = member.post("/compose", go="send", **fields(member, shop, **changed))
    assert answer.status_code == 200 and told in text_of(answer)
    assert "UGX 1,000" in text_of(member.get("/wallets"))


def test_counting_without_javascript_keeps_what_was_written(member, shop):
    page = member.post("/compose", go="check", **fields(member, shop, text="<script>x"))
    assert "UGX 35" in text_of(page) and "&lt;script&gt;x</textarea>" in page.text and "<script>x" not in page.text


def test_an_account_without_a_wallet_is_told_what_to_do(app, operator):
    minted = mint(app)
    with app.app_context():
        from wesend.accounts import service

        other = service.create_account("Bare", actor="test").id
    operator.pick(other)
    assert "No wallet yet" in text_of(operator.get("/compose")) and minted


def test_a_text_with_fields_is_confirmed_since_typed_numbers_have_none(member, shop):
    given = fields(member, shop, text="Hi {{name}}")
    refused = member.post("/compose", go="send", **given)
    assert refused.status_code == 200 and "{{name}} would be empty" in text_of(refused)
    assert member.post("/compose", go="send", confirmed="1", **given).status_code == 303


def test_plain_signs_are_put_in_and_nothing_is_sent(member, shop):
    page = member.post("/compose", go="plain", **fields(member, shop, text="“hi”"))
    assert page.status_code == 200 and "&#34;hi&#34;</textarea>" in page.text
    assert "No messages yet" in text_of(member.get("/messages"))


def test_an_operator_is_told_why_there_is_no_route_and_nobody_else(app, clock):
    live = mint(app, is_sandbox=False, balance="1000")
    owner, operator = Visitor(app, make_user(app, "owner", live.account_id)), Visitor(app, make_user(app)).pick(live.account_id)
    for visitor, is_told in ((owner, False), (operator, True)):
        given = fields(visitor, live, recipients="+4917612345678")
        rejected = visitor.post("/compose/count", **given).json["rejected"]
        assert "no route" in rejected and ("wesend route set" in rejected) == is_told
        refused = text_of(visitor.post("/compose", go="send", **given))
        assert ("No active route leads to DE" in refused) == is_told, refused


def test_the_counter_tells_what_a_credit_limit_leaves(app):
    live = mint(app, is_sandbox=False, balance="0")
    app.test_cli_runner().invoke(args=["wallet", "set", live.wallet, "--credit-limit", "100"])
    app.test_cli_runner().invoke(args=["gateway", "set", "cheap", "--type", "sandbox"])
    app.test_cli_runner().invoke(
        args=["route", "set", "ESMS_UG", "--country", "UG", "--gateway", "cheap", "--price", "35", "--currency", "UGX"]
    )
    owner = Visitor(app, make_user(app, "owner", live.account_id))
    assert owner.post("/compose/count", **fields(owner, live)).json["after"] == "UGX 65 left"
