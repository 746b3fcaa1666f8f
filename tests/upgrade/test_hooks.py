"""Webhooks of before: they fire for old messages and new ones, signed with the secret that their owner knows."""

from __future__ import annotations

import base64
import hmac
from collections import Counter
from hashlib import sha256

from wesend.messages.receipts import inbox as receipt_inbox
from wesend.webhooks.headers import standard_signature

from .outside import Upgraded, landed

BY_PATH = {
    "/own": "own",
    "/user": "user",
    "/events": "events",
    "/batch": "batch",
    "/bank": "bank",
    "/bad": "bad",
    "/dlr": "esms",
    "/mo": "esms",
    "/bank-dlr": "esms bank",
    "/published": "published",
    "/token?mail=a@b.example": "token",
}
BASIC = {"/token?mail=a@b.example": "tok:en:", "/user": "ann:p@ss", "/bank-dlr": "bob:secret"}


def resume(upgraded: Upgraded) -> None:
    assert upgraded.app.test_cli_runner().invoke(args=["resume"]).exit_code == 0


def assert_signed(posted) -> None:
    """By the vendor's header and by Standard Webhooks; with the user of its address, if it has one."""
    made = landed()["webhooks"][BY_PATH[posted.target]]
    headers, secret = posted.headers, made["secret"]
    expected = hmac.new(secret.encode(), posted.body, sha256).hexdigest()
    vendors = [value for name, value in headers.items() if name.endswith("-signature") and name != "webhook-signature"]
    assert vendors in ([expected], [f"sha256={expected}"]), posted.target
    assert headers["webhook-signature"] == standard_signature(
        secret, headers["webhook-id"], headers["webhook-timestamp"], posted.body
    )
    basic = BASIC.get(posted.target)
    assert headers.get("authorization") == (basic and "Basic " + base64.b64encode(basic.encode()).decode())


def test_what_waited_to_be_told_is_told_once(upgraded, clock):
    waiting = Counter(
        {
            row[0].rpartition("/")[2]: row[1]
            for row in upgraded.rows(
                "SELECT e.url, count(*) FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id"
                " WHERE d.status = 'pending' AND e.is_active = 1 GROUP BY 1"
            )
        }
    )
    assert waiting.total() >= 4
    resume(upgraded)
    clock.advance(3600)
    upgraded.deliver()
    upgraded.deliver()
    assert Counter(posted.target.lstrip("/") for posted in upgraded.hooks.posted) == waiting
    for posted in upgraded.hooks.posted:
        assert_signed(posted)


def test_old_and_new_messages_are_told_of_at_every_endpoint(upgraded, clock):
    resume(upgraded)
    upgraded.settle()
    upgraded.deliver()
    upgraded.hooks.posted.clear()
    _receipts_for_everything(upgraded)
    wallet = landed()["wallets"]["shop"]
    for key, path, body in (
        ("wesendall", "/api/v1/sms/send", {"walletId": wallet, "message": "Hi", "recipient": "0755000001"}),
        ("wasambazie", "/v1/sms/send", {"to_number": "0755000001", "message": "Hi", "sender_id": "SHOPUG"}),
        ("esms", "/api/messages/send", {"to": "+256755000001", "text": "Hi"}),
        ("esms bank", "/api/messages/send", {"to": "+254712345678", "text": "Hi"}),
        ("worldledgers", "/api/v1/communication/sms", {"message": "Hi", "recipients": ["0712345678"]}),
    ):
        assert upgraded.call(key, "POST", path, json=body).status_code < 300, key
    upgraded.settle()
    _receipts_for_everything(upgraded)
    clock.advance(60)
    upgraded.deliver()
    told = {posted.target for posted in upgraded.hooks.posted}
    assert {"/own", "/user", "/bad", "/batch", "/bank", "/dlr", "/bank-dlr"} <= told and "/off" not in told and "/gone" not in told
    assert "/events" not in told, "it hears of failures alone"
    for posted in upgraded.hooks.posted:
        assert_signed(posted)


def _receipts_for_everything(upgraded: Upgraded) -> None:
    """The vendor tells of every message that it took that it was delivered."""
    path = "/callbacks/" + landed()["gateways"]["beem"]["callback"].split("/callbacks/")[1]
    for (ref,) in upgraded.rows(
        "SELECT gateway_ref FROM messages WHERE gateway = 'beem' AND status IN ('submitted', 'sent') AND gateway_ref IS NOT NULL"
    ):
        assert upgraded.app.test_client().post(path, json={"id": ref, "status": "DELIVRD"}).status_code == 200
    upgraded.job(receipt_inbox.match_new)


def test_messages_of_test_keys_are_told_of_where_both_sides_were(upgraded, clock):
    resume(upgraded)
    upgraded.deliver()
    upgraded.hooks.posted.clear()
    sent = upgraded.call("esms test", "POST", "/api/messages/send", json={"to": "+256712345678", "text": "Hi"}).json["id"]
    clock.advance(5)
    upgraded.settle()
    upgraded.deliver()
    (told,) = [posted for posted in upgraded.hooks.posted if posted.json.get("message_id") == sent]
    assert told.target == "/dlr" and told.json["status"] == "delivered"
    assert_signed(told)


def test_a_vendors_own_callbacks_and_links_in_old_mails_still_work(upgraded):
    made, client = landed(), upgraded.app.test_client()
    for name, gateway in made["gateways"].items():
        if gateway["callback"]:
            path = "/callbacks/" + gateway["callback"].split("/callbacks/")[1]
            assert client.post(path, json={}).status_code != 404, name
            assert client.post(path + "x", json={}).status_code == 404, name
    click = client.get("/t/" + made["links"]["click"].rpartition("/")[2])
    assert (click.status_code, click.headers["Location"]) == (302, "https://shop.example/pay?x=1&y=2")
    assert client.post("/t/" + made["links"]["unsubscribe"].rpartition("/")[2]).status_code == 200
