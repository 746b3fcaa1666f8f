"""Bodies that are no clean JSON object, at every POST and PUT of every dialect.

Each is a 4xx in the dialect's envelope, and nothing is written.
"""

from __future__ import annotations

import json
from io import BytesIO

import pytest

from wesend.database import query_one

from ..support.database import written
from ..support.dialects import Route, body_routes, registered, routes

MEGABYTE = 1024 * 1024
HUGE = "9" * 5000
LARGER = {"/api/messages/send-bulk": 8 * MEGABYTE, "/api/messages/bulk-precheck": 8 * MEGABYTE}
"""Bodies that may hold 10,000 recipients."""


def with_value(value: str | bytes, encoding: str = "utf-8"):
    """The route's own body as many times as it has fields, each time with one value replaced by a JSON text."""
    raw = value.encode() if isinstance(value, str) else value

    def replaced(body: dict) -> list[bytes]:
        found = [json.dumps({**body, key: "REPLACED"}).encode().replace(b'"REPLACED"', raw) for key in body]
        return found if encoding == "utf-8" else [text.decode().encode(encoding) for text in found]

    return replaced


def with_extra(member: str):
    """The route's own body with one more member, or whatever text, before it."""
    return lambda body: "{" + member + ", " + json.dumps(body)[1:]


MALFORMED = {
    "cut short": lambda body: json.dumps(body)[:-1],
    "a letter after it": lambda body: json.dumps(body) + "x",
    "single quotes": lambda body: repr(body),
    "NaN": with_extra('"x": NaN'),
    "Infinity": with_extra('"x": Infinity'),
    "minus Infinity": with_extra('"x": -Infinity'),
    "every key twice": lambda body: with_extra(json.dumps(body)[1:-1])(body),
    "a nested key twice": with_extra('"x": [{"a": 1, "a": 2}]'),
    "an escaped NUL": with_value('"a\\u0000b"'),
    "an escaped NUL in a key": with_extra('"a\\u0000": 1'),
    "a raw NUL": with_value('"a\0b"'),
    "a raw line feed": with_value('"a\nb"'),
    "a lone high surrogate": with_value('"\\ud800"'),
    "a lone low surrogate": with_value('"\\udc00 and so on"'),
    "a lone surrogate in a key": with_extra('"\\udfff": 1'),
    "a nested lone surrogate": with_extra('"x": [{"y": "\\ud83d"}]'),
    "an encoded surrogate": with_value(b'"\xed\xa0\x80"'),
    "2 to the 63": with_extra(f'"x": {2**63}'),
    "below minus 2 to the 63": with_extra(f'"x": {-(2**63) - 1}'),
    "5000 digits": with_extra(f'"x": {HUGE}'),
    "5000 digits and a point": with_extra(f'"x": {HUGE}.5'),
    "1e400": with_extra('"x": 1e400'),
    "an endless exponent": with_extra(f'"x": 1e{HUGE}'),
    "an endless negative exponent": with_extra(f'"x": 1e-{HUGE}'),
    "100,000 arrays deep": with_extra('"x": ' + "[" * 100_000 + "]" * 100_000),
    "100,000 objects deep": with_extra('"x": ' + '{"a":' * 100_000 + "1" + "}" * 100_000),
    "100,000 arrays never closed": lambda body: "[" * 100_000,
    "an array": lambda body: json.dumps([body]),
    "a string": lambda body: '"text"',
    "a number": lambda body: "1",
    "true": lambda body: "true",
    "null": lambda body: "null",
    "spaces": lambda body: "  ",
    "no JSON": lambda body: "walletId=1&message=Hi",
    "invalid UTF-8": with_value(b'"\xff\xfe"'),
    "UTF-16": lambda body: json.dumps(body).encode("utf-16"),
    "UTF-16 that hides a NUL": with_value('"a\\u0000b"', "utf-16-le"),
    "UTF-32": lambda body: json.dumps(body).encode("utf-32"),
}


def malformed(what: str, body: dict) -> list:
    made = MALFORMED[what](body)
    return made if isinstance(made, list) else [made]


