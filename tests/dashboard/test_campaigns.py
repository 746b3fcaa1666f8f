"""Campaigns: five steps to many messages, each sent once; and what can still be done about them."""

from __future__ import annotations

import re

import pytest

from wesend.contacts import groups
from wesend.contacts import service as contacts
from wesend.contacts.service import NewContact

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of


@pytest.fixture
def shop(app):
    return mint(app, balance="1000")


@pytest.fixture
def member(app, shop):
    return Visitor(app, make_user(app, "member", shop.account_id))


@pytest.fixture
def group(app, shop) -> int:
    with app.app_context():
        made = groups.create_group(shop.account_id, "Customers", actor="test")["id"]
        people = (("0712000001", "Ann Apio", "Kampala"), ("0712000002", "<b>Ben</b>", "Gulu"), ("0710000099", "Cal", "Jinja"))
        contacts.add_contacts(
            shop.account_id, made, (NewContact(phone, name, {"city": city}) for phone, name, city in people), "UG", actor="test"
        )
    return made


def uid_of(page) -> str:
    return re.search(r'name="uid" value="([^"]+)"', page.text)[1]


def fields(member, shop, group, **changed) -> dict:
    return {
        "uid": uid_of(member.get("/campaigns/new")),
        "wallet": shop.wallet,
        "group": group,
        "numbers": "",
        "name": "Friday",
        "sender": "",
        "text": "Hello {{first_name}} of {{city}}",
        "when": "now",
        "at": "",
        "rate": "",
        **changed,
    }


def test_a_campaign_goes_step_by_step_to_its_end(member, shop, group, jobs):
    given = fields(member, shop, group)
    step = text_of(member.post("/campaigns/new", go="text", step="audience", **given))
    assert "Hello Ann of Kampala" in step and "city" in step
    assert "When does it leave?" in text_of(member.post("/campaigns/new", go="when", step="text", **given))
    check = member.post("/campaigns/new", go="check", step="when", **given)
    assert "Send 3 messages for UGX 105" in text_of(check) and "UGX 895" in text_of(check)
    page = member.follow("/campaigns/new", go="send", step="check", **given)
    assert "3 messages accepted for UGX 105" in text_of(page) and "Friday" in text_of(page)
    jobs.settle()
    shown = text_of(member.get(page.request.path))
    assert "finished" in shown and "100 %" in shown and "Delivered 2" in shown and "Failed 1" in shown
    assert "Friday" in text_of(member.get("/campaigns"))


def test_the_same_form_sends_once(member, shop, group):
    given = fields(member, shop, group)
    first = member.post("/campaigns/new", go="send", step="check", **given)
    second = member.post("/campaigns/new", go="send", step="check", **given)
    assert first.headers["Location"] == second.headers["Location"]
    assert "UGX 895" in text_of(member.get("/wallets"))


def test_contacts_fields_are_text_everywhere(member, shop, group):
    page = member.post("/campaigns/new", go="text", step="audience", **fields(member, shop, group, text="{{name}} <i>"))
    assert "<b>Ben" not in page.text and "&lt;b&gt;Ben" in page.text and "<i>" not in page.text


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"text": ""}, "The message is empty"),
        ({"text": "é" * 2000}, "at most 10 are allowed"),
        ({"when": "drip", "rate": "0"}, "messages a minute"),
        ({"when": "drip", "rate": "many"}, "messages a minute"),
        ({"when": "scheduled", "at": "2001-01-01T10:00"}, "one minute to 90 days"),
        ({"when": "scheduled", "at": "x"}, "choose a day"),
        ({"sender": "NOTMINE"}, "ender"),
        ({"wallet": "wal_sandbox_esms"}, "allet"),
    ],
)
def test_what_makes_no_sense_is_told_before_it_costs_anything(member, shop, group, changed, told):
    given = fields(member, shop, group, **changed)
    for wanted in ("check", "send"):
        answer = member.post("/campaigns/new", go=wanted, step="when", **given)
        assert answer.status_code == 200 and told in text_of(answer), wanted
    assert "UGX 1,000" in text_of(member.get("/wallets"))


def test_nobody_to_send_to_is_told(member, shop):
    given = fields(member, shop, "")
    assert "There is nobody to send to" in text_of(member.post("/campaigns/new", go="text", step="audience", **given))


def test_an_audience_of_numbers_and_a_group_gives_each_phone_one_message(member, shop, group):
    given = fields(member, shop, group, numbers="0712 000 001, 0712000009\nnonsense 0712000009")
    check = text_of(member.post("/campaigns/new", go="check", step="when", **given))
    assert "Send 4 messages" in check and "1 will get nothing" in check and "nonsense" in check


def test_too_little_money_is_said_before_and_refused_at_the_end(member, shop, group):
    given = fields(member, shop, group, text="x" * 1500)  # 10 segments × 35 × 3 = 1,050
    assert "50 are missing" in text_of(member.post("/campaigns/new", go="check", step="when", **given))
    assert member.post("/campaigns/new", go="send", step="check", **given).status_code == 200
    assert "UGX 1,000" in text_of(member.get("/wallets"))


def test_a_drip_shows_when_it_ends_and_is_paused_resumed_and_cancelled_with_its_refund(member, shop, group, jobs, clock):
    given = fields(member, shop, group, when="drip", rate="1")
    check = text_of(member.post("/campaigns/new", go="check", step="when", **given))
    assert "The last one leaves 10 Jun, 15:02" in check and "1 a minute" in check
    page = member.follow("/campaigns/new", go="send", step="check", **given)
    path = page.request.path
    jobs.dispatch()
    assert "Paused" in text_of(member.follow(f"{path}/pause"))
    assert "Resume" in text_of(member.get(path))
    assert "It goes on" in text_of(member.follow(f"{path}/resume"))
    assert "2 messages cancelled; UGX 70 went back" in text_of(member.follow(f"{path}/cancel"))
    assert "UGX 965" in text_of(member.get("/wallets"))


def test_another_accounts_campaign_and_group_do_not_exist(app, member, shop, group):
    location = member.post("/campaigns/new", go="send", step="check", **fields(member, shop, group)).headers["Location"]
    other = mint(app)
    stranger = Visitor(app, make_user(app, "owner", other.account_id))
    assert stranger.get(location).status_code == 404
    for deed in ("pause", "resume", "cancel"):
        assert stranger.post(f"{location}/{deed}").status_code == 404
    assert "Group" in text_of(
        stranger.post("/campaigns/new", go="text", step="audience", **{**fields(stranger, other, group), "wallet": other.wallet})
    )


def test_a_suspended_account_sends_nothing(member, shop, group, operator):
    given = fields(member, shop, group)
    operator.post(f"/operator/accounts/{shop.account_id}/suspend")
    assert "suspended" in text_of(member.post("/campaigns/new", go="send", step="check", **given))
    assert "No campaigns yet" in text_of(member.get("/campaigns"))
