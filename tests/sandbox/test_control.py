"""Rules, namespaces, forgetting, reset, events and the log of calls: what a test suite steers the sandbox with."""

from __future__ import annotations

import base64
import hmac
import json
from hashlib import sha256

import pytest
from flask.testing import FlaskClient

from wesend.database import query, query_one

from ..support.esms import CHEBET, Esms, data_of

ANN, BEN = "+256712345678", "+256772345678"
OUTCOMES = ("delivered", "failed", "refused", "unknown", "silent", "temporary", "low_balance", "slow")


@pytest.fixture(autouse=True)
def in_context():
    """None here: each request opens its own, as a server's does."""


def rule(client: FlaskClient, to: str = ANN, outcome: str = "failed", **more) -> dict:
    answer = client.post("/sandbox/rules", json={"to": to, "outcome": outcome, **more})
    assert answer.status_code == 201, answer.json
    return answer.json


def messages(client: FlaskClient, **asked) -> list[dict]:
    return client.get("/sandbox/messages", query_string=asked).json["messages"]


def refused(answer, word: str) -> None:
    assert answer.status_code == 400
    assert set(answer.json) == {"error"}
    assert answer.json["error"]["code"] == "invalid_argument"
    assert word in answer.json["error"]["message"]


def status_of(wesendall, jobs, to: str = ANN, **more) -> str:
    sent = wesendall.send(to, **more)
    assert sent.status_code == 200, sent.json
    for _ in range(4):  # of a temporary failure the third attempt is accepted
        jobs.settle()
    uid = sent.json["data"]["results"][0]["message_id"]
    with jobs.app.app_context():
        return query_one("SELECT status FROM messages WHERE uid = ?", (uid,))["status"]


# -- rules


@pytest.mark.parametrize(
    "outcome, status",
    [("delivered", "delivered"), ("failed", "failed"), ("unknown", "unknown"), ("silent", "submitted"), ("temporary", "delivered")],
)
def test_a_rule_says_what_becomes_of_the_next_message(client, wesendall, jobs, outcome, status):
    rule(client, outcome=outcome)
    assert status_of(wesendall, jobs) == status
    assert status_of(wesendall, jobs, BEN) == "delivered"


def test_a_rule_goes_before_the_number(client, wesendall, jobs):
    for ending in ("0000099", "0000088", "0000077", "0000066", "0000055"):
        rule(client, f"+25671{ending}", "delivered")
        assert status_of(wesendall, jobs, f"+25671{ending}") == "delivered"


def test_refusals_are_said_to_be_simulated(client, wesendall, wasambazie):
    rule(client, outcome="refused", times=2)
    answer = wesendall.send(ANN)
    assert (answer.status_code, answer.json["error"]) == (502, "provider_rejected")
    assert answer.json["message"].endswith("(sandbox)")
    answer = wasambazie.send(ANN)
    assert answer.status_code == 502 and answer.json["detail"].endswith("(sandbox)")
    rule(client, outcome="low_balance", times=2)
    answer = wesendall.send(ANN)
    assert (answer.status_code, answer.json["error"]) == (402, "insufficient_balance")
    assert answer.json["message"].endswith("(sandbox)")
    answer = wasambazie.send(ANN)
    assert answer.status_code == 402 and answer.json["detail"].endswith("(sandbox)")
    assert client.get("/sandbox/rules").json == {"rules": []}
    assert wesendall.send(ANN).status_code == 200


def test_the_newest_rule_that_fits_wins_as_often_as_it_says(client, wesendall, jobs):
    rule(client, outcome="silent")
    rule(client, outcome="failed", times=2)
    assert [status_of(wesendall, jobs) for _ in range(4)] == ["failed", "failed", "submitted", "submitted"]


