"""E-mail campaigns have the helps that SMS campaigns have: gaps are told, fields are buttons, fallbacks stand in."""

from __future__ import annotations

import re

import pytest

from wesend.contacts import groups
from wesend.contacts import service as contacts
from wesend.contacts.service import NewContact

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of

PEOPLE = (
    ("0712000001", "Ann Otim", {"email": "ann@example.com", "city": "Kampala"}),
    ("0712000002", "Ben", {"email": "ben@example.com"}),
    ("0712000003", "Cal", {}),  # no address, and no city
)


@pytest.fixture
def shop(app):
    return mint(app, balance="0")


@pytest.fixture
def member(app, shop):
    return Visitor(app, make_user(app, "member", shop.account_id))


@pytest.fixture
def group(app, shop) -> int:
    with app.app_context():
        made = groups.create_group(shop.account_id, "Readers", actor="test")["id"]
        contacts.add_contacts(shop.account_id, made, (NewContact(*one) for one in PEOPLE), "UG", actor="test")
    return made


@pytest.fixture
def written(member, shop, group):
    """The form as it is sent."""

    def make(text: str, **changed) -> dict:
        uid = re.search(r'name="uid"[^>]*value="([^"]+)"', member.get("/emails/write").text)[1]
        usual = {"wallet": shop.wallet, "groups": [group], "addresses": "", "subject": "News", "format": "plain", "when": "now"}
        return {"uid": uid, **usual, "text": text, **changed}

    return make


def test_a_mistyped_field_is_told_with_the_one_that_was_meant_and_must_be_confirmed(member, written):
    given = written("Hello {{first_nam}}, pay")
    check = text_of(member.post("/emails/write", go="check", **given))
    assert "{{first_nam}} is a field that none of these contacts has, so all 2 messages" in check
    assert "Did you mean {{first_name}}" in check and "Please tick this" not in check
    refused = member.post("/emails/write", go="send", **given)
    assert refused.status_code == 200 and "Please tick this" in text_of(refused)
    assert "No mail yet" in text_of(member.get("/emails"))
    assert "2 mails accepted" in text_of(member.follow("/emails/write", go="send", confirmed="1", **given))


def test_an_empty_field_of_the_subject_is_told_with_its_contacts_and_a_link_to_those_with_an_address(member, written):
    page = member.post("/emails/write", go="check", **written("Hello", subject="News of {{city}}"))
    assert "{{city}} is empty for 1 contact: Ben ben@example.com" in text_of(page)
    link = re.search(r'href="(/contacts/\d+\?missing=city[^"]*)"', page.text)[1].replace("&amp;", "&")
    listed = text_of(member.get(link))
    assert "+256712000002" in listed and "+256712000001" not in listed and "+256712000003" not in listed


def test_who_has_the_field_or_a_fallback_needs_no_confirmation(member, written):
    given = written("Dear {{name|customer}} of {{city|Uganda}}")
    check = text_of(member.post("/emails/write", go="check", **given))
    assert "2 mails would leave, and nothing is missing in them" in check and "Something would be missing" not in check
    member.follow("/emails/write", go="send", **given)
    path = re.search(r'"(/emails/[0-9a-f-]{36})"', member.get("/emails?q=ben@example.com").text)[1]
    assert "Dear Ben of Uganda" in text_of(member.get(path))


def test_addresses_that_are_typed_have_the_fields_of_their_contact_and_else_none(member, written):
    given = written("Hi {{name}}", groups=[], addresses="BEN@example.com, new@example.com, nonsense")
    check = text_of(member.post("/emails/write", go="check", **given))
    assert "{{name}} is empty for 1 contact: new@example.com" in check
    assert "1 will get nothing: no e-mail address, or opted out" in check and "nonsense" in check


def test_a_check_that_reaches_nobody_says_so(member, written):
    assert "Nobody can be reached" in text_of(member.post("/emails/write", go="check", **written("Hi", groups=[], addresses="x")))


def test_fields_are_buttons_that_follow_the_groups_and_work_without_a_script(member, written, group):
    named = re.findall(r'name="insert" value="([^"]+)"', member.get(f"/emails/write?group={group}").text)
    assert {"name", "first_name", "city", "email"} <= set(named)
    assert re.findall(r'name="insert" value="([^"]+)"', member.get("/emails/write").text) == []
    assert "city" in member.post("/emails/write/count", **written("")).json["fields"]
    assert "In {{city}}</textarea>" in member.post("/emails/write", insert="city", **written("In ")).text


def test_another_accounts_group_offers_no_fields(app, group, shop):
    other = mint(app, balance="0")
    stranger = Visitor(app, make_user(app, "member", other.account_id))
    given = {"groups": [group], "wallet": other.wallet, "addresses": "ann@example.com", "text": "x"}
    assert stranger.post("/emails/write/count", **given).json["fields"] == []
