"""What the landed version took without today's bounds and forms is still there, and still works."""

from __future__ import annotations

import base64

import pytest

from ..support.mail import MailServer
from .outside import Upgraded, landed, sign_in
from .population.places import HOOKS


@pytest.fixture
def running(upgraded) -> Upgraded:
    assert upgraded.app.test_cli_runner().invoke(args=["resume"]).exit_code == 0
    return upgraded


def test_contacts_with_more_and_longer_fields_than_are_taken_now_are_sent_to_shown_and_taken_away(running):
    group, wallet = landed()["groups"]["wide"], landed()["wallets"]["solo"]
    sent = running.call(
        "wesendall solo",
        "POST",
        "/api/v1/sms/group",
        json={"walletId": wallet, "groupId": group, "message": "Hi {{name}} {{c0}} {{c148}}"},
    )
    assert (sent.status_code, sent.json["data"]["successful"]) == (200, 1), sent.text
    assert running.vendor.posted[-1].json["text"] == "Hi Wide v0 v148"
    bulk = running.call("esms solo", "POST", "/api/messages/send-bulk", json={"contact_list_ids": [group], "text": "Hi {{c148}}"})
    assert bulk.status_code == 200, bulk.text
    read = running.call("esms solo", "GET", f"/api/contact-lists/{group}/contacts").json["contacts"][0]["data"]
    assert len(read) == 150 and len(read["c149"]) == 9_999
    operator = sign_in(running.app, "root@example.com").pick(6)
    for page in ("", "/export"):
        assert operator.get(f"/contacts/{group}{page}").status_code == 200
    export = operator.get(f"/contacts/{group}/export").text
    assert "v0" in export and "0755" not in export and "+256755000401" in export
    added = running.call(
        "wesendall solo", "POST", f"/api/v1/groups/{group}/contacts", json={"walletId": wallet, "phone": "0755000402"}
    )
    assert added.status_code == 201 and added.json["data"]["added"] == 1, added.text


def test_a_password_that_is_refused_now_still_signs_in(upgraded):
    assert sign_in(upgraded.app, "weak@shop.example").get("/").status_code == 200


def test_a_name_that_two_accounts_hold_and_one_that_is_taken_for_it_go_on_sending(running):
    for key, to, sender in (
        ("esms", "+256755000001", "SHOPUG"),
        ("esms bank", "+254712345678", "SHOPUG"),
        ("esms solo", "+256755000001", "SH0PUG"),
    ):
        reply = running.call(key, "POST", "/api/messages/send", json={"to": to, "text": "Hi", "sender_id": sender})
        assert reply.status_code == 200, (key, reply.text)


def test_a_user_without_a_password_in_an_address_is_sent_and_what_follows_in_it_stays(running, clock):
    wallet = landed()["wallets"]["shop test"]
    running.deliver()
    running.hooks.posted.clear()
    running.call(
        "wesendall test", "POST", "/api/v1/sms/send", json={"walletId": wallet, "message": "Hi", "recipient": "0712345678"}
    )
    clock.advance(5)
    running.settle()
    running.deliver()
    (told, *_) = [posted for posted in running.hooks.posted if posted.target.startswith("/token")]
    assert told.target == "/token?mail=a@b.example"
    assert base64.b64decode(told.headers["authorization"].removeprefix("Basic ")) == b"tok:en:"


def test_a_large_mail_that_was_accepted_leaves_whole(upgraded_with, clock):
    with MailServer() as server:
        upgraded = upgraded_with(WESEND_SMTP_URL=f"smtp://127.0.0.1:{server.port}")
        assert upgraded.app.test_cli_runner().invoke(args=["resume"]).exit_code == 0
        clock.advance(90_000)
        upgraded.settle()
        large = [taken for taken in server.taken if taken.to[0].startswith("large")]
        assert sorted(taken.to[0] for taken in large) == ["large1@example.com", "large2@example.com"]
        assert all(taken.message.get_body(("html",)).get_content().count("A large letter") == 4000 for taken in large)


def test_published_keys_send_see_what_they_made_and_hear_of_it(running, clock):
    for key, path, body in (
        (
            "published wesendall",
            "/api/v1/sms/send",
            {"walletId": "wal_sandbox_wesendall", "message": "Hi", "recipient": "0712345678"},
        ),
        ("published wasambazie", "/v1/sms/send", {"to_number": "0712345678", "message": "Hi", "sender_id": "MYBRAND"}),
        ("published esms", "/api/messages/send", {"to": "+256712345678", "text": "Hi", "sender_id": "MYAPP"}),
        ("published worldledgers", "/api/v1/communication/sms", {"message": "Hi", "recipients": ["254712345678"]}),
    ):
        reply = running.call(key, "POST", path, json=body)
        assert reply.status_code < 300, (key, reply.text)
    group = landed()["groups"]["published"]
    assert running.call("published esms", "GET", f"/api/contact-lists/{group}").json["count"] == 3
    settings = running.call("published esms", "GET", "/api/webhooks").json
    assert settings["dlr_url"] == f"http://127.0.0.1:{running.hooks.port}/published" and HOOKS != running.hooks.port
    assert settings["signing_secret"] == landed()["webhooks"]["published"]["secret"]
    clock.advance(5)
    running.settle()
    running.deliver()
    assert "/published" in {posted.target for posted in running.hooks.posted}
    assert running.call("published esms", "DELETE", f"/api/contact-lists/{group}").status_code == 204
