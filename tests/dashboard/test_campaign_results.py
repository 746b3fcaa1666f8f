"""What became of a campaign: why some failed, who they are, the same as files, once more, and at another time."""

from __future__ import annotations

import csv
import io
import re
import threading

import openpyxl
import pytest

from wesend.contacts import groups
from wesend.contacts import service as contacts
from wesend.contacts.service import NewContact
from wesend.database import write

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of


@pytest.fixture
def shop(app):
    return mint(app, balance="1000")


@pytest.fixture
def member(app, shop):
    return Visitor(app, make_user(app, "member", shop.account_id))


FAILS, REFUSED, UNKNOWN = "0710000099", "0710000077", "0710000066"


@pytest.fixture
def send(app, member, shop, jobs):
    """A campaign to these people; its path."""

    def make(phones: list[str], text: str = "Hello {{name|you}}", **changed) -> str:
        with app.app_context():
            made = groups.create_group(shop.account_id, f"Group of {len(phones)}", actor="test")["id"]
            people = (NewContact(number, f"Person {index}", {}) for index, number in enumerate(phones))
            contacts.add_contacts(shop.account_id, made, people, "UG", actor="test")
        uid = re.search(r'name="uid" value="([^"]+)"', member.get("/campaigns/new").text)[1]
        given = {"uid": uid, "wallet": shop.wallet, "group": made, "name": "Friday", "sender": "", "text": text, "when": "now"}
        location = member.post("/campaigns/new", go="send", step="check", **{**given, **changed}).headers["Location"]
        jobs.settle()
        return location

    return make


def test_failures_are_told_in_plain_words_and_lead_to_the_messages_with_their_names(member, send):
    path = send(["0712000001", FAILS, REFUSED])
    page = member.get(path)
    shown = text_of(page)
    assert "1 Phone switched off or out of reach" in shown and "1 The carrier refused it" in shown
    assert "+256710000099 Person 1" in shown
    failed = re.search(r'href="(/messages\?[^"]*status=failed[^"]*)"', page.text)[1].replace("&amp;", "&")
    listed = text_of(member.get(failed))
    assert "Phone switched off or out of reach" in listed and "Person 1" in listed and "+256712000001" not in listed
    one = re.search(r'href="(/messages/[0-9a-f-]{36})">\+256710000099', page.text)[1]
    assert "Phone switched off or out of reach" in text_of(member.get(one))
    overview = text_of(member.get("/")).partition("Last failures")[2]
    assert "Phone switched off or out of reach" in overview and "The carrier refused it" in overview


def test_what_failed_is_sent_again_once_at_a_cost_that_was_told(app, member, send, jobs, clock):
    path = send(["0712000001", FAILS, REFUSED, UNKNOWN])
    assert "UGX 895" in text_of(member.get("/wallets"))  # the refused one was refunded
    told = member.get(f"{path}/again")
    assert "Send 2 messages for UGX 70" in text_of(told)
    form = dict(re.findall(r'name="(round|cost)" value="([^"]+)"', told.text))
    assert "The cost once more" not in text_of(told)
    assert "look at the cost once more" in text_of(member.post(f"{path}/again", **{**form, "cost": "1"}))
    member.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "sw"
    assert "angalia gharama mara moja tena" in text_of(member.post(f"{path}/again", **{**form, "cost": "1"}))
    del member.client.environ_base["HTTP_ACCEPT_LANGUAGE"]
    page = member.follow(f"{path}/again", **form)
    assert "2 messages sent again for UGX 70" in text_of(page) and "Friday (again)" in text_of(page)
    assert member.post(f"{path}/again", **form).headers["Location"] == page.request.path
    assert "UGX 825" in text_of(member.get("/wallets"))
    jobs.settle()
    texts = text_of(member.get(f"/messages?q={page.request.path.rsplit('/', 1)[1]}"))
    assert "Hello Person 1" in texts and "Hello Person 2" in texts and "Person 3" not in texts
    assert "Friday (again)" in text_of(member.get(path))
    assert "None is left to be sent again" in text_of(member.get(f"{path}/again"))


def test_a_storm_of_sending_again_makes_one_campaign(app, shop, member, send):
    path = send([FAILS])
    form = dict(re.findall(r'name="(round|cost)" value="([^"]+)"', member.get(f"{path}/again").text))
    people = [Visitor(app, make_user(app, "member", shop.account_id, f"m{n}@example.com")) for n in range(6)]
    for one in people:
        one.get("/password")
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda one=one: answers.append(one.post(f"{path}/again", **form).headers["Location"]))
        for one in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1 and len(answers) == 6
    assert "UGX 930" in text_of(member.get("/wallets"))


