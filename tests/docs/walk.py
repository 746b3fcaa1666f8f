"""The examples of a document, called one after the other."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from wesend.dialects.documenting.operations import Upload, path_values
from wesend.docs.postman import BOUNDARY, multipart

from ..support.dialects import ROWS
from ..support.jobs import ManualJobs
from ..support.published import APIS


def filled(value: Any, kept: dict[str, Any]) -> Any:
    """An example with its ``{{names}}`` filled from what was kept; a contact's ``{{name}}`` stays."""
    if isinstance(value, dict):
        return {key: filled(inner, kept) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, kept) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\{\{(\w+)\}\}", lambda match: str(kept.get(match[1], match[0])), value)
    return value


class Walk:
    """The calls of one API in their order; what earlier ones kept goes into later ones."""

    def __init__(self, app: Flask, name: str):
        self.app, self.api, self.jobs = app, APIS[name], ManualJobs(app)
        self.client = ROWS[name].api(app)
        self.kept: dict[str, Any] = {}

    def __iter__(self):
        for _, method, path, operation in self.api.document.calls():
            for example in operation.examples:
                answer = self.call(method, path, operation, example)
                yield f"{method} {path} {example.name}", example.status or operation.success, answer
                for name, place in example.keep.items():
                    self.kept[name] = self.place(answer.json, place)

    def call(self, method: str, path: str, operation, example) -> TestResponse:
        self.jobs.settle()
        for name, value in filled(path_values(path, example), self.kept).items():
            path = path.replace("{" + name + "}", value)
        options: dict[str, Any] = {"query_string": filled(example.query, self.kept)}
        if isinstance(operation.body, Upload):
            options |= {"data": multipart(operation.body), "content_type": f"multipart/form-data; boundary={BOUNDARY}"}
        elif example.body is not None:
            options["json"] = filled(example.body, self.kept)
        return self.client.call(method, self.api.prefix + path, **options)

    @staticmethod
    def place(found: Any, place: str) -> Any:
        for step in place.split("."):
            found = found[int(step) if re.fullmatch(r"-?\d+", step) else step]
        return found