def examples(route: Route) -> tuple[dict, ...]:
    return route.row.bodies.get(route.pattern, ({},))


def refusals(app, calls) -> list[str]:
    """Make the calls, given as (route, what is wrong, options); what was not refused as it must be."""
    before, wrong = written(app), []
    for route, what, options in calls:
        response = route.row.api(app).call(route.method, route.path, **options)
        if not 400 <= response.status_code < 500 or not route.row.shows_refusal(response):
            shown = response.get_data(as_text=True)[:200]
            wrong.append(f"{route.method} {route.pattern} with {what}: {response.status_code} {shown}")
    after = written(app)
    return wrong + [f"{name} {before[name]} became {after[name]}" for name in after if before.get(name) != after[name]]


def as_json(data) -> dict:
    return {"data": data, "content_type": "application/json"}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_body_is_refused_everywhere_and_writes_nothing(app, what):
    assert (
        refusals(
            app,
            [
                (route, what, as_json(data))
                for route in body_routes(app)
                for body in examples(route)
                for data in malformed(what, body)
            ],
        )
        == []
    )


def test_nesting_at_the_edge_of_what_python_can_follow_is_no_crash(app):
    def deep(depth: int) -> str:
        return "[" * depth + '"\\ud800"' + "]" * depth

    route = body_routes(app)[0]
    assert (
        refusals(
            app,
            [
                (route, f"depth {depth}", as_json(with_extra(f'"x": {deep(depth)}')(examples(route)[0])))
                for depth in range(850, 1001)
            ],
        )
        == []
    )


def test_an_empty_body_is_refused_where_one_is_needed(app):
    assert (
        refusals(
            app,
            [
                (route, "no body", options)
                for route in body_routes(app)
                if route.pattern not in route.row.optional_body
                for options in ({}, as_json(""), as_json("{}"))
            ],
        )
        == []
    )


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "json",
        "\xff",
    ],
)
def test_another_content_type_than_json_is_refused(app, content_type):
    assert (
        refusals(
            app,
            [
                (route, content_type, {"data": json.dumps(body), "content_type": content_type})
                for route in body_routes(app)
                for body in examples(route)
            ],
        )
        == []
    )


def test_a_form_with_a_file_is_refused_the_same_under_an_idempotency_key(app):
    """Its fingerprint is made of the fields: by then the body was read."""
    before = written(app)
    for route in body_routes(app):
        if route.method == "POST" and route.pattern not in route.row.optional_body:
            form = {"data": {**examples(route)[0], "file": (BytesIO(b"phone"), "a.csv")}, "content_type": "multipart/form-data"}
            form["data"] = {name: value if isinstance(value, tuple) else str(value) for name, value in form["data"].items()}
            answer = route.row.api(app).call("POST", route.path, headers={"Idempotency-Key": "a form"}, **form)
            assert answer.status_code == 415 and route.row.shows_refusal(answer), route.path
    assert written(app) == before


def padded(body: dict, size: int) -> str:
    """The body with spaces before it, ``size`` bytes long."""
    return json.dumps(body).rjust(size)