def test_what_a_rule_has_is_told_and_it_can_be_removed(client):
    made = rule(client, "0712345678", "failed", delay=2, times=3, namespace="run-42")
    assert made == {"id": made["id"], "to": ANN, "outcome": "failed", "delay": 2, "times": 3, "namespace": "run-42"}
    bare = rule(client)
    assert client.get("/sandbox/rules").json == {"rules": [made, bare]}
    assert (bare["delay"], bare["times"], bare["namespace"]) == (None, None, None)
    assert client.delete(f"/sandbox/rules/{made['id']}").status_code == 204
    assert client.delete(f"/sandbox/rules/{made['id']}").status_code == 404
    assert client.delete("/sandbox/rules").status_code == 204
    assert client.get("/sandbox/rules").json == {"rules": []}


@pytest.mark.parametrize(
    "given, word",
    [
        ({"outcome": "failed"}, "to"),
        ({"to": "nobody", "outcome": "failed"}, "to"),
        ({"to": ANN}, "outcome"),
        ({"to": ANN, "outcome": "lost"}, "outcome"),
        ({"to": ANN, "outcome": "failed", "times": 0}, "times"),
        ({"to": ANN, "outcome": "failed", "times": 1001}, "times"),
        ({"to": ANN, "outcome": "failed", "times": True}, "times"),
        ({"to": ANN, "outcome": "failed", "times": 1.5}, "times"),
        ({"to": ANN, "outcome": "failed", "delay": -1}, "delay"),
        ({"to": ANN, "outcome": "failed", "delay": "1"}, "delay"),
        ({"to": ANN, "outcome": "slow", "delay": 31}, "delay"),
        ({"to": ANN, "outcome": "failed", "namespace": "a b"}, "namespace"),
        ({"to": ANN, "outcome": "failed", "namespace": ""}, "namespace"),
        ([], "JSON object"),
    ],
)
def test_a_rule_that_can_not_be_is_refused_with_the_name_of_what_is_wrong(client, given, word):
    refused(client.post("/sandbox/rules", json=given), word)
    assert client.get("/sandbox/rules").json == {"rules": []}


def test_the_receipt_of_a_rule_comes_after_its_delay(client, wesendall, jobs, clock):
    rule(client, outcome="failed", delay=60)
    assert status_of(wesendall, jobs) == "submitted"
    clock.advance(61)
    jobs.settle()
    assert messages(client, to=ANN)[-1]["status"] == "failed"


def test_a_rule_of_a_namespace_holds_in_it_alone(client, wesendall, jobs):
    rule(client, outcome="failed", namespace="one")
    assert status_of(wesendall, jobs) == "delivered"
    assert status_of(wesendall, jobs, headers={"X-Sandbox-Namespace": "two"}) == "delivered"
    assert status_of(wesendall, jobs, headers={"X-Sandbox-Namespace": "one"}) == "failed"


# -- namespaces


def test_what_is_sent_in_a_namespace_is_found_in_it(client, wesendall):
    for name in ("one", "two", None):
        headers = {"X-Sandbox-Namespace": name} if name else {}
        wesendall.send(ANN, f"in {name}", headers=headers)
    assert [one["text"] for one in messages(client, namespace="one")] == ["in one"]
    assert [one["text"] for one in messages(client, namespace="two", to=ANN)] == ["in two"]
    assert len(messages(client)) == 3
    refused(client.get("/sandbox/messages?namespace=a%20b"), "namespace")


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ä"])
def test_a_bad_namespace_is_the_dialects_validation_error(client, wesendall, wasambazie, name):
    answer = wesendall.send(ANN, headers={"X-Sandbox-Namespace": name.encode().decode("latin-1")})
    assert (answer.status_code, answer.json["error"]) == (400, "validation_error")
    assert "X-Sandbox-Namespace" in answer.json["data"]["fields"]
    answer = wasambazie.send(ANN, headers={"X-Sandbox-Namespace": name.encode().decode("latin-1")})
    assert answer.status_code == 422 and answer.json["detail"][0]["loc"][-1] == "X-Sandbox-Namespace"
    assert messages(client) == []


def test_runs_beside_one_another_may_use_one_idempotency_key(client, wesendall):
    for name in ("one", "two", "one"):
        wesendall.send(ANN, f"in {name}", headers={"X-Sandbox-Namespace": name, "Idempotency-Key": "order-1"})
    assert [one["text"] for one in messages(client)] == ["in one", "in two"]


