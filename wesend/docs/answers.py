"""The responses of a document: what a success looks like, and everything that a call may be refused with."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Flask
from werkzeug.exceptions import MethodNotAllowed

from ..dialects.dialect import KEPT, Dialect
from ..dialects.documenting.operations import Operation, path_values
from ..dialects.documenting.refusals import refusals_of
from ..dialects.documenting.shapes import one_example, schema_of

HEADERS = {
    "X-Request-Id": {"description": "The request's id: the caller's own when it sent one.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds until the next request is taken.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to show credentials.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "`true` when this is the kept answer of an earlier request.",
        "schema": {"type": "string"},
    },
}


class Answers:
    """Writes responses; named shapes go to ``components``. ``ids``: (method, path) → operationId."""

    def __init__(self, app: Flask, dialect: Dialect, components: dict[str, Any], ids: dict[tuple[str, str], str]):
        self.app, self.dialect, self.components, self.ids = app, dialect, components, ids

    def answer(self, shape: Any, operation: Operation, method: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "description": "Done; no body." if shape is None else operation.summary + ".",
            "headers": _headers("X-Request-Id"),
        }
        if method == "POST":
            found["headers"] |= _headers("Idempotency-Replayed")
        if shape is not None:
            kind = "text/csv" if operation.csv else "application/json"
            found["content"] = {kind: {"schema": schema_of(shape, self.components), "examples": one_example(shape)}}
        links = self._links(operation)
        return {**found, **({"links": links} if links else {})}

    def _links(self, operation: Operation) -> dict[str, Any]:
        """From what a call keeps to the calls that take it in their path."""
        kept = [
            (name, place)
            for example in operation.examples
            if example.status is None
            for name, place in example.keep.items()
            if ".-" not in place  # a JSON pointer counts from the beginning alone
        ]
        takers = [
            (self.ids[method, path], parameter, value)
            for _, method, path, target in self.dialect.document.calls()
            for parameter, value in path_values(path, target.examples[0]).items()
        ]
        return {
            f"{name}_to_{taker}": {"operationId": taker, "parameters": {parameter: "$response.body#/" + place.replace(".", "/")}}
            for name, place in kept
            for taker, parameter, value in takers
            if value == f"{{{{{name}}}}}"
        }

    def refusals(self, method: str, path: str, operation: Operation, public: bool) -> dict[str, Any]:
        """Status → what is answered, for everything that can go wrong."""
        by_status: dict[int, list[tuple[dict, dict]]] = {}
        # Where a field error stands (body or query) is told by the method of the request.
        with self.app.test_request_context(method=method):
            for error in refusals_of(method, path, operation, public=public):
                body, status, headers = self.dialect.show_error(error)
                if body not in [known for known, _ in by_status.setdefault(status, [])]:
                    by_status[status].append((body, headers))
        return {str(status): self._refusal(status, found, method) for status, found in sorted(by_status.items())}

    def _refusal(self, status: int, found: list[tuple[dict, dict]], method: str) -> dict[str, Any]:
        bodies = [body for body, _ in found]
        names = [name for _, headers in found for name in headers]
        if method == "POST" and status in KEPT:
            names.append("Idempotency-Replayed")
        return {
            "description": " · ".join(dict.fromkeys(self._sentence(body) for body in bodies)),
            "headers": _headers("X-Request-Id", *names),
            "content": {
                "application/json": {
                    "schema": schema_of(self.dialect.document.refusal(status, bodies), self.components),
                    "examples": {self._label(body, number): {"value": body} for number, body in enumerate(bodies, 1)},
                }
            },
        }

    def _sentence(self, body: dict) -> str:
        return self.dialect.document.error_words(body)[1]

    def _label(self, body: dict, number: int) -> str:
        """An error's code where the dialect has codes, else its sentence."""
        code, sentence = self.dialect.document.error_words(body)
        if code is not None:
            return code
        return f"{number}. {sentence}" if number else sentence

    def table_of_refusals(self) -> str:
        """A line a status for the whole API, with the one that no operation has: a method that a path does not take."""
        rows: dict[int, list[str]] = {}
        with self.app.test_request_context():
            for _, method, path, operation in self.dialect.document.calls():
                errors = [*refusals_of(method, path, operation, public=False), MethodNotAllowed()]
                for body, status, _ in map(self.dialect.show_error, errors):
                    word = self._label(body, 0)
                    shown = f"`{word}`" if re.fullmatch("[a-z_]+", word) else word
                    if shown not in rows.setdefault(status, []):
                        rows[status].append(shown)
        return (
            "\n\n## Errors\n\n| status | what it says |\n|---|---|\n"
            + "\n".join(f"| {status} | {', '.join(words)} |" for status, words in sorted(rows.items()))
            + "\n"
        )


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def share_responses(found: dict) -> None:
    """Refusals that several operations answer alike become components: it makes the documents a third as long."""
    places: dict[str, list[tuple[dict, str]]] = {}
    for operations in found["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    places.setdefault(json.dumps(response), []).append((operation["responses"], status))
    shared: dict[str, Any] = found["components"].setdefault("responses", {})
    for text, alike in places.items():
        if len(alike) > 1:
            status = alike[0][1]
            name = f"Refusal{status}-{sum(known.startswith(f'Refusal{status}-') for known in shared) + 1}"
            shared[name] = json.loads(text)
            for responses, _ in alike:
                responses[status] = {"$ref": f"#/components/responses/{name}"}
