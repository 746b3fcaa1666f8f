"""Writing a campaign: gaps are told, nothing typed is lost, texts are kept, a test goes to whoever writes."""

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
        people = (("0712000001", "Ann Apio", "Kampala"), ("0712000002", "Ben", ""), ("0712000003", "", "Jinja"))
        contacts.add_contacts(
            shop.account_id, made, (NewContact(phone, name, {"city": city}) for phone, name, city in people), "UG", actor="test"
        )
    return made


def uid_of(page) -> str:
    return re.search(r'name="uid" value="([^"]+)"', page.text)[1]


@pytest.fixture
def written(member, shop, group):
    def make(text: str, **changed) -> dict:
        usual = {
            "wallet": shop.wallet,
            "group": group,
            "numbers": "",
            "name": "",
            "sender": "",
            "when": "now",
            "at": "",
            "rate": "",
        }
        return {"uid": uid_of(member.get("/campaigns/new")), **usual, "text": text, **changed}

    return make


def test_a_mistyped_field_is_told_with_the_one_that_was_meant_and_must_be_confirmed(member, written):
    given = written("Hello {{first_nam}}, pay")
    check = text_of(member.post("/campaigns/new", go="check", step="when", **given))
    assert "{{first_nam}} is a field that none of these contacts has" in check and "Did you mean {{first_name}}" in check
    refused = member.post("/campaigns/new", go="send", step="check", **given)
    assert refused.status_code == 200 and "Please tick this" in text_of(refused)
    assert "UGX 1,000" in text_of(member.get("/wallets"))
    sent = member.follow("/campaigns/new", go="send", step="check", confirmed="1", **given)
    assert "3 messages accepted" in text_of(sent)


def test_an_empty_field_is_told_with_its_contacts_and_a_link_to_them(member, written, group):
    page = member.post("/campaigns/new", go="check", step="when", **written("In {{city}}"))
    assert "{{city}} is empty for 1 contact: Ben +256712000002" in text_of(page)
    link = re.search(r'href="(/contacts/\d+\?missing=city)"', page.text)[1]
    listed = text_of(member.get(link))
    assert "+256712000002" in listed and "+256712000001" not in listed and "+256712000003" not in listed


def test_who_has_the_field_or_a_fallback_needs_no_confirmation(member, written, jobs):
    given = written("Dear {{name|customer}} of {{city|Uganda}}")
    assert "Something would be missing" not in text_of(member.post("/campaigns/new", go="check", step="when", **given))
    member.follow("/campaigns/new", go="send", step="check", **given)
    listed = text_of(member.get("/messages"))
    assert "Dear Ben of Uganda" in listed and "Dear customer of Jinja" in listed


def test_numbers_that_are_typed_have_no_fields(member, written):
    given = written("Hi {{name}}", group="", numbers="0712000009")
    assert "{{name}} is empty for 1 contact: +256712000009" in text_of(
        member.post("/campaigns/new", go="check", step="when", **given)
    )


def test_a_draft_is_kept_as_it_is_typed_and_gone_on_with_elsewhere(app, member, shop, written):
    given = written("Half a sen", name="Spring", when="drip", rate="20")
    assert "Kept as a draft" in member.post("/campaigns/drafts", step="text", **given).json["saved"]
    colleague = Visitor(app, make_user(app, "owner", shop.account_id))
    assert "Spring" in text_of(colleague.get("/campaigns"))
    page = colleague.get(f"/campaigns/new?draft={given['uid']}")
    assert (
        "Half a sen" in page.text
        and 'value="Spring"' in page.text
        and 'value="20"' in page.text
        and 'aria-current="step"><span>2' in page.text
    )
    colleague.follow("/campaigns/new", go="send", step="check", **{**given, "text": "Whole"})
    assert "Drafts" not in text_of(member.get("/campaigns"))
    assert member.get(f"/campaigns/new?draft={given['uid']}").headers["Location"] == f"/campaigns/{given['uid']}"
    assert member.post("/campaigns/drafts", step="text", **given).json["saved"] == ""


def test_drafts_are_the_accounts_own_and_deleted_by_hand(app, member, written):
    given = written("Mine")
    member.post("/campaigns/new", go="text", step="audience", **given)
    other = mint(app)
    stranger = Visitor(app, make_user(app, "member", other.account_id))
    assert stranger.get(f"/campaigns/new?draft={given['uid']}").status_code == 404
    stranger.post("/campaigns/drafts", step="text", **{**given, "text": "Stolen", "group": "", "wallet": other.wallet})
    assert "Mine" in member.get(f"/campaigns/new?draft={given['uid']}").text
    assert stranger.post(f"/campaigns/drafts/{given['uid']}/delete").status_code in (303, 404)
    assert "The draft is gone" in text_of(member.follow(f"/campaigns/drafts/{given['uid']}/delete"))
    assert member.get(f"/campaigns/new?draft={given['uid']}").status_code == 404


