"""Holds answers against the OpenAPI document of their dialect."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from flask import Flask, Response, request
from jsonschema import Draft202012Validator

from wesend.dialects.dialect import Dialect
from wesend.docs.document import document

from .published import APIS

METHODS = ("get", "post", "put", "patch", "delete")


class Documented:
    """One dialect's document, and what it allows; made once, since it is the same for every application."""

    _known: dict[str, Documented] = {}

    def __init__(self, app: Flask, api: Dialect):
        self.api, self.document = api, document(app, api)
        self.operations = {operation["operationId"]: operation for _, _, operation in self.all_operations()}
        self.validators: dict[tuple[str, int], Draft202012Validator | None] = {}

    @classmethod
    def of(cls, app: Flask, name: str) -> Documented:
        if name not in cls._known:
            cls._known[name] = cls(app, APIS[name])
        return cls._known[name]

    def all_operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                yield method.upper(), path, operation

    def resolve(self, found: dict[str, Any]) -> dict[str, Any]:
        """What a reference names."""
        while "$ref" in found:
            place: Any = self.document
            for step in found["$ref"].removeprefix("#/").split("/"):
                place = place[step]
            found = place
        return found

    def responses(self, operation_id: str) -> dict[int, dict[str, Any]]:
        return {int(status): self.resolve(response) for status, response in self.operations[operation_id]["responses"].items()}

    def schema(self, schema: dict[str, Any]) -> Draft202012Validator:
        """A validator of one schema of this document."""
        return Draft202012Validator(
            {**schema, "components": self.document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
        )

    def problems(self, operation_id: str, status: int, content_type: str, headers: Any, body: Any) -> list[str]:
        """Why an answer is not one that the document allows; ``body`` parsed JSON, or text."""
        responses = self.responses(operation_id)
        if status not in responses:
            return [f"{status} is not among {sorted(responses)}: {str(body)[:200]}"]
        response = responses[status]
        missing = [
            name
            for name in headers
            if name in ("Retry-After", "WWW-Authenticate", "Idempotency-Replayed") and name not in response["headers"]
        ]
        found = [f"the header {name} is not documented" for name in missing]
        content = response.get("content", {})
        if not content:
            return found + ([f"a body where there is none: {body!r}"] if body else [])
        if content_type not in content:
            return [*found, f"{content_type} is none of {list(content)}"]
        key = operation_id, status
        if key not in self.validators:
            self.validators[key] = self.schema(content[content_type]["schema"])
        return found + [
            f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in self.validators[key].iter_errors(body)
        ]


class Watch:
    """Every answer of an application's dialects, held against its document as it is given."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.seen: set[tuple[str, str, int]] = set()

    def attach(self, app: Flask) -> None:
        app.after_request(self._check)
        self.app = app

    def _check(self, response: Response) -> Response:
        dialect, _, view = (request.endpoint or "").partition(".")
        if dialect not in APIS or request.method.lower() not in METHODS:
            return response
        operation_id = view.rpartition(".")[2]
        self.seen.add((dialect, operation_id, response.status_code))
        body = self._body(response)
        kind = response.mimetype if body != "" else ""
        documented = Documented.of(self.app, dialect)
        problems = documented.problems(operation_id, response.status_code, kind, response.headers, body)
        self.problems += [f"{request.method} {request.path} {response.status_code}: {problem}" for problem in problems]
        return response

    @staticmethod
    def _body(response: Response) -> Any:
        """A streamed one is not read here, or it would be streamed no more: its first line stands for it."""
        if response.is_streamed:
            first = iter(response.response)
            start = next(first)
            response.response = chain([start], first)
            return start
        return response.get_json() if response.is_json else response.get_data(as_text=True)
