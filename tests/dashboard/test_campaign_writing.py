"""Writing a campaign: gaps are told, nothing typed is lost, texts are kept, a test goes to whoever writes."""

from __future__ import annotations

import re
from io import BytesIO

import pytest

from wesend.accounts.service import get_account
from wesend.contacts import groups
from wesend.contacts import service as contacts
from wesend.contacts.csv_import import import_csv
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
    assert "Back To the text Send 3 messages" in check
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


def test_a_field_with_a_fallback_that_no_contact_has_is_told_and_sent_without_asking(member, written):
    given = written("Dear {{first_nam|customer}} of {{city|Uganda}}")
    check = text_of(member.post("/campaigns/new", go="check", step="when", **given))
    assert "None of these contacts has {{first_nam}}: all of them get “customer” there. Did you mean {{first_name}} ?" in check
    assert "has {{city}}" not in check and "Something would be missing" not in check
    assert "3 messages accepted" in text_of(member.follow("/campaigns/new", go="send", step="check", **given))


def test_what_one_contact_does_not_have_is_told_of_one(member, written):
    given = written("{{first_nam|you}} {{zzz}}", group="", numbers="0712000001")
    check = text_of(member.post("/campaigns/new", go="check", step="when", **given))
    assert "The contact does not have {{first_nam}}, and gets “you” there" in check
    assert "{{zzz}} is a field that the contact does not have, so the message would have nothing there" in check


def test_a_fallback_for_numbers_that_are_typed_is_what_it_is_for(member, written):
    given = written("Dear {{name|customer}}", group="", numbers="0712000009")
    assert "None of these" not in text_of(member.post("/campaigns/new", go="check", step="when", **given))


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


# -- the counter of a text whose fields are filled in -------------------------------


def counted(member, given) -> dict:
    return member.post("/campaigns/count", step="text", **given).json


def test_a_text_is_counted_as_contacts_get_it_not_as_it_is_typed(member, written):
    """The three are called Ann Apio, Ben and nothing; braces and fallbacks as they are typed would count two a brace."""
    told = counted(member, written("x" * 154 + "{{first_name|a}}"))
    assert told["segments"] == "1 segment" and told["units"] == "at most 157 of 160 characters"
    assert told["price"] == "UGX 35 each" and told["second"] == "" and told["encoding"] == "GSM-7"
    told = counted(member, written("x" * 154 + "{{name|customer}}"))
    assert told["segments"] == "1 to 2 segments, depending on the contact" and told["units"] == "at most 162 of 306 characters"
    assert told["price"] == "UGX 35 to UGX 70 each" and told["test_price"] == "UGX 70 each"
    assert ["2", "cut"] in told["previews"][0] and ["2", "cut"] not in told["previews"][1] and told["second"] == ""
    assert "first 3 contacts" in told["variables"]


def test_a_letter_of_a_contacts_field_is_told_apart_from_those_of_the_text(app, member, written, group, shop):
    given = written("Hi {{name}}")
    with app.app_context():
        contacts.add_contacts(shop.account_id, group, [NewContact("0712000004", "Łukasz", {})], "UG", actor="test")
    told = counted(member, given)
    assert told["special"].startswith("Ł in the fields of some contacts makes theirs Unicode") and told["plainer"] == ""
    assert told["encoding"] == "GSM-7 or Unicode"
    own = counted(member, {**given, "text": "“Hi” {{name}}"})
    assert own["special"].startswith("“ ” make it Unicode") and own["plainer"] and own["encoding"] == "Unicode"


def test_the_longest_of_the_first_hundred_is_among_the_previews(app, member, written, group, shop):
    with app.app_context():
        people = [NewContact(f"07120001{n:02d}", "Bo", {"city": "x" * (160 if n == 50 else 1)}) for n in range(100)]
        contacts.add_contacts(shop.account_id, group, people, "UG", actor="test")
    given = written("In {{city|y}}")
    told = counted(member, given)
    assert told["segments"] == "1 to 2 segments, depending on the contact"
    assert told["to2"] == "Bo · +256712000150 · the longest" and any(kind == "cut" for _text, kind in told["previews"][2])
    assert "Bo · +256712000150 · the longest" in text_of(member.post("/campaigns/new", go="text", step="audience", **given))
    assert "the longest" not in str(counted(member, {**given, "text": "In {{name|you}}"}))


def test_a_text_too_long_once_it_is_filled_in_is_told_so(app, member, written, group, shop):
    given = written("{{city}}" * 100)
    with app.app_context():
        big = NewContact("0712000005", "Ben", {"city": "x" * 4_000})
        contacts.add_contacts(shop.account_id, group, [big], "UG", actor="test")
    assert "more than 39,015 characters" in counted(member, given)["too_long"]
    assert member.post("/campaigns/new", go="text", step="audience", **given).status_code == 200


def test_what_goes_to_typed_numbers_is_counted_with_nothing_in_the_places_of_its_fields(member, shop):
    told = member.post("/compose/count", wallet=shop.wallet, recipients="0712000001", text="x" * 160 + "{{name}}", sender="").json
    assert told["segments"] == "1 segment" and told["price"] == "UGX 35"
    raw = member.post("/compose/count", wallet=shop.wallet, recipients="", text="x" * 161, sender="").json
    assert raw["segments"] == "2 segments"


