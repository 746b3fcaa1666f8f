"""E-mail campaigns have the helps that SMS campaigns have: gaps are told, fields are buttons, fallbacks stand in."""

from __future__ import annotations

import re

import pytest

from wesend.contacts import groups
from wesend.contacts import service as contacts
from wesend.contacts.service import NewContact
from wesend.messages.campaigns import text_templates
from wesend.messages.campaigns.text_templates import Content

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
    assert "1 will get nothing: 1 no e-mail address" in check and "nonsense" in check


def test_a_check_that_reaches_nobody_says_so_once_and_why(member, written):
    member.follow("/contacts/opt-outs", number="off@example.com")
    check = text_of(member.post("/emails/write", go="check", **written("Hi", groups=[], addresses="x, off@example.com")))
    assert "Nobody can be reached 2 will get nothing: 1 no e-mail address, 1 opted out x, off@example.com" in check
    assert check.count("Nobody can be reached") == 1 and check.count("will get nothing") == 1


def test_fields_are_buttons_that_follow_the_groups_and_work_without_a_script(member, written, group):
    named = re.findall(r'name="insert" value="([^"]+)"', member.get(f"/emails/write?group={group}").text)
    assert {"name", "first_name", "city", "email"} <= set(named)
    assert re.findall(r'name="insert" value="([^"]+)"', member.get("/emails/write").text) == []
    assert ["city", "city"] in member.post("/emails/write/count", **written("")).json["fields"]
    assert "In {{city}}</textarea>" in member.post("/emails/write", insert="city", **written("In ")).text


def test_another_accounts_group_offers_no_fields(app, group, shop):
    other = mint(app, balance="0")
    stranger = Visitor(app, make_user(app, "member", other.account_id))
    given = {"groups": [group], "wallet": other.wallet, "addresses": "ann@example.com", "text": "x"}
    assert stranger.post("/emails/write/count", **given).json["fields"] == []


def test_a_draft_is_kept_as_it_is_typed_and_gone_on_with_elsewhere(app, member, shop, written, group):
    given = written(
        "Half a sen", subject="Spring", format="html", when="scheduled", at="2026-06-10T18:00", addresses="x@example.com"
    )
    assert "Kept as a draft" in member.post("/emails/write/draft", **given).json["saved"]
    colleague = Visitor(app, make_user(app, "owner", shop.account_id))
    assert "Spring" in text_of(colleague.get("/campaigns"))
    link = re.search(r'href="(/emails/write\?draft=[^"]+)"[^>]*>Go on', colleague.get("/emails").text)[1]
    page = colleague.get(link).text
    for kept in ("Half a sen</textarea>", 'value="Spring"', 'value="2026-06-10T18:00"', "x@example.com</textarea>"):
        assert kept in page
    assert re.search(rf'name="groups" value="{group}" checked', page)
    assert re.search(r'<input checked[^>]*value="html"', page) and re.search(r'<input checked[^>]*value="scheduled"', page)
    colleague.follow("/emails/write", go="send", **{**given, "when": "now"})
    assert "Drafts" not in text_of(member.get("/campaigns")) and "Drafts" not in text_of(member.get("/emails"))
    assert member.get(link).headers["Location"] == f"/emails?batch={given['uid']}"
    assert member.post("/emails/write/draft", **given).json["saved"] == ""


def test_a_draft_is_one_of_its_channel_and_of_its_account(app, member, written):
    given = written("Mine")
    assert "Kept as a draft" in text_of(member.post("/emails/write", go="check", **given))
    assert member.get(f"/campaigns/new?draft={given['uid']}").status_code == 404
    other = mint(app, balance="0")
    stranger = Visitor(app, make_user(app, "member", other.account_id))
    assert stranger.get(f"/emails/write?draft={given['uid']}").status_code == 404
    stranger.post("/emails/write/draft", **{**given, "text": "Stolen", "groups": [], "wallet": other.wallet})
    assert "Mine</textarea>" in member.get(f"/emails/write?draft={given['uid']}").text
    assert "The draft is gone" in text_of(member.follow(f"/campaigns/drafts/{given['uid']}/delete"))
    assert member.get(f"/emails/write?draft={given['uid']}").status_code == 404


def test_a_form_that_says_nothing_is_no_draft(member, written):
    empty = written("", subject="", groups=[])
    assert member.post("/emails/write/draft", **empty).json["saved"] == ""
    assert "Drafts" not in text_of(member.get("/campaigns"))