# -- forgetting


def test_the_inbox_forgets_and_history_does_not(client, wesendall, jobs):
    for to in (ANN, BEN, BEN):
        wesendall.send(to, headers={"X-Sandbox-Namespace": "one"} if to == ANN else {})
    assert client.delete(f"/sandbox/messages?to={BEN.replace('+', '%2B')}").json == {"deleted": 2}
    assert [one["to"] for one in messages(client)] == [ANN]
    assert client.delete("/sandbox/messages?namespace=two").json == {"deleted": 0}
    assert client.delete("/sandbox/messages?namespace=one").json == {"deleted": 1}
    wesendall.send(BEN)
    assert client.delete("/sandbox/messages?before=2020-01-01T00:00:00Z").json == {"deleted": 0}
    assert client.delete("/sandbox/messages").json == {"deleted": 1}
    assert client.delete("/sandbox/messages").json == {"deleted": 0}
    assert messages(client) == []
    with jobs.app.app_context():
        assert query("SELECT count(*) FROM messages")[0][0] == 4
    wesendall.send(ANN, "new")
    assert [one["text"] for one in messages(client)] == ["new"]


@pytest.mark.parametrize("asked", ["to=nobody", "to=", "namespace=", "before=", "before=never", "namespace=a%20b"])
def test_a_bad_argument_forgets_nothing(client, wesendall, asked):
    wesendall.send(ANN)
    refused(client.delete(f"/sandbox/messages?{asked}"), asked.partition("=")[0])
    assert len(messages(client)) == 1


def test_before_is_an_id_too(client, wesendall):
    first, second = (wesendall.send(ANN).json["data"]["results"][0]["message_id"] for _ in range(2))
    assert client.delete(f"/sandbox/messages?before={second}").json == {"deleted": 1}
    assert [one["id"] for one in messages(client)] == [second]
    assert first != second


# -- reset


def test_reset_forgets_all_and_fills_the_wallets(client, wesendall, jobs, app):
    def balance() -> int:
        with app.app_context():
            return query_one("SELECT balance_micros FROM wallets WHERE uid = ?", ("wal_sandbox_wesendall",))["balance_micros"]

    full = balance()
    key = {"Idempotency-Key": "again"}
    wesendall.send(ANN, headers=key)
    rule(client)
    client.post("/sandbox/messages", json={"from": ANN, "to": "32811", "text": "JOIN hello"})
    assert balance() < full
    assert client.post("/sandbox/reset").json == {"messages": 1, "emails": 0, "rules": 1, "inbound": 1}
    assert client.post("/sandbox/reset", json={}).json == {"messages": 0, "emails": 0, "rules": 0, "inbound": 0}
    assert balance() == full
    with app.app_context():
        entry = query_one("SELECT * FROM ledger_entries ORDER BY id DESC LIMIT 1")
        assert (entry["kind"], entry["balance_after_micros"]) == ("sandbox_reset", full)
    wesendall.send(ANN, headers=key)
    assert len(messages(client)) == 1  # the key was free again


def test_reset_takes_back_what_a_stop_did(client, wesendall, jobs, app):
    wesendall.send(ANN)
    said = client.post("/sandbox/messages", json={"from": ANN, "text": "STOP"})
    assert said.status_code in (200, 201), said.json
    with app.app_context():
        assert query("SELECT count(*) FROM opt_outs WHERE address = ? AND side = 'sandbox'", (ANN,))[0][0] == 1
    client.post("/sandbox/reset")
    assert wesendall.send(ANN).status_code < 300
    assert [message["to"] for message in messages(client)] == [ANN]