def chunked(text: str) -> dict:
    """A body without a declared length, as a server passes a chunked one on."""
    return {
        "input_stream": BytesIO(text.encode()),
        "content_type": "application/json",
        "environ_overrides": {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    }


@pytest.mark.parametrize("send", [as_json, chunked], ids=["declared", "chunked"])
def test_more_than_a_megabyte_is_413_declared_or_chunked(app, send):
    before = written(app)
    for route in body_routes(app):
        most = LARGER.get(route.pattern, MEGABYTE)
        response = route.row.api(app).call(route.method, route.path, **send(padded(examples(route)[0], most + 1)))
        assert response.status_code == 413, route
        assert route.row.shows_refusal(response), route
    assert written(app) == before


@pytest.mark.parametrize("send", [as_json, chunked], ids=["declared", "chunked"])
def test_a_megabyte_is_still_read(wesendall, send):
    body = {"walletId": wesendall.wallet, "message": "Hi", "recipient": "0712345678"}
    assert wesendall.post("/sms/send", **send(padded(body, MEGABYTE))).status_code == 200


def test_a_body_that_is_longer_than_it_says_is_read_to_its_declared_end(wesendall):
    body = json.dumps({"walletId": wesendall.wallet, "message": "Hi", "recipient": "0712345678"})
    answer = wesendall.post(
        "/sms/send", data=body + "x" * 100, content_type="application/json", environ_overrides={"CONTENT_LENGTH": str(len(body))}
    )
    assert answer.status_code == 200


def wrong_values(right) -> list:
    """Values of other JSON types than ``right``."""
    values: list = [{"a": 1}, [{"a": 1}]]
    if not isinstance(right, bool):
        values.append(True)
    if not isinstance(right, int | float) or isinstance(right, bool):
        values.append(1.5)
    return values


def test_a_value_of_the_wrong_type_is_refused_in_every_field(app):
    assert (
        refusals(
            app,
            [
                (route, f"{name}: {value}", {"json": {**body, name: value}})
                for route in body_routes(app)
                for body in examples(route)
                for name, right in body.items()
                for value in wrong_values(right)
            ],
        )
        == []
    )


def test_the_examples_are_right_but_for_what_the_tests_change(app):
    """Otherwise every test above would pass for another reason."""
    for route in body_routes(app):
        for body in examples(route):
            response = route.row.api(app).call(route.method, route.path, json=body)
            assert response.status_code < 300 or response.status_code == 409, (route, response.get_data(as_text=True))


def test_every_route_with_a_body_has_an_example(app):
    missing = [
        f"{route.method} {route.pattern}"
        for route in routes(app, "POST", "PUT")
        if route.pattern not in {*route.row.bodies, *route.row.no_body, *route.row.uploads}
    ]
    assert missing == [] and registered(app)


@pytest.mark.parametrize("query", ["%00", "a%00b", "%ff", "%ed%a0%80"])
def test_queries_that_are_no_clean_text_are_refused_or_ignored(app, query):
    before = written(app)
    for route in routes(app, "GET"):
        separator = "&" if "?" in route.path else "?"
        for name in ("walletId", "page", "per_page", "limit", "status", "recipient", "to", "batch_id", "days", "x"):
            response = route.row.api(app).get(f"{route.path}{separator}{name}={query}")
            assert response.status_code < 500, (route, name)
            assert response.status_code < 400 or route.row.shows_refusal(response), (route, name)
    with app.app_context():
        exports = query_one("SELECT count(*) FROM audit_log WHERE action = 'export'")[0]
    assert written(app) == {**before, "audit_log": before["audit_log"] + exports}, "a file that was given is told"


@pytest.mark.parametrize("number", ["--5", "-1", "0", "1e3", "1.5", "٣", "9" * 30, "", " ", "+1", "0x1", "1_0"])
def test_numbers_in_a_query_never_crash(app, number):
    for route in routes(app, "GET"):
        for name in ("page", "per_page", "limit", "days"):
            response = route.row.api(app).get(route.path, query_string={"walletId": "wal_sandbox_wesendall", name: number})
            assert response.status_code < 500, (route, name)


@pytest.mark.parametrize("part", ["0", "-1", "9" * 30, "%00", "%ff", "٣", "a b", "1.5", "null"])
def test_ids_in_a_path_that_no_row_can_have_are_refused(app, part):
    before = written(app)
    for route in routes(app):
        if "*" in route.pattern:
            wallet = "?walletId=wal_sandbox_wesendall" if route.row.name == "wesendall" else ""
            bodies = route.row.bodies.get(route.pattern)
            options = {"json": bodies[0]} if bodies and route.method in ("POST", "PUT") else {}
            response = route.row.api(app).call(route.method, route.pattern.replace("*", part) + wallet, **options)
            assert 400 <= response.status_code < 500, (route, response.status_code)
            assert route.row.shows_refusal(response), route
    assert written(app) == before
