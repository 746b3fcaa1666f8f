"""`X-Sandbox-Namespace` with every dialect: what is sent in one is found in it, and a bad name is refused by the header's."""

from __future__ import annotations

import pytest

from ..support.database import written
from ..support.dialects import ROWS, body_routes

TO = {"wesendall": "+256712345678", "wasambazie": "+255712345678", "esms": "+256712345678", "worldledgers": "0712345678"}


def ids(client, kind: str = "messages", **asked: str) -> set[str]:
    return {one["id"] for one in client.get(f"/sandbox/{kind}", query_string=asked).json[kind]}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_sent_in_a_namespace_is_found_in_it(app, client, jobs, name):
    row = ROWS[name]
    for headers in ({}, {"X-Sandbox-Namespace": "run-1"}, {"X-Sandbox-Namespace": "A.b_c-" + "9" * 58}):
        assert row.api(app).call("POST", row.send.path, json=row.send.body(TO[name]), headers=headers).status_code < 300
    jobs.settle()  # World Ledgers sends a moment later
    one, other = ids(client, namespace="run-1"), ids(client, namespace="A.b_c-" + "9" * 58)
    assert len(one) == len(other) == 1 and one != other
    assert len(ids(client)) == 3 and ids(client, namespace="run-2") == set()


def test_mail_too(worldledgers, client, jobs):
    for name in ("run-1", "run-2"):
        body = {"subject": "Hi", "message": "Hello", "recipients": ["ann@example.com"]}
        assert worldledgers.post("/email", body, headers={"X-Sandbox-Namespace": name}).status_code == 202
    jobs.settle()
    assert len(ids(client, "emails")) == 2 and len(ids(client, "emails", namespace="run-1")) == 1


@pytest.mark.parametrize("given", ["a b", "", "x" * 65, "run/1", "é"])
def test_a_bad_name_is_a_validation_error_of_every_send(app, given):
    before, sends = written(app), {row.send.path for row in ROWS.values()}
    routes = [route for route in body_routes(app) if route.pattern in sends]
    assert len(routes) == len(TO)
    for route in routes:
        body = route.row.send.body(TO[route.row.name])
        answer = route.row.api(app).call(route.method, route.path, json=body, headers={"X-Sandbox-Namespace": given})
        assert answer.status_code == (400 if route.row.name == "wesendall" else 422)
        assert route.row.shows_refusal(answer) and "X-Sandbox-Namespace" in answer.get_data(as_text=True)
    assert written(app) == before
