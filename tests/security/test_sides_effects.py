"""What each side's sends use and tell: names, placeholders, opt-outs, figures, and what people made for both."""

from __future__ import annotations

import io

import pytest

from tests.support import inbound
from wesend.accounts.sides import LIVE, SANDBOX
from wesend.contacts import groups, opting_out
from wesend.contacts import service as contacts
from wesend.core.errors import GroupExists, InvalidInput
from wesend.database import query
from wesend.messages.campaigns import email as email_campaigns
from wesend.messages.campaigns import once
from wesend.messages.campaigns import sms as sms_campaigns
from wesend.messages.email import tracking
from wesend.messages.sending.options import Options
from wesend.routing import senders
from wesend.wallets.service import find_wallet

from ..support.domain import ACTOR
from ..support.sides import PHONES, SIDES, text_to

LETTERS = "/api/v1/communication"


def other_of(side):
    return LIVE if side == SANDBOX else SANDBOX


# -- names ------------------------------------------------------------------------


@SIDES
def test_a_name_that_the_other_side_has_is_free(both, side):
    mine, theirs = both[side], both[other_of(side)]
    answer = mine.apis["wesendall"].post("/api/v1/groups", {"walletId": mine.wallet, "name": f"{theirs.mark} group"})
    assert answer.status_code == 201, answer.text
    uploaded = mine.apis["esms"].post(
        "/api/contact-lists", data={"file": (io.BytesIO(b"phone\n+256712999999\n"), "a.csv"), "name": f"{theirs.mark} group"}
    )
    assert uploaded.json["name"] == f"{theirs.mark} group (2)", "its own, which it has just made"


@SIDES
def test_a_name_that_people_gave_is_taken_on_both_sides(both, side):
    mine = both[side]
    answer = mine.apis["wesendall"].post("/api/v1/groups", {"walletId": mine.wallet, "name": "peopleword group"})
    assert (answer.status_code, answer.json["error"]) == (409, "group_exists")


def test_people_see_the_names_of_both_sides(both):
    with both.app.app_context():
        for side in (LIVE, SANDBOX):
            with pytest.raises(GroupExists):
                groups.create_group(both.account.id, f"{side}word group", actor="test")
            assert groups.free_name(both.account.id, f"{side}word group", actor="test") == f"{side}word group (2)"


# -- what people made ---------------------------------------------------------------


def test_a_test_key_uses_what_people_made_and_changes_nothing_of_it(both):
    mine, people = both.sandbox, both.people
    wallet = {"walletId": mine.wallet}
    before = both.rows_of(LIVE)
    wesendall, esms = mine.apis["wesendall"], mine.apis["esms"]
    assert (
        wesendall.post(
            "/api/v1/sms/group", {**wallet, "groupId": people.group, "message": "Hi", "senderId": people.sender}
        ).status_code
        == 200
    )
    assert esms.get(f"/api/contact-lists/{people.group}").json["name"] == "peopleword group"
    assert (
        esms.post(
            "/api/messages/send-bulk", {"contact_list_ids": [people.group], "text": "Hi", "sender_id": people.sender}
        ).status_code
        == 200
    )
    assert (
        mine.apis["wasambazie"]
        .post("/v1/sms/send", {"to_number": mine.phone, "message": "Hi", "sender_id": people.sender})
        .status_code
        == 201
    )
    refused = [
        wesendall.delete(f"/api/v1/groups/{people.group}", query_string=wallet),
        wesendall.delete(f"/api/v1/groups/{people.group}/contacts/{people.contact}", query_string=wallet),
        wesendall.post(f"/api/v1/groups/{people.group}/contacts", {**wallet, "phone": "0712345678"}),
        esms.delete(f"/api/contact-lists/{people.group}"),
    ]
    assert [answer.status_code for answer in refused] == [404] * 4
    assert [answer.json["error"] for answer in refused[:3]] == ["group_not_found"] * 3
    assert refused[3].json["detail"]["code"] == "not_found"
    assert both.rows_of(LIVE) == before


def test_a_live_key_changes_what_people_made(both):
    mine, people = both.live, both.people
    wallet = {"walletId": mine.wallet}
    assert (
        mine.apis["wesendall"].post(f"/api/v1/groups/{people.group}/contacts", {**wallet, "phone": "0712345678"}).status_code == 201
    )
    assert (
        mine.apis["wesendall"].delete(f"/api/v1/groups/{people.group}/contacts/{people.contact}", query_string=wallet).status_code
        == 204
    )
    assert mine.apis["esms"].delete(f"/api/contact-lists/{people.group}").status_code == 204


