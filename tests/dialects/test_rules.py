"""Rules of the sandbox with every dialect: on single sends, bulks and scheduled messages, counted a message at a time."""

from __future__ import annotations

import time

import pytest

from ..support.dialects import ROWS, Row
from ..support.esms import ANN, BEN, data_of

TO = {"wesendall": "+256712345678", "wasambazie": "+255712345678", "esms": "+256712345678", "worldledgers": "+254712345678"}
REFUSED = {"wesendall": 502, "wasambazie": 502, "esms": 200, "worldledgers": 202}
LOW = {"wesendall": 402, "wasambazie": 402, "esms": 422, "worldledgers": 202}


def rule(client, to: str, outcome: str, **more) -> None:
    assert client.post("/sandbox/rules", json={"to": to, "outcome": outcome, **more}).status_code == 201


def rules(client) -> list[tuple]:
    return [(one["to"], one["outcome"], one["times"]) for one in client.get("/sandbox/rules").json["rules"]]


def send(app, row: Row, **more):
    return row.api(app).call("POST", row.send.path, json={**row.send.body(TO[row.name]), **more})


def statuses(client) -> list[str]:
    return [one["status"] for one in client.get("/sandbox/messages").json["messages"]]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize(
    "outcome, answered, status",
    [
        ("delivered", None, ["delivered"]),
        ("failed", None, ["failed"]),
        ("refused", REFUSED, ["failed"]),
        ("unknown", None, ["unknown"]),
        ("silent", None, ["submitted"]),
        ("temporary", None, ["delivered"]),
        ("low_balance", LOW, []),
    ],
)
def test_an_outcome_holds_for_as_many_messages_as_it_says(app, client, jobs, name, outcome, answered, status):
    row = ROWS[name]
    rule(client, TO[name], outcome, times=1)
    answer = send(app, row)
    assert answer.status_code in ((answered[name],) if answered else (200, 201, 202))
    if answer.status_code >= 400:
        assert "(sandbox)" in answer.get_data(as_text=True)
    for _ in range(4):
        jobs.settle()
    assert rules(client) == []
    kept = ["failed"] if outcome == "low_balance" and name == "worldledgers" else status
    assert statuses(client) == kept
    assert send(app, row).status_code < 300
    jobs.settle()
    assert statuses(client) == [*kept, "delivered"]


@pytest.mark.parametrize("name", ROWS)
def test_a_slow_call_takes_its_delay_and_is_delivered(app, client, jobs, name):
    rule(client, TO[name], "slow", delay=0.3, times=1)
    began = time.monotonic()
    assert send(app, ROWS[name]).status_code < 300
    assert time.monotonic() - began >= 0.3
    jobs.settle()
    assert statuses(client) == ["delivered"] and rules(client) == []


@pytest.mark.parametrize("name", ROWS)
def test_a_call_that_is_refused_for_itself_uses_no_rule(app, client, name):
    row = ROWS[name]
    rule(client, TO[name], "failed", times=1)
    field = next(key for key, value in row.send.body(TO[name]).items() if value == "Hi")
    assert send(app, row, **{field: ""}).status_code in (400, 422)
    assert rules(client) == [(TO[name], "failed", 1)]


def test_rules_of_a_bulk_are_of_its_messages(client, esms, jobs):
    rule(client, ANN, "failed", times=2)
    rule(client, BEN, "refused")
    data_of(esms.post("/messages/send-bulk", {"recipients": [{"to": ANN}, {"to": BEN}, {"to": "+256712000003"}], "text": "Hi"}))
    for _ in range(3):
        jobs.settle()
    found = {one["to"]: one["status"] for one in client.get("/sandbox/messages").json["messages"]}
    assert found == {ANN: "failed", BEN: "failed", "+256712000003": "delivered"}
    assert rules(client) == [(ANN, "failed", 1), (BEN, "refused", None)]


def test_a_scheduled_message_takes_the_rule_of_when_it_was_accepted(client, worldledgers, jobs, clock):
    rule(client, TO["worldledgers"], "failed", times=1)
    body = {"message": "Hi", "recipients": [TO["worldledgers"]], "send_at": "2026-06-10T12:10:00Z"}
    assert worldledgers.post("/sms", body).status_code == 202
    assert rules(client) == [] and statuses(client) == []
    clock.advance(700)
    for _ in range(2):
        jobs.settle()
        clock.advance(5)
    assert statuses(client) == ["failed"]


def test_a_reset_frees_keys_of_their_rate_limit(app, client):
    row = ROWS["worldledgers"]
    answers = [row.api(app).call("GET", row.probe).status_code for _ in range(121)]
    assert answers[-1] == 429
    client.post("/sandbox/reset", json={"namespace": "run-1"})
    assert row.api(app).call("GET", row.probe).status_code == 429
    client.post("/sandbox/reset")
    assert row.api(app).call("GET", row.probe).status_code == 200
