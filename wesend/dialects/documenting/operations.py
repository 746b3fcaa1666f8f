"""What is declared of an API beside its schemas: its operations, how they are tried, what they answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from marshmallow import Schema
from marshmallow.fields import Field

NOTHING = None
"""The answer without a body."""


@dataclass(frozen=True)
class Example:
    """A call that works in the sandbox, after those that are declared before it.

    ``{{name}}`` in a path, query or body is what an earlier call kept: ``keep`` maps such a name to its place in the
    answer (``data.results.0.message_id``; -1 is the last of a list). ``status``: when it is not the operation's success.
    ``waits``: 404 until the sandbox has delivered.
    """

    name: str = ""
    body: Any = None
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    waits: bool = False


@dataclass(frozen=True)
class Upload:
    """A multipart body: its form fields as a shape, and a CSV for its ``file``."""

    fields: dict[str, Any]
    csv: str


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    ``answers``: success status → shape. ``refusals``: errors of its own, beside those of every call like it; the
    dialect's own error table gives them their status and body. ``csv``: it answers text/csv.
    """

    summary: str
    answers: dict[int, Any]
    refusals: tuple[Exception, ...] = ()
    description: str = ""
    query: Schema | None = None
    body: Schema | Upload | None = None
    body_required: bool = True
    examples: tuple[Example, ...] = (Example(),)
    csv: bool = False

    @property
    def success(self) -> int:
        return next(iter(self.answers))


@dataclass(frozen=True)
class Scheme:
    """A way to show credentials; ``variables`` are the published credentials' names that it takes."""

    openapi: dict[str, Any]
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Webhook:
    """A POST that an account's endpoint gets: who signs it in which header, and its shape."""

    summary: str
    signature: str
    shape: Any


def error_words(body: dict[str, Any]) -> tuple[str | None, str]:
    """An error's code, where the dialect has codes, and its sentence: `{"error", "message"}`, `{"detail"}` and their like."""
    detail, found = body.get("detail"), body.get("message") or body.get("detail")
    code = body.get("error") or (detail.get("code") if isinstance(detail, dict) else None)
    if isinstance(found, dict):
        found = found["message"]
    sentence = "Some fields are missing or not valid" if isinstance(found, list) else str(found)
    return None if code is None else str(code), sentence


@dataclass(frozen=True)
class Document:
    """What a dialect says of itself.

    ``schemas``: what its requests look like. ``operations``: tag → ``"POST /sms/send"`` → operation, in the order in which
    they are read and tried. ``security``: alternatives, each the schemes that belong together. ``refusal``: status and the
    dialect's error bodies → the shape of the answer; ``error_words``: a body → its code and its sentence. ``notes``: request
    field, maybe with its schema (``NewSender.name``) → description. ``fields``: the dialect's own kinds of field → their JSON
    Schema. ``amendments``: component → what its schema does not say. ``parameters``: path parameter → shape and description.
    """

    title: str
    introduction: str
    schemas: ModuleType
    schemes: dict[str, Scheme]
    security: tuple[tuple[str, ...], ...]
    operations: dict[str, dict[str, Operation]]
    refusal: Callable[[int, list[dict]], Any]
    error_words: Callable[[dict[str, Any]], tuple[str | None, str]] = error_words
    parameters: dict[str, tuple[Any, str]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    fields: dict[type[Field], Callable[[Any], dict]] = field(default_factory=dict)
    amendments: dict[str, dict] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)

    def calls(self) -> Iterator[tuple[str, str, str, Operation]]:
        """(tag, method, path below the prefix, operation), in order."""
        for tag, operations in self.operations.items():
            for key, operation in operations.items():
                method, _, path = key.partition(" ")
                yield tag, method, path, operation


def path_values(path: str, example: Example) -> dict[str, str]:
    """Path parameter → what an example puts there; what it does not say is what was kept under the same name."""
    return {name: example.path.get(name, f"{{{{{name}}}}}") for name in re.findall(r"\{(\w+)\}", path)}