def test_people_send_to_a_keys_group_from_a_wallet_of_its_side_alone(both):
    with both.app.app_context():
        for side in (LIVE, SANDBOX):
            for paying in (LIVE, SANDBOX):
                wallet = find_wallet(both[paying].wallet, actor="test")
                draft = sms_campaigns.Draft(
                    once.new_uid(), wallet, sms_campaigns.Audience((both[side].group, both.people.group)), "Hi", None, Options()
                )
                mail = email_campaigns.EmailDraft(
                    once.new_uid(),
                    wallet,
                    email_campaigns.Readers((both[side].group,), "ann@example.com"),
                    "Hi",
                    "Hi",
                    "plain",
                    Options(),
                )
                if side == paying:
                    assert sms_campaigns.send_campaign(both.account, draft, actor=ACTOR)["total"] == 2
                    email_campaigns.send_email(both.account, mail, actor=ACTOR)
                    continue
                before = both.rows_of(paying)
                with pytest.raises(InvalidInput, match=f"choose a {side} wallet"):
                    sms_campaigns.send_campaign(both.account, draft, actor=ACTOR)
                with pytest.raises(InvalidInput, match=f"choose a {side} wallet"):
                    email_campaigns.send_email(both.account, mail, actor=ACTOR)
                assert both.rows_of(paying) == before


@SIDES
def test_a_send_of_people_uses_the_senders_of_its_wallets_side(both, side):
    with both.app.app_context():
        for sender, fits in ((both[side].sender, True), ("PEOPLEWORD", True), (both[other_of(side)].sender, False)):
            draft = sms_campaigns.Draft(
                once.new_uid(),
                find_wallet(both[side].wallet, actor="test"),
                sms_campaigns.Audience(numbers="0712345678"),
                "Hi",
                sender,
                Options(),
            )
            if fits:
                assert sms_campaigns.send_message(both.account, draft, actor=ACTOR)["sender"] == sender
            else:
                with pytest.raises(senders.SenderNotApproved):
                    sms_campaigns.send_message(both.account, draft, actor=ACTOR)


# -- sender IDs ----------------------------------------------------------------------


@SIDES
def test_asking_for_a_sender_that_the_other_side_has_is_a_request_of_its_own(both, side):
    asked = both[side].apis["esms"].post("/api/sender-ids", {"name": both[other_of(side)].sender, "countries": ["UG"]})
    assert asked.json["status"] == "pending"
    again = both[side].apis["esms"].post("/api/sender-ids", {"name": both[side].sender, "countries": ["UG"]})
    assert again.json["status"] == "approved", "its own covers it"
    shared = both[side].apis["esms"].post("/api/sender-ids", {"name": "PEOPLEWORD", "countries": ["KE"]})
    assert shared.json["status"] == "approved", "so does that of people"


def test_what_people_ask_for_is_not_covered_by_a_keys_request(both):
    with both.app.app_context():
        row = senders.request_sender(account_id=both.account.id, name=both.sandbox.sender, countries=["UG"], actor=ACTOR)
        assert (row["status"], row["side"]) == ("pending", None)


# -- placeholders --------------------------------------------------------------------


@SIDES
def test_placeholders_are_filled_from_contacts_of_the_same_side_or_of_people(both, side):
    api = both[side].apis["worldledgers"]
    with both.app.app_context():
        for owner in (LIVE, SANDBOX, None):
            name = owner or "people"
            group = groups.create_group(both.account.id, f"{name} clients", side=owner, actor="test")
            contacts.add_contacts(
                both.account.id,
                group["id"],
                [contacts.NewContact(f"+25471100000{len(name) % 10}", name, {"email": f"{name}@mail.example"})],
                "KE",
                actor="test",
            )
    numbers = {name: f"25471100000{len(name) % 10}" for name in ("live", "sandbox", "people")}
    sent = api.post(f"{LETTERS}/sms", {"message": "Dear {name}.", "recipients": list(numbers.values())}).json["data"]
    mails = api.post(
        f"{LETTERS}/email", {"subject": "Hi", "message": "Dear {name}.", "recipients": [f"{name}@mail.example" for name in numbers]}
    ).json["data"]
    assert len(sent["message_ids"]) == len(mails["message_ids"]) == 3
    with both.app.app_context():
        texts = [
            row["text"]
            for row in query(
                "SELECT text FROM messages WHERE batch_id = (SELECT batch_id FROM messages WHERE id = ?) ORDER BY id",
                (sent["message_ids"][0],),
            )
        ]
    assert texts == [f"Dear {name}." if name != other_of(side) else "Dear ." for name in numbers]


# -- opt-outs ------------------------------------------------------------------------


@SIDES
def test_a_stop_binds_the_side_that_it_answers(both, side):
    phone = "+256712777001"
    assert text_to(both, side, phone) is None
    with both.app.app_context():
        inbound.receive("sandbox", phone, None, "STOP")
    assert text_to(both, side, phone) is not None
    assert text_to(both, other_of(side), phone) is None
    # The last that wrote is the other side now: its START takes nothing of this one back.
    with both.app.app_context():
        inbound.receive("sandbox", phone, None, "START")
    assert text_to(both, side, phone) is not None


