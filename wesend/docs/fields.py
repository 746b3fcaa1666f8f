"""Our own marshmallow fields as JSON Schema, for apispec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields

from ..dialects import fields as own
from ..dialects.documenting.operations import Document
from ..dialects.documenting.shapes import VISIBLE


def _text(field: own.Text) -> dict:
    return {
        "type": "string",
        **({} if field.blank else VISIBLE),
        **({"maxLength": field.maximum} if field.maximum is not None else {}),
    }


def _whole(field: own.Whole) -> dict:
    return {"type": "integer", "minimum": field.low, "maximum": field.high}


def _text_list(field: own.TextList) -> dict:
    return {"type": "array", "minItems": 1, "items": {"type": "string", **({} if field.blank_items else VISIBLE)}}


SCHEMAS: dict[type[fields.Field], Callable[[Any], dict]] = {
    own.Text: _text,
    own.Whole: _whole,
    own.Flag: lambda field: {"type": "boolean"},
    own.TextList: _text_list,
    own.WholeList: lambda field: {"type": "array", "items": {"type": "integer"}},
    own.Identifier: lambda field: {"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 1}]},
    own.Amount: lambda field: {"type": "number", "exclusiveMinimum": 0, "maximum": 10**9},
}
"""Field → its schema; the first class of its ancestry that stands here."""


def describe(document: Document) -> Callable:
    """An attribute function for apispec's converter: a dialect's own kinds of field, then ours, and its notes on each."""
    schemas = {**SCHEMAS, **document.fields}

    def own_field(_converter: object, field: fields.Field, ret: dict, **_: Any) -> dict:
        if "default" in ret and ret["default"] is None:
            del ret["default"]  # a missing value, not a default that could be sent
        found = next((schemas[kind](field) for kind in type(field).__mro__ if kind in schemas), {})
        if field.allow_none and isinstance(found.get("type"), str):
            found["type"] = [found["type"], "null"]
        return {**found, **_described(field, document.notes)}

    return own_field


def _described(field: fields.Field, notes: dict[str, str]) -> dict[str, str]:
    if not isinstance(field.parent, Schema):
        return {}  # the items of a list, which is described itself
    name = field.data_key or field.name
    note = notes.get(f"{type(field.parent).__name__}.{name}") or notes.get(str(name))
    return {"description": note} if note else {}
