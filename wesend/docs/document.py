"""One dialect's OpenAPI 3.1 document, from its schemas, its error table and what is declared beside them."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import Schema
from werkzeug.routing import Rule

from ..dialects.dialect import Dialect
from ..dialects.documenting.operations import Operation, Upload
from ..dialects.documenting.shapes import example_of, named_example, one_example, schema_of
from .answers import HEADERS, Answers, share_responses
from .fields import describe

VERSION = "1.0"
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "1 to 255 visible ASCII characters. The same key with the same request is answered again and carried"
    " out once, for 24 hours.",
}
SIDES = """

## Test keys and live keys

A key is of its wallet's side: the sandbox, or live. What is of the other side does not exist for it, whatever its id. What a
key makes (groups, webhooks, sender IDs, opt-outs) is of its side alone. What people make in the dashboard or by command
serves both: a test key uses it, and can neither change nor delete it."""


def document(app: Flask, dialect: Dialect) -> dict[str, Any]:
    """The document as it is served; its server is relative to where it is served from."""
    return Builder(app, dialect).build()


class Builder:
    """Collects components while the paths are written."""

    def __init__(self, app: Flask, dialect: Dialect):
        self.dialect, self.declared = dialect, dialect.document
        self.components: dict[str, Any] = {}
        self.endpoints = {
            (method, below): rule.endpoint
            for rule in app.url_map.iter_rules()
            if (below := self._below(rule)) is not None
            for method in rule.methods or ()
        }
        ids = {call: endpoint.rpartition(".")[2] for call, endpoint in self.endpoints.items()}
        self.answers = Answers(app, dialect, self.components, ids)
        self.plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: type(schema).__name__)
        self.spec = APISpec(
            title=self.declared.title,
            version=VERSION,
            openapi_version="3.1.0",
            plugins=[self.plugin],
            info={"description": self.declared.introduction + SIDES + self.answers.table_of_refusals()},
            servers=[{"url": dialect.prefix}],
            tags=[{"name": tag} for tag in self.declared.operations],
            security=[dict.fromkeys(names, []) for names in self.declared.security],
        )
        assert self.plugin.converter is not None  # made by the spec
        self.converter = self.plugin.converter
        self.converter.add_attribute_function(describe(self.declared))

    def _below(self, rule: Rule) -> str | None:
        """The path of one of the dialect's rules, without its prefix; None for another's."""
        if rule.endpoint.split(".")[0] != self.dialect.name:
            return None
        return re.sub("<(.*?)>", r"{\1}", rule.rule).removeprefix(self.dialect.prefix)

    def build(self) -> dict[str, Any]:
        for name, scheme in self.declared.schemes.items():
            self.spec.components.security_scheme(name, scheme.openapi)
        for name, header in HEADERS.items():
            self.spec.components.header(name, header)
        for tag, method, path, operation in self.declared.calls():
            self.spec.path(path, operations={method.lower(): self._operation(tag, method, path, operation)})
        found = self.spec.to_dict()
        if self.declared.webhooks:
            found["webhooks"] = {name: self._webhook(name) for name in self.declared.webhooks}
        schemas = found["components"].setdefault("schemas", {})
        twice = schemas.keys() & self.components.keys()
        assert not twice, f"a request schema and an answer are both named {', '.join(twice)}"
        schemas.update(self.components)
        for name, amendment in self.declared.amendments.items():
            _merge(schemas[name], amendment)
        share_responses(found)
        return found

    def _operation(self, tag: str, method: str, path: str, operation: Operation) -> dict[str, Any]:
        public = self.endpoints[method, path] in self.dialect.public_endpoints
        found: dict[str, Any] = {"operationId": self.answers.ids[method, path], "tags": [tag], "summary": operation.summary}
        if operation.description:
            found["description"] = operation.description
        if public:
            found["security"] = []
        found["parameters"] = self._parameters(method, path, operation, public)
        if operation.body is not None:
            found["requestBody"] = self._body(operation)
        found["responses"] = {
            str(status): self.answers.answer(shape, operation, method) for status, shape in operation.answers.items()
        }
        found["responses"] |= self.answers.refusals(method, path, operation, public)
        return found

    def _parameters(self, method: str, path: str, operation: Operation, public: bool) -> list[dict]:
        found = []
        for name in re.findall(r"\{(\w+)\}", path):
            shape, note = self.declared.parameters[name]
            found.append(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "description": note,
                    "schema": schema_of(shape, self.components),
                    "example": example_of(shape),
                }
            )
        if operation.query is not None:
            shown = operation.examples[0].query
            for parameter in self.converter.schema2parameters(operation.query, location="query"):
                _without_null(parameter["schema"])
                if parameter["name"] in shown:
                    parameter["example"] = shown[parameter["name"]]
                found.append(parameter)
        if method == "POST" and not public:
            found.append(IDEMPOTENCY_KEY)
        return found

    def _body(self, operation: Operation) -> dict[str, Any]:
        if isinstance(operation.body, Upload):
            fields = {
                "file": {
                    "type": "string",
                    "format": "binary",
                    "contentMediaType": "text/csv",
                    "description": "A CSV with a header: UTF-8 or as Excel saves it, at most 50 MB.",
                },
                **{
                    name: {**schema_of(shape, self.components), "description": self.declared.notes.get(f"Upload.{name}", "")}
                    for name, shape in operation.body.fields.items()
                },
            }
            return {
                "required": True,
                "content": {
                    "multipart/form-data": {
                        "schema": {"type": "object", "properties": fields, "required": ["file"]},
                        "examples": named_example({"file": operation.body.csv, **example_of(operation.body.fields)}),
                    }
                },
            }
        assert isinstance(operation.body, Schema)
        examples = {
            example.name or operation.summary: {"value": example.body} for example in operation.examples if example.body is not None
        }
        return {
            "required": operation.body_required,
            "content": {"application/json": {"schema": operation.body, "examples": examples}},
        }

    def _webhook(self, name: str) -> dict[str, Any]:
        webhook = self.declared.webhooks[name]
        return {
            "post": {
                "operationId": "webhook " + name,
                "summary": webhook.summary,
                "tags": ["Webhooks"],
                "parameters": [
                    {
                        "name": webhook.signature.partition(":")[0],
                        "in": "header",
                        "required": True,
                        "description": webhook.signature.partition(":")[2].strip(),
                        "schema": {"type": "string"},
                    }
                ],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": schema_of(webhook.shape, self.components),
                            "examples": one_example(webhook.shape),
                        }
                    }
                },
                "responses": {"200": {"description": "Received."}},
            }
        }


def _without_null(schema: dict) -> None:
    """A query string holds no null, whatever a field of that kind takes elsewhere."""
    if isinstance(schema.get("type"), list):
        schema["type"] = schema["type"][0]
    if None in schema.get("enum", ()):
        schema["enum"].remove(None)


def _merge(schema: dict, more: dict) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(schema.get(key), dict):
            _merge(schema[key], value)
        else:
            schema[key] = value
