"""An e-mail written at the dashboard: to addresses and groups, as text or HTML, seen before it goes, sent once."""

from __future__ import annotations

import io
import re

import pytest

from wesend.core.clock import DAY, iso_in_zone, now_ms
from wesend.database import query
from wesend.messages.campaigns import email as email_campaigns
from wesend.messages.state.mail_texts import text_of as text_of_mail

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of

HOSTILE = "<p>Hello {{first_name}}</p><script>alert(1)</script>"
PEOPLE = b"phone,name,email\n0712000001,Ann Otim,ann@example.com\n0712000002,Ben,\n0712000003,<b>Cal</b>,Cal@Example.com\n"


@pytest.fixture
def shop(app):
    return mint(app, balance="0")


@pytest.fixture
def member(app, shop):
    return Visitor(app, make_user(app, "member", shop.account_id))


@pytest.fixture
def group(member) -> int:
    """A group of three, two of whom have an address."""
    path = member.post("/contacts/import", files={"file": (io.BytesIO(PEOPLE), "x.csv")}).headers["Location"].split("?")[0]
    given = {"column-0": "phone", "column-1": "name", "column-2": "field", "group": "Readers", "country": "UG"}
    return int(member.follow(path, go="import", **given).request.path.rsplit("/", 1)[1])


def written(member, shop, **fields) -> dict:
    """The form as it is sent, with the id that it was shown with."""
    page = member.get("/emails/write")
    uid = page.text.split('name="uid"')[1].split('value="')[1].split('"')[0]
    return {
        "uid": uid,
        "wallet": shop.wallet,
        "addresses": "",
        "subject": "News",
        "format": "plain",
        "text": "Hello",
        "when": "now",
        **fields,
    }


def test_the_preview_shows_nobody_of_another_accounts_group(app, member, shop, group):
    other = mint(app, balance="0")
    stranger = Visitor(app, make_user(app, "member", other.account_id, email="stranger@example.com"))
    answer = stranger.post("/emails/write/preview", **written(stranger, other, groups=[group], text="{{name}} {{phone}}"))
    assert answer.status_code == 404 and "Otim" not in answer.text and "+256712000001" not in answer.text


def test_a_mail_to_addresses_as_people_paste_them_goes_once(app, shop, member):
    form = written(member, shop, addresses="Ann Otim <ann@example.com>; ben@example.com\nann@example.com")
    page = text_of(member.follow("/emails/write", **form))
    assert "2 mails accepted" in page and "ann@example.com" in page and "ben@example.com" in page
    member.post("/emails/write", **form)
    with app.app_context():
        assert query("SELECT count(*) FROM messages WHERE channel = 'email'")[0][0] == 2


def test_a_group_gets_it_with_its_fields_filled_in_and_what_is_html_in_them_is_text(app, shop, member, group):
    form = written(member, shop, groups=[group], format="html", text="<p>Dear {{name}}</p>", subject="For {{first_name}}")
    assert "2 mails accepted" in text_of(member.follow("/emails/write", **form))
    with app.app_context():
        found = query("SELECT * FROM messages ORDER BY recipient")
        assert [(row["recipient"], row["subject"], text_of_mail(row), row["encoding"]) for row in found] == [
            ("ann@example.com", "For Ann", "<p>Dear Ann Otim</p>", "html"),
            ("cal@example.com", "For <b>Cal</b>", "<p>Dear &lt;b&gt;Cal&lt;/b&gt;</p>", "html"),
        ]


def test_what_is_written_as_plain_text_stays_that_whatever_it_looks_like(app, shop, member):
    member.follow("/emails/write", **written(member, shop, addresses="a@example.com", text="<b>1 < 2</b>"))
    with app.app_context():
        assert query("SELECT encoding FROM messages")[0][0] == "plain"


def test_the_preview_stands_in_a_frame_that_runs_nothing_and_fills_in_the_first_reader(member, shop, group):
    answer = member.post("/emails/write/preview", **written(member, shop, groups=[group], format="html", text=HOSTILE))
    policy = answer.headers["Content-Security-Policy"]
    assert "Hello Ann" in answer.text and "default-src 'none'" in policy and policy.endswith("sandbox")
    assert "script-src" not in policy
    plain = member.post("/emails/write/preview", **written(member, shop, text="<b>{{first_name}}</b>"))
    assert "&lt;b&gt;&lt;/b&gt;" in plain.text
    assert "is empty" in member.post("/emails/write/preview", **written(member, shop, text="")).text