def test_what_timed_out_may_have_arrived_and_is_left_out(member, send, jobs, clock):
    path = send(["0710000055", FAILS])
    clock.advance(49 * 3600)
    jobs.expire()
    told = text_of(member.get(f"{path}/again"))
    assert "Send 1 message for" in told and "1 is left out: no receipt came" in told


def test_who_opted_out_meanwhile_is_not_sent_to_again(member, send):
    path = send([FAILS, REFUSED])
    member.post("/contacts/opt-outs", number="+256710000099")
    told = text_of(member.get(f"{path}/again"))
    assert "Send 1 message for" in told and "1 gets nothing now" in told


ROWS = ["recipient", "name", "status", "reason", "text", "sender", "segments", "cost", "refunded", "currency"]


def test_results_are_downloaded_as_csv_and_as_a_workbook(member, send):
    path = send(["0712000001", FAILS], text='=1+1 "{{name}}"', numbers="nonsense")
    answer = member.get(f"{path}/results.csv")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert rows[0][:10] == ROWS
    assert rows[1][1:5] == ["Person 0", "delivered", "", '\'=1+1 "Person 0"']
    assert rows[2][1:4] == ["Person 1", "failed", "Phone switched off or out of reach"]
    assert rows[3][:4] == ["nonsense", "", "not sent", "no phone number"]
    answer = member.get(f"{path}/results.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[0][:10] == ROWS and cells[1][:2] == ["+256712000001", "Person 0"]
    assert cells[1][4] == '=1+1 "Person 0"' and sheet["E2"].data_type == "s"
    assert cells[1][6:10] == [1, 35, 0, "UGX"] and cells[3][0] == "nonsense" and len(cells) == 4


def test_downloads_are_the_accounts_own_and_in_the_audit_log(app, member, send, shop):
    path = send(["0712000001"])
    other = Visitor(app, make_user(app, "member", mint(app).account_id))
    for kind in ("csv", "xlsx"):
        assert other.get(f"{path}/results.{kind}").status_code == 404
        assert member.get(f"{path}/results.{kind}").status_code == 200
    assert member.get(f"{path}/results.pdf").status_code == 404
    owner = Visitor(app, make_user(app, "owner", shop.account_id))
    assert f"campaign-{path.rsplit('/', 1)[1][:8]}.xlsx" in text_of(owner.get("/audit"))


def test_a_scheduled_campaign_from_which_somebody_opted_out_is_scheduled_still(member, send, clock):
    path = send(["0712000001", "0712000002"], when="scheduled", at="2026-06-10T18:00")
    member.follow("/contacts/opt-outs", number="0712000001")
    told = text_of(member.get(path))
    assert "scheduled 1 of 2 are done" in told and "Cancelled 1" in told and "sending" not in told


def test_a_scheduled_campaign_is_given_another_time(member, send, jobs, clock):
    path = send(["0712000001", "0712000002"], when="scheduled", at="2026-06-10T18:00")
    page = member.get(path)
    assert 'value="2026-06-10T18:00"' in page.text
    assert "2 messages scheduled, paid with UGX 70." in text_of(page)
    assert "It leaves at 2026-06-10 16:30" in text_of(member.follow(f"{path}/reschedule", at="2026-06-10T16:30"))
    clock.advance(3600)
    jobs.settle()
    assert "scheduled" in text_of(member.get(path))
    clock.advance(3600)
    jobs.settle()
    assert "finished" in text_of(member.get(path))
    assert member.post(f"{path}/reschedule", at="2026-06-11T16:30").status_code == 409


def test_a_time_that_is_over_changes_nothing(member, send, clock):
    path = send(["0712000001"], when="scheduled", at="2026-06-10T18:00")
    refused = member.post(f"{path}/reschedule", at="2020-01-01T10:00")
    assert refused.status_code >= 400
    assert 'value="2026-06-10T18:00"' in member.get(path).text


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        ("http_400", None, "The carrier refused it"),
        ("http_503", None, "The carrier was too busy"),
        ("http_402", "Top up your account with us", "Your provider could not send it"),
        ("http_400", "Not a mobile number", "Not a mobile number"),
        ("weird-7", None, "weird-7"),
    ],
)
def test_a_code_of_our_own_is_told_in_words(app, member, send, code, said, told):
    path = send([FAILS])
    with app.app_context():
        write(lambda tx: tx.run("UPDATE messages SET error_code = ?, error_message = ? WHERE status = 'failed'", (code, said)))
    page = member.get(path)
    assert told in text_of(page).partition("Messages of this campaign")[2]
    if said is None:
        why = text_of(page).partition("Why some failed")[2]
        assert told in why and "http_" not in why.partition("Show the failed")[0]