def test_a_reset_of_a_namespace_takes_back_what_a_stop_in_it_did(client, wesendall):
    for phone, name in ((ANN, "one"), (BEN, "two")):
        wesendall.send(phone)
        client.post("/sandbox/messages", json={"from": phone, "text": "STOP", "namespace": name})
    wesendall.send(CHEBET)
    assert Esms(client).post("/opt-outs", {"phone": CHEBET}).status_code == 200
    client.post("/sandbox/messages", json={"from": CHEBET, "text": "STOP", "namespace": "one"})
    client.post("/sandbox/reset", json={"namespace": "one"})
    assert wesendall.send(ANN).status_code == 200, "the next test has the same phone"
    for phone, why in ((BEN, "said in another namespace"), (CHEBET, "not by a message")):
        assert wesendall.send(phone).json["message"] == "The recipient has opted out", why


def test_a_reset_of_a_namespace_touches_nothing_else(client, wesendall, app):
    wesendall.send(ANN, headers={"X-Sandbox-Namespace": "one"})
    wesendall.send(ANN, headers={"X-Sandbox-Namespace": "two"})
    for name in ("one", "two"):
        rule(client, namespace=name)
        client.post("/sandbox/messages", json={"from": ANN, "to": "32811", "text": "JOIN hi", "namespace": name})
    assert client.post("/sandbox/reset", json={"namespace": "one"}).json == {"messages": 1, "emails": 0, "rules": 1, "inbound": 1}
    assert len(messages(client)) == 1
    with app.app_context():
        assert query("SELECT count(*) FROM ledger_entries WHERE kind = 'sandbox_reset'")[0][0] == 0
    refused(client.post("/sandbox/reset", json={"namespace": "a b"}), "namespace")


# -- events


def test_events_are_told_without_anybody_having_listened(client, wesendall, jobs):
    sent = wesendall.send(ANN, headers={"X-Sandbox-Namespace": "one"}).json["data"]["results"][0]["message_id"]
    wesendall.send("+256710000099")
    jobs.settle()
    found = client.get("/sandbox/events").json["events"]
    assert [one["event"] for one in found] == ["sms.delivered", "sms.failed"]
    [event] = client.get("/sandbox/events?namespace=one").json["events"]
    assert set(event) == {"id", "at", "format", "event", "body", "headers"}
    assert event["format"] == "wesendall" and json.loads(event["body"])["message_id"] == sent
    assert json.loads(event["body"])["status"] == "delivered"
    secret = client.get("/sandbox/webhook-secrets").json["secrets"]["wesendall"]
    signed = hmac.new(secret.encode(), event["body"].encode(), sha256).hexdigest()
    assert event["headers"]["X-Wesendall-Signature"] == f"sha256={signed}"
    text = f"{event['headers']['webhook-id']}.{event['headers']['webhook-timestamp']}.{event['body']}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, text.encode(), sha256).digest()).decode()
    assert event["headers"]["webhook-signature"] == f"v1,{mac}"
    assert [one["id"] for one in client.get(f"/sandbox/events?since={found[0]['id']}").json["events"]] == [found[1]["id"]]
    assert client.get(f"/sandbox/events?since={found[1]['id']}").json == {"events": []}
    assert client.get("/sandbox/events?since=now&wait=0.2").json == {"events": []}
    refused(client.get("/sandbox/events?since=evt_x"), "since")
    made = client.post("/sandbox/webhook-secrets").json["secrets"]["wesendall"]
    assert made != secret == secret and client.get("/sandbox/webhook-secrets").json["secrets"]["wesendall"] == made


def bulk_in_namespaces(client, wasambazie, jobs) -> None:
    """Batches of three, each message with lines that no event is told of."""
    for name in ("one", "two"):
        numbers = ",".join(f"+25571234567{digit}" for digit in range(3))
        headers = {"X-Sandbox-Namespace": name}
        assert wasambazie.send(numbers, headers=headers).status_code == 201
    jobs.settle()


