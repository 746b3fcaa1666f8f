"""What people and vendors still do to rows of before: decide, switch, retry, receipt, answer."""

from __future__ import annotations

import json

import pytest
from werkzeug.test import TestResponse

from tests.support import inbound
from wesend.adapters.sms.base import DELIVERED, CallbackReceipt, Receipt
from wesend.messages.receipts import inbox as receipt_inbox

from ..support.dashboard import Visitor
from ..support.domain import problems
from .outside import Upgraded, landed, sign_in
from .population.people import SHOP


def cli(upgraded: Upgraded, *arguments: object) -> dict:
    result = upgraded.app.test_cli_runner().invoke(args=[*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def send(upgraded: Upgraded, phone: str) -> TestResponse:
    return upgraded.call(
        "wesendall", "POST", "/api/v1/sms/send", json={"walletId": landed()["wallets"]["shop"], "message": "Hi", "recipient": phone}
    )


def test_a_session_of_before_is_asked_to_sign_in_again(upgraded):
    old = Visitor(upgraded.app)
    with old.client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = "1.0123456789abcdef", True
    answer = old.get("/wallets")
    assert answer.status_code == 302 and "/sign-in" in answer.headers["Location"]


@pytest.mark.parametrize("by_page", [False, True])
def test_requested_senders_are_approved_and_used_in_their_own_spelling(upgraded, by_page):
    waiting = {
        row["name"]: row["sender_id"]
        for row in cli(upgraded, "sender", "list", "--account", SHOP)["senders"]
        if row["status"] == "pending"
    }
    assert waiting.keys() == {"WAITING", "PAGENAME"}
    for sender_id in waiting.values():
        if by_page:
            assert sign_in(upgraded.app, "root@example.com").post(f"/operator/senders/{sender_id}/approve").status_code == 303
        else:
            assert cli(upgraded, "sender", "approve", sender_id)["status"] == "approved"
    for name in ("Waiting", "PAGENAME"):
        reply = upgraded.call("esms", "POST", "/api/messages/send", json={"to": "+256755000001", "text": "Hi", "sender_id": name})
        assert reply.status_code == 200, reply.text


def test_webhooks_are_retried_switched_and_given_new_secrets(upgraded):
    made = landed()["webhooks"]
    assert cli(upgraded, "webhook", "retry", "--webhook", made["bad"]["webhook_id"])["retried"] == 1
    assert cli(upgraded, "webhook", "enable", made["gone"]["webhook_id"])["is_active"] is True
    owner = sign_in(upgraded.app, "owner@shop.example")
    for path in ("switch", "test", "rotate", "remove"):
        assert owner.post(f"/webhooks/{made['user']['webhook_id']}/{path}", on="1").status_code in (200, 303), path
    rotated = upgraded.call("esms", "POST", "/api/webhooks/rotate-secret").json["signing_secret"]
    assert rotated != made["esms"]["secret"]
    told = upgraded.call("esms", "PUT", "/api/webhooks", json={"dlr_url": "https://hooks.example/new"})
    assert told.status_code == 200
    assert upgraded.call("esms", "GET", "/api/webhooks").json["dlr_url"] == "https://hooks.example/new"
    assert upgraded.call("esms test", "GET", "/api/webhooks").json["dlr_url"] is None


def test_keys_are_listed_used_and_revoked(upgraded):
    key = landed()["keys"]["wasambazie"]
    assert {row["key_id"] for row in cli(upgraded, "key", "list", "--account", SHOP)["keys"]} >= {key["key_id"]}
    assert upgraded.call("wasambazie", "GET", "/v1/balance/").status_code == 200
    cli(upgraded, "key", "revoke", key["key_id"])
    assert upgraded.call("wasambazie", "GET", "/v1/balance/").status_code == 401


def test_contacts_of_before_are_changed_and_people_opt_in_again(upgraded):
    owner, group = sign_in(upgraded.app, "owner@shop.example"), landed()["groups"]["cli"]
    (contact, *_) = upgraded.rows("SELECT id FROM contacts WHERE group_id = ?", group)
    assert owner.post(f"/contacts/{group}/contacts/{contact['id']}", phone="0755000105", name="Renamed").status_code == 303
    assert owner.post("/contacts/opt-outs/remove", channel="sms", address="+256755000901").status_code == 303
    reply = send(upgraded, "0755000901")
    assert reply.status_code == 200, reply.text
    assert owner.post(f"/contacts/{group}/delete").status_code == 303


def test_a_late_receipt_of_the_other_part_and_a_stop_reach_messages_of_before(upgraded):
    uid = landed()["messages"]["parts under way"]
    (ref,) = upgraded.rows(
        "SELECT p.gateway_ref FROM message_parts p JOIN messages m ON m.id = p.message_id WHERE m.uid = ? AND p.status IS NULL", uid
    )
    upgraded.job(
        lambda: receipt_inbox.keep("smsc", [CallbackReceipt(ref[0], None, "+256772000001", Receipt(DELIVERED, "DELIVRD"))])
    )
    upgraded.job(receipt_inbox.match_new)
    assert upgraded.rows("SELECT status FROM messages WHERE uid = ?", uid)[0][0] == "delivered"
    upgraded.job(lambda: inbound.receive("smsc", "+256772000001", "SHOPUG", "STOP"))
    reply = send(upgraded, "0772000001")
    assert reply.status_code >= 400 and "opt" in reply.text


@pytest.mark.parametrize(("word", "status"), [("delivered", "delivered"), ("lost", "failed")])
def test_an_operator_decides_what_became_of_an_unknown_message(upgraded, word, status):
    uid = landed()["messages"]["unknown"]
    operator = sign_in(upgraded.app, "root@example.com")
    assert operator.post(f"/operator/unknown/{uid}/{word}").status_code == 303
    assert upgraded.rows("SELECT status FROM messages WHERE uid = ?", uid)[0][0] == status
    assert upgraded.job(problems) == []


def test_a_deposit_that_was_given_up_is_asked_for_again_and_a_wallet_moved_by_hand(upgraded):
    deposits, wallet = landed()["deposits"], landed()["wallets"]["shop"]
    assert cli(upgraded, "deposit", "check", deposits["live pending"])["status"] == "successful"
    assert cli(upgraded, "deposit", "check", deposits["expired"])["status"] in ("expired", "failed")
    before = float(cli(upgraded, "wallet", "show", wallet)["balance"])
    assert float(cli(upgraded, "wallet", "credit", wallet, "10")["balance"]) == before + 10
    assert upgraded.job(problems) == []


def test_gateways_are_set_anew_with_the_secrets_they_have(upgraded):
    body = '{"to": "{to}", "text": "{text}", "key": "{api_key}"}'
    url = f"http://127.0.0.1:{upgraded.vendor.port}/send"
    cli(upgraded, "gateway", "set", "beem", "--type", "http", f"--option=url={url}", f"--option=body={body}", "--option=id_path=id")
    cli(upgraded, "resume")
    send(upgraded, "0755000001")
    assert upgraded.vendor.posted[-1].json["key"] == "beem-secret"