def test_a_draft_waits_while_the_wallet_is_topped_up(member, written, shop, jobs, clock):
    given = written("x" * 1500)  # 10 segments × 35 × 3 = 1,050
    check = member.post("/campaigns/new", go="check", step="when", **given)
    detour = re.search(r'href="(/wallets/[^"]+/top-up\?draft=[^"]+)"', check.text)[1]
    assert f"/campaigns/new?draft={given['uid']}" in member.get(detour).text
    state = member.follow(detour, amount="500", phone="0772345678", provider="")
    clock.advance(2)
    jobs.deposits()
    assert "Back to the campaign" in text_of(member.get(state.request.full_path))
    back = member.get(f"/campaigns/new?draft={given['uid']}")
    assert "Send 3 messages for UGX 1,050" in text_of(back)


def test_templates_are_kept_used_renamed_and_deleted(member, written):
    given = written("Dear {{name|you}}")
    kept = member.post("/campaigns/new", go="save_template", template_name=" Reminder ", step="text", **given)
    assert "kept as a template" in text_of(kept)
    again = member.post("/campaigns/new", go="save_template", template_name="Reminder", step="text", **given)
    assert "There is a template of this name already" in text_of(again)
    link = re.search(r'href="(/campaigns/new\?template=\d+)"', member.get("/campaigns/templates").text)[1]
    assert "Dear {{name|you}}" in member.get(link).text
    number = link.rsplit("=", 1)[1]
    used = member.post("/campaigns/new", go="use_template", template=number, step="text", **{**given, "text": "Other"})
    assert "Dear {{name|you}}" in used.text and ">Other<" not in used.text
    assert "Payday" in text_of(member.follow(f"/campaigns/templates/{number}", template_name="Payday"))
    assert "The template is gone" in text_of(member.follow(f"/campaigns/templates/{number}/delete"))
    assert member.get(link).status_code == 404


def test_a_test_goes_to_ones_own_phone_at_the_usual_price_and_the_phone_is_asked_for_once(member, written, jobs):
    given = written("Hi {{name}} of {{city}}")
    page = member.post("/campaigns/new", go="text", step="audience", **given)
    test_uid = re.search(r'name="test_uid" value="([^"]+)"', page.text)[1]
    asked = member.post("/campaigns/new", go="test", my_phone="", test_uid=test_uid, step="text", **given)
    assert "Enter your phone number" in text_of(asked)
    for _ in range(2):  # the same form again sends nothing more
        done = member.post("/campaigns/new", go="test", my_phone="0772 000 007", test_uid=test_uid, step="text", **given)
        assert "A test went to +256772000007 for UGX 35" in text_of(done)
    assert "UGX 965" in text_of(member.get("/wallets"))
    assert "Hi Ann Apio of Kampala" in text_of(member.get("/messages"))
    assert 'value="+256772000007"' in member.post("/campaigns/new", go="text", step="audience", **written("Again")).text


def test_letters_that_make_a_text_unicode_or_longer_are_marked_and_can_be_made_plain(member, written):
    given = written("“Hello” … {{name}} €5")
    page = member.post("/campaigns/new", go="text", step="audience", **given)
    assert '<mark class="unicode" title="Makes the text Unicode">“</mark>Hello' in page.text and "Use plain signs" in page.text
    plain = member.post("/campaigns/new", go="plain", step="text", **given)
    assert "&#34;Hello&#34; ... {{name}} €5</textarea>" in plain.text
    assert '<mark class="wide" title="Counts as two characters">€</mark>' in plain.text
    long = member.post("/campaigns/new", go="text", step="audience", **written("a" * 153 + "the second one"))
    assert '<span class="cut-mark" title="Segment 2 begins here">2</span>the second one' in long.text
    assert "The second segment begins at “the second one”" in text_of(long)


def test_the_preview_follows_while_one_types(member, written):
    told = member.post("/campaigns/count", step="text", **written("Hi {{name|you}} – yes")).json
    assert told["previews"][0] == [["Hi Ann Apio ", ""], ["–", "unicode"], [" yes", ""]]
    assert told["previews"][2] == [["Hi you ", ""], ["–", "unicode"], [" yes", ""]]


def test_a_field_is_put_in_without_a_script_too(member, written):
    page = member.post("/campaigns/new", insert="city", step="text", **written("In "))
    assert "In {{city}}</textarea>" in page.text