def test_an_opt_out_that_people_entered_binds_both_and_only_a_live_start_takes_it_back(both):
    phone = "+256712777002"
    for side in (LIVE, SANDBOX):
        assert text_to(both, side, phone) is None
    with both.app.app_context():
        opting_out.opt_out(both.account, phone, actor=ACTOR)
    assert text_to(both, LIVE, phone) is not None and text_to(both, SANDBOX, phone) is not None
    with both.app.app_context():
        inbound.receive("sandbox", phone, None, "START")  # the sandbox wrote last
    assert text_to(both, LIVE, phone) is not None and text_to(both, SANDBOX, phone) is not None
    with both.app.app_context():
        opting_out.opt_in(both.account, "sms", phone, actor=ACTOR)
    assert text_to(both, LIVE, phone) is None and text_to(both, SANDBOX, phone) is None


def test_people_take_back_what_either_side_was_told(both):
    phone = "+256712777003"
    for side in (LIVE, SANDBOX):
        text_to(both, side, phone)
        with both.app.app_context():
            inbound.receive("sandbox", phone, None, "STOP")
    assert both.count("opt_outs", "address = ?", phone) == 2
    with both.app.app_context():
        opting_out.opt_in(both.account, "sms", phone, actor=ACTOR)
    assert both.count("opt_outs", "address = ?", phone) == 0


@SIDES
def test_an_unsubscribe_binds_its_mails_side_and_cancels_nothing_of_the_other(both, side):
    address = "reader@example.com"
    asked = {"subject": "Hi", "message": "Hi", "recipients": [address]}
    ids = {
        name: both[name].apis["worldledgers"].post(f"{LETTERS}/email", asked).json["data"]["message_ids"][0]
        for name in (LIVE, SANDBOX)
    }
    with both.app.app_context():
        message = tracking.find_mail(ids[side])
        assert message is not None
        tracking.unsubscribe(message)
        states = {name: query("SELECT status FROM messages WHERE id = ?", (ids[name],))[0][0] for name in ids}
    assert states == {side: "cancelled", other_of(side): "queued"}
    assert both[side].apis["worldledgers"].post(f"{LETTERS}/email", asked).status_code == 422
    assert both[other_of(side)].apis["worldledgers"].post(f"{LETTERS}/email", asked).status_code == 202


# -- figures -------------------------------------------------------------------------


@SIDES
def test_figures_count_one_side_alone(both, side):
    mine, api = both[side], both[side].apis["esms"]
    before = api.get("/api/messages/stats").json, api.get("/api/messages/volume").json, api.get("/api/routes/health").json
    total = api.get("/api/messages").json["total"]
    for _ in range(3):
        both[other_of(side)].apis["esms"].post("/api/messages/send", {"to": PHONES["people"], "text": "Hi"})
    both.jobs.settle()
    after = api.get("/api/messages/stats").json, api.get("/api/messages/volume").json, api.get("/api/routes/health").json
    assert (after, api.get("/api/messages").json["total"]) == (before, total)
    mine.apis["esms"].post("/api/messages/send", {"to": PHONES["people"], "text": "Hi"})
    assert api.get("/api/messages/stats").json["sent_today"] == before[0]["sent_today"] + 1


@SIDES
@pytest.mark.parametrize("size", [1, 2, 50])
def test_pages_give_every_message_of_ones_side_once_and_in_order(both, side, size):
    api = both[side].apis["esms"]
    with both.app.app_context():
        wallets = [
            row["id"]
            for row in query("SELECT id FROM wallets WHERE account_id = ? AND is_sandbox = ?", (both.account.id, side == SANDBOX))
        ]
        expected = [
            f"msg-{row['uid']}"
            for row in query("SELECT uid, wallet_id FROM messages WHERE channel = 'sms' ORDER BY day DESC, id DESC")
            if row["wallet_id"] in wallets
        ]
    for given in ({}, {"status": "scheduled"}, {"status": "delivered"}, {"date_from": "2020-01-01T00:00:01Z"}):
        found, page = [], 0
        while listed := api.get("/api/messages", query_string={"page": page, "limit": size, **given}).json["messages"]:
            found += listed
            page += 1
        if given.get("status"):
            assert found and {entry["status"] for entry in found} == {given["status"]}
            assert [entry["id"] for entry in found] == [name for name in expected if name in {entry["id"] for entry in found}]
        else:
            assert [entry["id"] for entry in found] == expected


# -- limits --------------------------------------------------------------------------


@SIDES
def test_requests_for_senders_of_one_side_leave_the_other_its_own(both, side):
    def asked(of, number: int) -> int:
        return both[of].apis["esms"].post("/api/sender-ids", {"name": f"{of}{number}", "countries": ["UG"]}).status_code

    assert [asked(side, number) for number in range(senders.OPEN_REQUESTS)] == [200] * senders.OPEN_REQUESTS
    assert asked(side, 99) >= 400
    assert asked(other_of(side), 99) == 200
