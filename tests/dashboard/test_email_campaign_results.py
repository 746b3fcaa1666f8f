"""What became of an e-mail campaign: why some failed, who they are, the same as files, once more, and at another time."""

from __future__ import annotations

import csv
import io
import re

import openpyxl
import pytest

from wesend.contacts import groups
from wesend.contacts import service as contacts
from wesend.contacts.service import NewContact
from wesend.database import write
from wesend.gateways import registry
from wesend.messages.dispatch.worker import serve_at_once
from wesend.messages.state import redaction

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of
from ..support.mail import MailServer


@pytest.fixture
def post():
    with MailServer() as server:
        yield server


@pytest.fixture
def app(app_with, post):
    return app_with(WESEND_SMTP_URL=f"smtp://127.0.0.1:{post.port}")


@pytest.fixture
def shop(app):
    return mint(app, balance="0", is_sandbox=False)


@pytest.fixture
def member(app, shop):
    return Visitor(app, make_user(app, "member", shop.account_id))


@pytest.fixture
def deliver(app, jobs):
    """What is due goes to the mail server."""

    def run() -> None:
        jobs.settle()
        with app.app_context():
            gateway = registry.gateways()[registry.SMTP]
            while serve_at_once(gateway):
                pass

    return run


@pytest.fixture
def send(app, member, shop, deliver):
    """A campaign to Ann, Ben and Cal; its path."""

    def make(text: str = "Hello {{name|you}}", **changed) -> str:
        with app.app_context():
            made = groups.create_group(shop.account_id, "Readers", actor="test")["id"]
            people = (
                NewContact(f"071200000{n}", name, {"email": f"{name.lower()}@example.com"})
                for n, name in enumerate(("Ann", "Ben", "Cal"))
            )
            contacts.add_contacts(shop.account_id, made, people, "UG", actor="test")
        uid = re.search(r'name="uid"[^>]*value="([^"]+)"', member.get("/emails/write").text)[1]
        usual = {"wallet": shop.wallet, "groups": [made], "addresses": "", "subject": "For {{name}}", "format": "plain"}
        given = {"uid": uid, **usual, "text": text, "when": "now", **changed}
        location = member.post("/emails/write", go="send", **given).headers["Location"]
        deliver()
        return location

    return make


def test_failures_are_told_in_words_of_mail_and_lead_to_them_with_their_names(member, send, post):
    post.says("RCPT", "550 5.1.1 No such user", "552 Full", "250 OK")
    page = member.get(send())
    shown = text_of(page)
    assert "1 There is no such mailbox, or its server takes no mail from you" in shown
    assert "1 The mailbox is full, or the mail too large for it" in shown and "ann@example.com Ann" in shown
    failed = re.search(r'href="(/emails\?[^"]*status=failed[^"]*)"', page.text)[1].replace("&amp;", "&")
    listed = text_of(member.get(failed))
    assert "ann@example.com · Ann There is no such mailbox" in listed and "ben@example.com" in listed
    assert "cal@example.com" not in listed
    overview = re.search(r'class="bad-text" href="([^"]+)">2<', member.get("/campaigns").text)[1].replace("&amp;", "&")
    assert text_of(member.get(overview)) == listed
    one = re.search(r'"(/emails/[0-9a-f-]{36})"', member.get(failed + "&q=ann@example.com").text)[1]
    told = text_of(member.get(one))
    assert "There is no such mailbox" in told and page.request.path in member.get(one).text


@pytest.mark.parametrize(("format_", "text"), [("html", "<p>Dear {{name}} &amp; all</p>"), ("plain", "Dear {{name}} <b>{a}</b>")])
def test_what_failed_is_sent_again_once_as_it_was(member, send, post, deliver, format_, text):
    post.says("RCPT", "250 OK", "550 No", "550 No")
    path = send(text, format=format_)
    told = member.get(f"{path}/again")
    assert "Send 2 mails" in text_of(told) and "costs nothing" in text_of(told)
    form = dict(re.findall(r'name="(round|cost)" value="([^"]+)"', told.text))
    page = member.follow(f"{path}/again", **form)
    assert "2 mails sent again." in text_of(page) and "For {{name}} (again)" in text_of(page)
    assert member.post(f"{path}/again", **form).headers["Location"] == page.request.path
    deliver()
    first, *others = post.taken
    assert first.to == ["ann@example.com"] and [one.to for one in others] == [["ben@example.com"], ["cal@example.com"]]
    for name, one in zip(("Ben", "Cal"), others, strict=True):
        assert one.message["Subject"] == f"For {name}"
        body = one.message.get_body((format_,)).get_content()
        assert text.replace("{{name}}", name) in body
    assert "None is left to be sent again" in text_of(member.get(f"{path}/again"))
    assert "Sent again: For {{name}} (again)" in text_of(member.get(path))