def test_the_form_counts_who_gets_it_while_it_is_written(member, shop, group):
    told = member.post("/emails/write/count", **written(member, shop, groups=[group], addresses="x@example.com nonsense")).json
    assert (told["recipients"], told["rejected"]) == ("3 recipients", "No e-mail address: nonsense.")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"addresses": ""}, "no recipient to send to"),
        ({"addresses": "nonsense"}, "No recipient is a valid e-mail address"),
        ({"addresses": "a@example.com", "subject": ""}, "Please fill this in"),
        ({"addresses": "a@example.com", "text": " "}, "is empty"),
        ({"addresses": "a@example.com", "when": "scheduled", "at": "2001-01-01T10:00"}, "one minute to 90 days ahead"),
    ],
)
def test_a_mail_that_can_not_go_is_told_so_in_the_form_which_keeps_its_words(app, member, shop, fields, told):
    answer = member.post("/emails/write", **written(member, shop, **{"text": "Kept words", **fields}))
    assert answer.status_code == 200 and told in text_of(answer)
    assert fields.get("text") or "Kept words" in answer.text
    with app.app_context():
        assert query("SELECT count(*) FROM messages")[0][0] == 0


def test_a_scheduled_mail_waits_and_is_taken_back(member, shop):
    page = member.follow(
        "/emails/write",
        **written(member, shop, addresses="a@example.com", when="scheduled", at=iso_in_zone(now_ms() + DAY, "Africa/Kampala")[:16]),
    )
    assert "scheduled" in text_of(page)
    path = re.search(r'"(/emails/[0-9a-f-]{36})"', page.text)[1]
    assert "due" in text_of(member.get(path))
    assert "will not be sent" in text_of(member.follow(f"{path}/cancel"))
    assert "cancelled" in text_of(member.get(path))


def test_a_large_send_is_a_campaign_that_leads_to_its_mails(member, shop):
    many = " ".join(f"reader{n}@example.com" for n in range(101))
    page = text_of(member.follow("/emails/write", **written(member, shop, addresses=many, subject="To all of you")))
    assert "101 mails accepted" in page
    campaigns = member.get("/campaigns")
    assert "To all of you" in text_of(campaigns) and "101 mails" in text_of(campaigns)
    shown = member.get(re.search(r'"(/campaigns/[0-9a-f-]{36})"', campaigns.text)[1])
    assert "reader100@example.com" in text_of(shown) and "/emails?batch=" in shown.text


def test_a_group_or_a_send_of_another_account_does_not_exist(app, member, shop, group):
    other = mint(app, balance="0")
    stranger = Visitor(app, make_user(app, "owner", other.account_id))
    assert "not found" in text_of(stranger.post("/emails/write", **written(stranger, other, groups=[group])))
    member.follow("/emails/write", **written(member, shop, addresses="a@example.com"))
    with app.app_context():
        uid = query("SELECT uid FROM batches")[0][0]
    assert stranger.get(f"/emails?batch={uid}").status_code == 404


def test_whoever_unsubscribed_is_left_out_and_an_address_can_be_entered_by_hand(member, shop):
    assert "ann@example.com gets nothing more" in text_of(member.follow("/contacts/opt-outs", number="Ann@Example.com"))
    assert "Neither a phone number nor" in text_of(member.post("/contacts/opt-outs", number="ann at example"))
    page = text_of(member.follow("/emails/write", **written(member, shop, addresses="ann@example.com, ben@example.com")))
    assert "1 mail accepted" in page


def test_addresses_are_read_as_they_are_pasted():
    typed = "a@x.org,b@x.org; c@x.org  d@x.org\nEve Otim <e@x.org>\n, ;"
    assert email_campaigns.split_addresses(typed) == ["a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org"]
    assert email_campaigns.refused("a@x.org nonsense @x") == ["nonsense", "@x"]