def test_a_draft_whose_group_is_gone_is_gone_on_with(member, written, group):
    given = written("Still here")
    member.post("/emails/write/draft", **given)
    member.post(f"/contacts/{group}/delete")
    page = member.get(f"/emails/write?draft={given['uid']}")
    assert page.status_code == 200 and "Still here</textarea>" in page.text


def test_a_test_goes_to_ones_own_address_as_the_first_reader_would_get_it(member, shop, written):
    given = written("<p>Hi {{name}} of {{city}}</p>", subject="For {{first_name}}", format="html")
    test_uid = re.search(r'name="test_uid" value="([^"]+)"', member.get("/emails/write").text)[1]
    for _ in range(2):  # the same form again sends nothing more
        done = member.post("/emails/write", go="test", test_uid=test_uid, **given)
        assert f"A test was kept here, for member{shop.account_id}@example.com" in text_of(done)
        assert "Hi {{name}} of {{city}}" in done.text.replace("&lt;", "<")
    found = re.findall(r'"(/emails/[0-9a-f-]{36})"', member.get("/emails").text)
    assert len(found) == 1 and "For Ann" in text_of(member.get(found[0]))
    assert "<p>Hi Ann Otim of Kampala</p>" in member.get(f"{found[0]}/html").text
    assert "Go on" in text_of(member.get("/campaigns"))  # the draft waits
    assert "2 mails accepted" in text_of(member.follow("/emails/write", go="send", confirmed="1", **given))


def test_a_test_of_a_mail_without_a_subject_is_refused_at_its_field(member, written):
    refused = member.post("/emails/write", go="test", test_uid="", **written("Hi", subject=""))
    assert "Please fill this in" in text_of(refused) and "No mail yet" in text_of(member.get("/emails"))


def test_templates_of_mails_are_kept_with_their_subject_and_used_for_mails_alone(member, shop, written, template_of_texts):
    given = written("<p>Dear {{name|you}}</p>", subject="News of {{city|your town}}", format="html")
    assert "A template needs a name" in text_of(member.post("/emails/write", go="save_template", template_name=" ", **given))
    assert "kept as a template" in text_of(member.post("/emails/write", go="save_template", template_name="Weekly", **given))
    again = member.post("/emails/write", go="save_template", template_name="Weekly", **given)
    assert "There is a template of this name already" in text_of(again)
    link = re.search(r'href="(/emails/write\?template=\d+)"', member.get("/campaigns/templates").text)[1]
    number = link.rsplit("=", 1)[1]
    other = written("Other", subject="Another")
    for begun in (member.get(link), member.post("/emails/write", go="use_template", template=number, **other)):
        assert "Dear {{name|you}}" in begun.text and 'value="News of {{city|your town}}"' in begun.text
        assert re.search(r'<input checked[^>]*name="format"[^>]*value="html"', begun.text)
        assert "Another" not in begun.text and begun.status_code == 200
    assert "Nobody" not in text_of(member.post("/emails/write", go="use_template", template="", **other))
    texts = member.post("/campaigns/new", go="text", step="audience", uid=other["uid"], wallet=shop.wallet, numbers="0712000001")
    assert ">Payday</option>" in texts.text and "Weekly" not in texts.text
    assert member.get(f"/campaigns/new?template={number}").status_code == 404
    assert member.get(f"/emails/write?template={template_of_texts}").status_code == 404
    assert "No mail yet" in text_of(member.get("/emails"))
    assert "The template is gone" in text_of(member.follow(f"/campaigns/templates/{number}/delete"))
    assert member.get(link).status_code == 404


def test_what_is_kept_of_a_mail_has_a_bound_for_lists_read_all_of_it(member, written):
    given = written("x" * 200_001)
    kept = member.post("/emails/write", go="save_template", template_name="Long", **given)
    assert "A template has 1 to 200,000 characters" in text_of(kept)
    assert "Not kept as a draft: A draft has at most 200,000 characters" in text_of(kept)
    assert "Long" not in text_of(member.get("/campaigns/templates"))
    fits = member.post("/emails/write", go="save_template", template_name="Long", **{**given, "text": "x" * 200_000})
    assert "kept as a template" in text_of(fits)
    listed = member.get("/campaigns/templates")
    assert "Long" in text_of(listed) and len(listed.text) < 100_000


@pytest.fixture
def template_of_texts(app, shop) -> int:
    """A template of an SMS."""
    with app.app_context():
        return text_templates.save(shop.account_id, "Payday", Content("Pay, {{name}}"), actor="test")
