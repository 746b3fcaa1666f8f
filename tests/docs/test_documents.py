"""The documents are whole: every route, method, status, error code and schema of each dialect stands in its own."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from marshmallow import Schema

from wesend.dialects.dialect import Dialect

from ..support.dialects import registered
from ..support.documents import METHODS, Documented
from ..support.published import APIS


@pytest.fixture(params=APIS)
def documented(app, request) -> Documented:
    return Documented.of(app, request.param)


def errors_of(api: Dialect):
    """The dialect's own error table, and the statuses that it has for what HTTP itself refuses."""
    module = importlib.import_module(f"wesend.dialects.{api.name}.errors")
    return module.TABLE, getattr(module, "HTTP_CODES", None) or module.SENTENCES


def walk(node: Any) -> Iterator[dict]:
    """Every object in a document."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from walk(inner)


def test_every_dialect_is_documented(app):
    assert [dialect.name for dialect, _ in registered(app)] == list(APIS)


def test_every_route_and_method_is_there_and_no_other(app, documented):
    routes = {
        (method, re.sub("<(.*?)>", r"{\1}", rule.rule).removeprefix(documented.api.prefix))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] == documented.api.name
        for method in rule.methods or ()
        if method.lower() in METHODS
    }
    assert {(method, path) for method, path, _ in documented.all_operations()} == routes


def test_every_operation_has_an_id_of_its_own_and_something_to_read(documented):
    ids = [operation["operationId"] for _, _, operation in documented.all_operations()]
    assert len(set(ids)) == len(ids)
    assert all(operation["summary"] for _, _, operation in documented.all_operations())


def test_every_schema_of_the_views_is_used(documented):
    declared = {name for name, value in vars(documented.api.document.schemas).items() if isinstance(value, Schema)}
    used = {
        name
        for name, value in vars(documented.api.document.schemas).items()
        for _, _, _, operation in documented.api.document.calls()
        if isinstance(value, Schema) and value in (operation.query, operation.body)
    }
    assert declared - used == set()


def test_every_error_of_the_dialect_is_answered_somewhere(documented):
    table, by_http = errors_of(documented.api)
    bodies: dict[int, str] = {}
    for operation in documented.operations:
        for status, response in documented.responses(operation).items():
            bodies[status] = bodies.get(status, "") + str(response.get("content"))
    # A class with more special ones below it is what remains; those have rows or words of their own.
    rows = [(kind, status, word) for kind, status, *rest in table for word in [*rest, None][:1] if not kind.__subclasses__()]
    missing = [
        f"{kind.__name__}: {status} {word}"
        for kind, status, word in rows
        if (word or "") not in bodies.get(status, "") or status not in bodies
    ]
    assert missing == []
    assert set(by_http) - set(bodies) == {405}, "no operation answers 405; the table of errors has it"


def test_every_status_stands_in_the_table_of_errors(documented):
    table, by_http = errors_of(documented.api)
    statuses = {status for _, status, *_ in table} | set(by_http)
    assert statuses == {int(line) for line in re.findall(r"^\| (\d{3}) \|", documented.document["info"]["description"], re.M)}


def test_each_call_needs_credentials_but_the_public_ones(app, documented):
    public = {endpoint.rpartition(".")[2] for endpoint in documented.api.public_endpoints}
    assert {
        operation["operationId"] for _, _, operation in documented.all_operations() if operation.get("security") == []
    } == public
    assert documented.document["security"]
    named = {name for requirement in documented.document["security"] for name in requirement}
    assert named == set(documented.document["components"]["securitySchemes"])


def test_every_reference_leads_somewhere(documented):
    for found in walk(documented.document):
        if "$ref" in found:
            assert documented.resolve(found), found["$ref"]


def test_every_schema_is_one_and_every_example_fits_its_own(documented):
    wrong = []
    for found in walk(
        {
            "paths": documented.document["paths"],
            "shared": documented.document["components"],
            "webhooks": documented.document["webhooks"],
        }
    ):
        if not isinstance(found.get("schema"), dict) or not {"example", "examples"} & set(found):
            continue
        validator = documented.schema(found["schema"])
        Draft202012Validator.check_schema(found["schema"])
        examples = [found["example"]] if "example" in found else [each["value"] for each in found["examples"].values()]
        # What a query or path example says is a text on the wire.
        if "in" in found and found["schema"].get("type") == "integer":
            examples = [int(example) for example in examples]
        wrong += [f"{example}: {error.message}" for example in examples for error in validator.iter_errors(example)]
    assert wrong == []


@pytest.mark.parametrize("name", APIS)
def test_it_is_served_as_json_without_credentials(client, name):
    answer = client.get(f"/docs/openapi/{name}.json")
    assert (answer.status_code, answer.mimetype, answer.json["openapi"]) == (200, "application/json", "3.1.0")
    assert answer.json["servers"] == [{"url": APIS[name].prefix}]


@pytest.mark.parametrize("path", ["/docs/openapi/nobody.json", "/docs/postman/nobody.json", "/docs/nobody"])
def test_what_is_not_documented_is_404(client, path):
    assert client.get(path).status_code == 404
