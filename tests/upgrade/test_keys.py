"""Every key of the landed version after the upgrade: it sends as it did, and is refused where it was."""

from __future__ import annotations

import io
from typing import Any

import pytest

from wesend.database import query_one

from ..support.domain import problems
from .outside import Upgraded, landed
from .population.contacts_csv import CSV

SENT = {name: sent for name, sent in landed()["sent"].items() if not name.startswith("closed")}


@pytest.fixture
def upgraded(upgraded) -> Upgraded:
    """With dispatch resumed."""
    assert upgraded.app.test_cli_runner().invoke(args=["resume"]).exit_code == 0
    return upgraded


def shape(value: Any) -> Any:
    """An answer without its values; what may be null is anything."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def differs(before: Any, now: Any) -> bool:
    if before == "NoneType" or now == "NoneType":
        return False
    if isinstance(before, dict) and isinstance(now, dict):
        return before.keys() != now.keys() or any(differs(before[name], now[name]) for name in before)
    if isinstance(before, list) and isinstance(now, list) and before and now:
        return differs(before[0], now[0])
    return type(before) is not type(now) or (isinstance(before, str) and before != now)


@pytest.mark.parametrize("name", SENT)
def test_what_was_sent_is_sent_again_and_answered_in_the_same_shape(upgraded, name):
    key, path = name.rsplit(" ", 1)
    before = SENT[name]
    reply = upgraded.call(key, "POST", path, json=before["body"])
    assert reply.status_code < 300, reply.text
    assert not differs(shape(before["answer"]), shape(reply.json)), (before["answer"], reply.json)
    assert upgraded.job(problems) == []


@pytest.mark.parametrize(
    ("key", "recipients"),
    [
        ("wesendall", ["0755000001", "+256755000002", "755000003"]),
        ("wesendall test", ["0712345678"]),
        ("wesendall solo", ["0755000001"]),
        ("xyz", ["0712345678"]),
    ],
)
def test_each_wesendall_key_pays_from_its_own_wallet(upgraded, key, recipients):
    wallet = landed()["wallets"][landed()["keys"][key]["wallet"]]
    before = upgraded.call(key, "GET", f"/api/v1/account/balance?walletId={wallet}").json["data"]["balance"]
    reply = upgraded.call(key, "POST", "/api/v1/sms/send", json={"walletId": wallet, "message": "Hello", "recipient": recipients})
    if key == "xyz":  # no rate for this currency then, and none now
        assert (reply.status_code, before) == (502, 100), reply.text
        return
    data = reply.json["data"]
    assert data["successful"] == len(recipients) and data["remaining_balance"] == before - data["total_cost"] < before


@pytest.mark.parametrize("name", ["SHOPUG", "shopug", "ShopUg"])
def test_a_sender_that_was_approved_is_taken_in_any_case_by_every_api(upgraded, name):
    wallet = landed()["wallets"]["shop"]
    for key, path, body in (
        ("wesendall", "/api/v1/sms/send", {"walletId": wallet, "message": "Hi", "recipient": "0755000001", "senderId": name}),
        ("wasambazie", "/v1/sms/send", {"to_number": "0755000001", "message": "Hi", "sender_id": name}),
        ("esms", "/api/messages/send", {"to": "+256755000001", "text": "Hi", "sender_id": name}),
        ("esms test", "/api/messages/send", {"to": "+256755000001", "text": "Hi", "sender_id": name}),
    ):
        reply = upgraded.call(key, "POST", path, json=body)
        assert reply.status_code in (200, 201), (key, reply.text)


def test_keys_that_were_refused_are_refused(upgraded):
    for key, status in (("revoked", 401), ("closed", 403)):
        path = "/api/v1/account/balance?walletId=x" if key == "revoked" else "/api/balance"
        assert upgraded.call(key, "GET", path).status_code == status
    message = {"to": "+256755000001", "text": "Hi"}
    assert upgraded.call("esms query", "POST", "/api/messages/send", json=message).status_code == 403
    assert upgraded.call("esms send", "POST", "/api/messages/send", json=message).status_code == 200
    assert upgraded.call("esms send", "GET", "/api/balance").status_code == 403
    assert upgraded.call("esms hooks", "PUT", "/api/webhooks", json={"is_active": True}).status_code == 200


def test_whoever_opted_out_gets_nothing(upgraded):
    wallet = landed()["wallets"]["shop"]
    for phone in ("0755000901", "0755000902", "0772000411"):
        reply = upgraded.call(
            "wesendall", "POST", "/api/v1/sms/send", json={"walletId": wallet, "message": "Hi", "recipient": phone}
        )
        assert reply.status_code >= 400 and "opt" in reply.text, reply.text
    skipped = upgraded.call(
        "worldledgers",
        "POST",
        "/api/v1/communication/email",
        json={"subject": "Hi", "message": "Hi", "recipients": ["Leaves@example.com", "grace@example.com"]},
    ).json["data"]["skipped"]
    assert [entry["recipient"] for entry in skipped] == ["Leaves@example.com"]


def test_a_request_repeated_after_the_upgrade_is_answered_as_it_was(upgraded):
    kept, wallet = landed()["kept"], landed()["wallets"]["shop"]
    calls = (
        ("send-1", "/api/v1/sms/send", {"walletId": wallet, "message": "Hello", "recipient": "0755000031"}, 200, "send"),
        ("refused-1", "/api/v1/sms/send", {"walletId": wallet, "message": "Hello", "recipient": "0755000252"}, 502, "refused"),
        ("group-1", "/api/v1/groups", {"walletId": wallet, "name": "Once"}, 201, "group"),
    )
    before = upgraded.rows("SELECT count(*) FROM messages")[0][0]
    for name, path, body, status, answer in calls:
        reply = upgraded.call("wesendall", "POST", path, json=body, headers={"Idempotency-Key": name})
        assert (reply.status_code, reply.json, reply.headers.get("Idempotency-Replayed")) == (status, kept[answer], "true"), name
    upload = upgraded.call(
        "esms",
        "POST",
        "/api/contact-lists",
        headers={"Idempotency-Key": "upload-1"},
        data={"file": (io.BytesIO(CSV.encode()), "people.csv"), "name": "Once by file", "tags": "vip, old"},
        content_type="multipart/form-data",
    )
    assert (upload.status_code, upload.json["id"]) == (200, kept["upload"]), upload.text
    assert upgraded.rows("SELECT count(*) FROM messages")[0][0] == before
    other = upgraded.call(
        "wesendall", "POST", "/api/v1/groups", json={"walletId": wallet, "name": "Other"}, headers={"Idempotency-Key": "group-1"}
    )
    assert other.status_code == 422


def test_old_groups_take_contacts_and_sends(upgraded):
    wallet, groups = landed()["wallets"]["shop"], landed()["groups"]
    for name in ("api", "cli", "csv"):
        added = upgraded.call(
            "wesendall",
            "POST",
            f"/api/v1/groups/{groups[name]}/contacts",
            json={"walletId": wallet, "phone": "0755000299", "name": "Eve"},
        )
        assert added.status_code == 201 and added.json["data"]["added"] == 1, added.text
        sent = upgraded.call(
            "wesendall", "POST", "/api/v1/sms/group", json={"walletId": wallet, "groupId": groups[name], "message": "Hi {{name}}"}
        )
        assert sent.status_code == 200 and sent.json["data"]["failed"] == 0, sent.text
    assert upgraded.call("esms", "DELETE", f"/api/contact-lists/{groups['csv']}").status_code == 204
    with upgraded.app.app_context():
        assert query_one("SELECT 1 FROM groups WHERE id = ? AND state = 'ready'", (groups["csv"],)) is None