def paged(client, since: str, limit: int) -> list[str]:
    """The ids of all events, asked for some at a time as `wesend listen --url` does."""
    told: list[str] = []
    while found := client.get("/sandbox/events", query_string={"since": since, "limit": limit}).json["events"]:
        told += [one["id"] for one in found]
        since = found[-1]["id"]
    return told


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_events_are_asked_for_some_at_a_time_and_none_is_missed(client, wesendall, wasambazie, jobs, monkeypatch, limit):
    monkeypatch.setattr("wesend.sandbox.events.FEWEST", 2)
    wesendall.send([f"+25671234567{digit}" for digit in range(4)])
    bulk_in_namespaces(client, wasambazie, jobs)
    for _ in range(3):
        client.post("/sandbox/messages", json={"from": ANN, "to": "32811", "text": "JOIN hello"})
    every = [one["id"] for one in client.get("/sandbox/events?limit=1000").json["events"]]
    assert len([one for one in every if "_s" in one]) == 4 and len([one for one in every if "_b" in one]) == 2
    assert sorted({*paged(client, "2026-01-01T00:00:00Z", limit)}) == sorted({*every})
    newest = client.get(f"/sandbox/events?limit={limit}").json["events"]
    assert [one["id"] for one in newest] == every[-limit:]


def test_what_people_write_is_an_event(client):
    client.post("/sandbox/messages", json={"from": ANN, "to": "32811", "text": "JOIN hello"})
    events = client.get("/sandbox/events").json["events"]
    assert [json.loads(one["body"])["text"] for one in events if one["format"] == "esms"] == ["JOIN hello"]


# -- the log of calls


def test_calls_of_sandbox_keys_are_logged(client, wesendall):
    wesendall.send(ANN)
    wesendall.send("nobody")
    found = client.get("/sandbox/requests?limit=2").json["requests"]
    assert [(one["method"], one["path"], one["status"], one["code"]) for one in found] == [
        ("POST", "/api/v1/sms/send", 400, "invalid_recipient"),
        ("POST", "/api/v1/sms/send", 200, None),
    ]
    assert set(found[0]) == {"at", "key_id", "address", "method", "path", "status", "ms", "request_id", "code"}
    assert client.get("/sandbox/requests?limit=1").json["requests"] == found[:1]
    refused(client.get("/sandbox/requests?limit=0"), "limit")


@pytest.mark.parametrize(("begin", "told"), [("send", "manual_credit"), ("topup", "manual_debit")])
def test_esms_lists_a_reset_in_a_word_of_its_own(client, jobs, clock, begin, told):
    """Its clients know five types of transactions."""
    esms = Esms(client)
    before = data_of(esms.get("/balance"))["balance"]
    if begin == "send":
        assert esms.send(ANN).status_code == 200
    else:
        assert esms.post("/balance/topup", {"amount": 100, "phone": ANN}).status_code == 200
        clock.advance(60)
        jobs.deposits()
    left = data_of(esms.get("/balance"))["balance"]
    assert left != before and client.post("/sandbox/reset").status_code == 200
    newest = data_of(esms.get("/balance/transactions"))["transactions"][0]
    assert (newest["type"], newest["amount"], newest["balance_after"]) == (told, before - left, before)


def test_a_retry_by_hand_is_the_next_message_to_its_number(client, jobs, clock):
    """Fail once, retry, arrive: what a test of retries wants to see."""
    esms = Esms(client)
    rule(client, outcome="failed", times=1)
    sent = data_of(esms.send(ANN))["id"]

    def status() -> str:
        clock.advance(2)
        jobs.settle()
        return esms.message(sent)["status"]

    assert status() == "failed"
    assert data_of(esms.post(f"/messages/{sent}/retry"))["status"] == "retrying"
    assert status() == "delivered"


def test_a_rule_without_an_end_goes_on_for_retries(client, jobs, clock):
    esms = Esms(client)
    number = rule(client, outcome="failed")["id"]
    sent = data_of(esms.send(ANN))["id"]
    for _ in range(2):
        clock.advance(2)
        jobs.settle()
        assert esms.message(sent)["status"] == "failed"
        assert esms.post(f"/messages/{sent}/retry").status_code == 200
    clock.advance(2)
    jobs.settle()
    assert client.delete(f"/sandbox/rules/{number}").status_code == 204
    assert esms.post(f"/messages/{sent}/retry").status_code == 200
    clock.advance(2)
    jobs.settle()
    assert esms.message(sent)["status"] == "delivered"
