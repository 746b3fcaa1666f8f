"""`wesend sandbox rule add | list | remove`, `wesend sandbox reset`: what `/sandbox/rules` and `/sandbox/reset` do."""

from __future__ import annotations

import pytest

ANN = "+256712345678"


def test_rules_of_commands_are_those_of_the_api(wesend, client, wesendall, app):
    made = wesend(
        "sandbox", "rule", "add", "0712345678", "refused", "--delay", "0.5", "--times", 2, "--namespace", "run-1", "--json"
    ).json
    assert {**made, "id": 0} == {"id": 0, "to": ANN, "outcome": "refused", "delay": 0.5, "times": 2, "namespace": "run-1"}
    assert client.get("/sandbox/rules").json == {"rules": [made]} == wesend("sandbox", "rule", "list", "--json").json
    assert ANN in wesend("sandbox", "rule", "list").out
    assert wesendall.send(ANN).status_code == 200
    assert wesendall.send(ANN, headers={"X-Sandbox-Namespace": "run-1"}).status_code == 502
    assert wesend("sandbox", "rule", "list", "--json").json["rules"][0]["times"] == 1
    assert wesend("sandbox", "rule", "remove", made["id"], "--json").json == {"id": made["id"], "removed": True}
    again = wesend("sandbox", "rule", "remove", made["id"])
    assert again.code == 1 and str(made["id"]) in again.err
    assert client.get("/sandbox/rules").json == {"rules": []}


@pytest.mark.parametrize(
    "given, code, word",
    [
        (("nobody", "failed"), 1, "phone"),
        ((ANN, "lost"), 2, "OUTCOME"),
        ((ANN, "failed", "--times", "0"), 1, "times"),
        ((ANN, "failed", "--times", "1001"), 1, "times"),
        ((ANN, "failed", "--delay=-1"), 1, "delay"),
        ((ANN, "slow", "--delay", "31"), 1, "delay"),
        ((ANN, "failed", "--namespace", "a b"), 1, "namespace"),
    ],
)
def test_a_rule_that_can_not_be_is_refused(wesend, client, given, code, word):
    outcome = wesend("sandbox", "rule", "add", *given)
    assert outcome.code == code and word in outcome.err
    assert client.get("/sandbox/rules").json == {"rules": []}


def test_reset_forgets_a_namespace_or_all(wesend, client, wesendall):
    for name in ("run-1", "run-2"):
        wesendall.send(ANN, headers={"X-Sandbox-Namespace": name})
        wesend("sandbox", "rule", "add", ANN, "failed", "--namespace", name)
    nothing = {"messages": 0, "emails": 0, "rules": 0, "inbound": 0}
    assert wesend("sandbox", "reset", "--namespace", "a b").code == 1
    assert wesend("sandbox", "reset", "--namespace", "run-1", "--json").json == {**nothing, "messages": 1, "rules": 1}
    assert len(client.get("/sandbox/messages").json["messages"]) == 1
    assert wesend("sandbox", "reset", "--json").json == {**nothing, "messages": 1, "rules": 1}
    assert client.get("/sandbox/messages").json == {"messages": []}


def test_a_key_of_a_namespace_is_caught_in_it_unless_the_header_says_otherwise(wesend, client, wesendall):
    account = wesend("sandbox", "--json").json["account_id"]
    given = ("key", "create", "--account", account, "--wallet", "wal_sandbox_wesendall", "--api", "wesendall")
    key = wesend(*given, "--namespace", "run-42", "--json").json
    assert key["namespace"] == "run-42"
    for headers in ({}, {"X-Sandbox-Namespace": "run-43"}):
        body = {"walletId": "wal_sandbox_wesendall", "recipient": ANN, "message": "Hello"}
        sent = client.post("/api/v1/sms/send", json=body, auth=(key["api_key"], key["api_secret"]), headers=headers)
        assert sent.status_code == 200
    counts = [
        len(client.get("/sandbox/messages", query_string={"namespace": name} if name else {}).json["messages"])
        for name in ("run-42", "run-43", None)
    ]
    assert counts == [1, 1, 2]
    assert wesend(*given, "--namespace", "a b").code == 1