# -- the buttons of fields -----------------------------------------------------------


def buttons(page) -> dict[str, str]:
    """What each puts in, and what stands on it."""
    return dict(re.findall(r'name="insert" value="([^"]*)"[^>]*>([^<]*)<', page.text))


@pytest.fixture
def spelled(app, member, written, shop):
    """The text's step for groups of lists whose columns are these."""

    def make(*lists: dict[str, str]):
        made = []
        with app.app_context():
            for place, fields in enumerate(lists):
                made.append(groups.create_group(shop.account_id, f"List {place}", actor="test")["id"])
                person = NewContact(f"071200010{place}", fields.pop("name", None), fields)
                contacts.add_contacts(shop.account_id, made[-1], [person], "UG", actor="test")
        return buttons(member.post("/campaigns/new", go="text", step="audience", **written("", group=made)))

    return make


def test_two_spellings_that_say_the_same_are_one_button(spelled):
    assert spelled({"name": "Ann Apio", "First name": "Ann"}, {"name": "Ben", "first_name": "Ben"}) == {
        "first_name": "first_name",
        "name": "name",
        "phone": "phone",
    }


def test_the_spelling_with_which_something_is_said_is_the_one_that_is_offered(spelled):
    found = spelled({"First-name": "Ann", "Plot no": "3", "plot_no": ""})
    assert "first-name" in found and "first_name" not in found and "plot no" in found and "plot_no" not in found


def test_two_fields_that_are_two_to_a_text_say_of_whom_they_are(spelled):
    found = spelled({"Balance due": "5"}, {"balance_due": "7"})
    assert found["balance due"] == "balance due · List 0" and found["balance_due"] == "balance_due · List 1"


def test_fields_of_a_second_group_are_offered_however_long_the_first_is(app, member, written, shop, group):
    with app.app_context():
        people = (NewContact(f"07120001{n:02d}", "Bo", {}) for n in range(100))
        contacts.add_contacts(shop.account_id, group, people, "UG", actor="test")
        made = groups.create_group(shop.account_id, "More", actor="test")["id"]
        contacts.add_contacts(shop.account_id, made, [NewContact("0712000200", "Cai", {"plot": "3"})], "UG", actor="test")
    assert "plot" in buttons(member.post("/campaigns/new", go="text", step="audience", **written("", group=[group, made])))


def test_the_headers_of_phones_and_names_are_known_and_not_offered_twice(app, member, written, shop):
    file = BytesIO(b"Phone No.,Customer name,Plot\n0712000200,Cai,3\n")
    with app.app_context():
        made = import_csv(get_account(shop.account_id), file, name="Rent", peoples_headers=True, actor="test").group["id"]
    found = buttons(member.post("/campaigns/new", go="text", step="audience", **written("", group=[made])))
    assert "plot" in found and "name" in found and "customer name" not in found and "phone no." not in found
    check = member.post("/campaigns/new", go="check", step="when", **written("{{Customer name}} {{phone no.}}", group=[made]))
    assert "none of these contacts has" not in text_of(check) and "Cai +256712000200" in text_of(check)


# -- a wallet to which no route leads ------------------------------------------------


def test_that_there_is_no_route_is_told_before_anything_is_sent_and_to_whom_it_matters(app):
    live = mint(app, is_sandbox=False, balance="1000")  # where nothing is set up yet
    owner = Visitor(app, make_user(app, "owner", live.account_id))
    operator = Visitor(app, make_user(app)).pick(live.account_id)
    given = {"wallet": live.wallet, "numbers": "0712000001, 0712000002, x", "text": "Hello", "when": "now"}
    check = owner.post("/campaigns/new", go="check", step="when", **given)
    told = text_of(check)
    assert "2 of these numbers can’t be reached: no gateway carries messages of this wallet to Uganda yet" in told
    assert "Ask your operator" in told and "Add a route" not in told and "wesend route set" not in told
    assert "3 will get nothing: 2 no route, 1 no phone number" in told and 'value="send"' not in check.text
    assert "Nobody can be reached" in told and told.count("2 no route") == 1
    check = operator.post("/campaigns/new", go="check", step="when", **given)
    assert 'href="/operator/routes/new?country=UG"' in check.text and 'href="/operator/new-gateway"' in check.text
    assert "No gateway carries what takes" in text_of(check) and "Ask your operator" not in text_of(check)
    assert '<option selected value="KE"' in operator.get("/operator/routes/new?country=KE").text
    assert operator.get("/operator/routes/new?country=nonsense").status_code == 200


def test_a_template_that_is_given_no_name_keeps_its_own(owner):
    kept = owner.post("/campaigns/new", go="save_template", template_name="Rent", text="Pay")
    assert "kept as a template" in text_of(kept)
    template_id = re.findall(r"/campaigns/templates/(\d+)/delete", owner.get("/campaigns/templates").text)[0]
    for fields in ({}, {"template_name": " "}):
        answer = owner.post(f"/campaigns/templates/{template_id}", **fields)
        assert answer.status_code == 200 and "A template needs a name" in text_of(answer)
    assert owner.post("/campaigns/templates/999999", template_name="x").status_code == 404
