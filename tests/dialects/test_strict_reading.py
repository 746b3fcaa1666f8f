"""`Prefer: handling=strict`: at every POST and PUT of every dialect fields that nobody reads are refused by their names."""

from __future__ import annotations

import pytest

from ..support.database import written
from ..support.dialects import ROWS, body_routes, routes

STRICT = {"Prefer": "handling=strict"}
TAKE_ANY = {"/api/v1/groups/*/contacts"}
"""A contact written beside the wallet may have any field."""


def calls(app):
    """Every route with each of its bodies."""
    for route in body_routes(app):
        for body in route.row.bodies[route.pattern]:
            if not (route.pattern in TAKE_ANY and "contacts" not in body):
                yield route, body


def call(app, route, body: dict, headers: dict[str, str]):
    return route.row.api(app).call(route.method, route.path, json=body, headers=headers)


def test_an_unknown_field_is_refused_everywhere_and_writes_nothing(app):
    before, wrong = written(app), []
    for route, body in calls(app):
        answer = call(app, route, {**body, "zzqxzzqx": 1, "vvkvvk": "x"}, STRICT)
        text = answer.get_data(as_text=True)
        named = "zzqxzzqx" in text and "vvkvvk" in text and "Unknown field" in text
        if answer.status_code not in (400, 422) or not route.row.shows_refusal(answer) or not named:
            wrong.append(f"{route.method} {route.pattern}: {answer.status_code} {text[:200]}")
    after = written(app)
    assert wrong == [] and {name: after[name] for name in after if after[name] != before.get(name)} == {}


def test_so_is_one_of_a_call_that_reads_no_body(app):
    found = [route for route in routes(app, "POST", "PUT") if route.pattern in route.row.no_body]
    before, wrong = written(app), []
    for route in found:
        answer = call(app, route, {"zzqxzzqx": 1}, STRICT)
        text = answer.get_data(as_text=True)
        if answer.status_code not in (400, 422) or not route.row.shows_refusal(answer) or "zzqxzzqx" not in text:
            wrong.append(f"{route.method} {route.pattern}: {answer.status_code} {text[:200]}")
    after = written(app)
    assert found and wrong == [] and {name: after[name] for name in after if after[name] != before.get(name)} == {}


@pytest.mark.parametrize("sent", [{}, {"json": {}}, {"data": b"", "content_type": "application/x-www-form-urlencoded"}])
def test_a_call_that_reads_no_body_is_carried_out_without_fields(app, sent):
    answer = ROWS["esms"].api(app).call("POST", "/api/webhooks/rotate-secret", headers=STRICT, **sent)
    assert answer.status_code == 200 and answer.json["signing_secret"]


def test_a_near_name_is_offered_everywhere(app):
    wrong = []
    for route, body in calls(app):
        for name in body:
            if len(name) < 4:
                continue
            mistyped = {("x" + key if key == name else key): value for key, value in body.items()}
            text = call(app, route, mistyped, STRICT).get_data(as_text=True)
            if f"x{name}" not in text or f"did you mean {name}?" not in text:
                wrong.append(f"{route.method} {route.pattern}, x{name}: {text[:200]}")
    assert wrong == []


def test_what_is_known_is_read_strictly_as_it_is_otherwise(app):
    for route, body in calls(app):
        assert "Unknown field" not in call(app, route, body, STRICT).get_data(as_text=True), (route.pattern, body)


@pytest.mark.parametrize("prefer", ["handling=lenient", "respond-async", "nothandling=strict", ""])
@pytest.mark.parametrize("name", ROWS)
def test_nobody_who_does_not_ask_for_it_is_refused(app, name, prefer):
    row = ROWS[name]
    to = "0712345678" if name == "worldledgers" else "+255712345678" if name == "wasambazie" else "+256712345678"
    answer = row.api(app).call("POST", row.send.path, json={**row.send.body(to), "zzqxzzqx": 1}, headers={"Prefer": prefer})
    assert answer.status_code in (200, 201, 202)


@pytest.mark.parametrize("prefer", ["respond-async, handling=strict", 'handling="strict"', "Handling = Strict; x=1"])
@pytest.mark.parametrize("name", ROWS)
def test_a_preference_is_read_as_the_header_is_written(app, name, prefer):
    row = ROWS[name]
    answer = row.api(app).call(
        "POST", row.send.path, json={**row.send.body("+255712345678"), "zzqxzzqx": 1}, headers={"Prefer": prefer}
    )
    assert answer.status_code in (400, 422) and "zzqxzzqx" in answer.get_data(as_text=True)


@pytest.mark.parametrize("name", ROWS)
def test_queries_are_not_read_strictly(app, name):
    row = ROWS[name]
    path = row.probe + ("&" if "?" in row.probe else "?") + "zzqxzzqx=1"
    assert row.api(app).call("GET", path, headers=STRICT).status_code == 200