def test_a_text_that_names_nothing_keeps_its_braces_when_it_is_sent_again(member, send, post, deliver):
    post.says("RCPT", "550 No")
    path = send("Use {code} for 10 %", subject="Hi", groups=[], addresses="ann@example.com, ben@example.com")
    form = dict(re.findall(r'name="(round|cost)" value="([^"]+)"', member.get(f"{path}/again").text))
    member.follow(f"{path}/again", **form)
    deliver()
    assert [one.message.get_content().strip() for one in post.taken] == ["Use {code} for 10 %"] * 2


def test_who_unsubscribed_meanwhile_gets_nothing_again(member, send, post):
    post.says("RCPT", always="550 No")
    path = send()
    member.post("/contacts/opt-outs", number="ann@example.com")
    told = text_of(member.get(f"{path}/again"))
    assert "Send 2 mails" in told and "1 gets nothing now: opted out." in told


def test_who_is_left_out_of_sending_again_is_told_with_the_reason(app, member, send, post):
    """A mail of before fields were kept, and one whose text was removed; both would have no words."""
    post.says("RCPT", always="550 No")
    path = send()
    with app.app_context():
        write(lambda tx: tx.execute("UPDATE messages SET fields = NULL WHERE recipient = 'ann@example.com'"))
        write(lambda tx: tx.execute("UPDATE messages SET text = ? WHERE recipient = 'ben@example.com'", (redaction.REMOVED,)))
    told = text_of(member.get(f"{path}/again"))
    assert "1 mail is left out: it was sent by an earlier version of wesend" in told and "Write to them anew" in told
    assert "1 is left out: its text was removed" in told and "Send 1 mail" in told


def test_results_are_downloaded_as_csv_and_as_a_workbook(member, send, post):
    post.says("RCPT", "250 OK", "554 Spam")
    path = send("=1+1 {{name}}", addresses="nonsense")
    answer = member.get(f"{path}/results.csv")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert rows[1][:5] == ["ann@example.com", "Ann", "delivered", "", "'=1+1 Ann"]
    assert rows[2][:4] == ["ben@example.com", "Ben", "failed", "The reader’s mail server refused it, often as spam"]
    assert rows[4][:4] == ["nonsense", "", "not sent", "no e-mail address"]
    sheet = openpyxl.load_workbook(io.BytesIO(member.get(f"{path}/results.xlsx").data)).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[1][:3] == ["ann@example.com", "Ann", "delivered"] and cells[1][4] == "=1+1 Ann" and len(cells) == 5


def test_a_scheduled_campaign_is_given_another_time_paused_and_cancelled(member, send, post, deliver, clock):
    path = send(when="scheduled", at="2026-06-10T18:00")
    assert 'value="2026-06-10T18:00"' in member.get(path).text
    assert "It leaves at 2026-06-10 16:30" in text_of(member.follow(f"{path}/reschedule", at="2026-06-10T16:30"))
    clock.advance(3600)
    deliver()
    assert post.taken == [] and "scheduled" in text_of(member.get(path))
    clock.advance(3600)
    deliver()
    assert len(post.taken) == 3 and "finished" in text_of(member.get(path))


def test_a_mail_to_one_address_is_no_campaign(member, send, post):
    path = send(groups=[], addresses="ann@example.com", subject="Hi")
    assert path.startswith("/emails?batch=") and len(post.taken) == 1
    assert "No campaigns yet" in text_of(member.get("/campaigns"))


def test_a_mail_campaign_is_free_and_shows_its_words_not_their_html(member, send):
    page = member.get(send("<p>Dear <b>{{first_name|reader}}</b></p>", format="html"))
    shown = text_of(page)
    assert "Price free" in shown and "Paid" not in shown and "Refunded" not in shown
    assert "Dear {{first_name|reader}}" in shown and "&lt;p&gt;" not in page.text
