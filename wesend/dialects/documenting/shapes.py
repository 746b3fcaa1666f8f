"""Answers written as examples: the JSON Schema and the shown example both follow from one literal.

A dict is an object with exactly these keys, all of them present unless `optional`; a list is an array of its one
item; a string, integer or boolean stands for its type. What a literal can't say is said by the functions here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Leaf:
    """A schema written out, and an example of it."""

    schema: dict
    example: Any


@dataclass(frozen=True)
class Named:
    """A shape that the document keeps among its components."""

    name: str
    shape: Any


@dataclass(frozen=True)
class Optional:
    """A key that may be missing."""

    shape: Any


@dataclass(frozen=True)
class Either:
    """One of several shapes; the first is the example."""

    shapes: tuple


@dataclass(frozen=True)
class NullOr:
    """A shape or null; ``shown`` tells which of them the example has."""

    shape: Any
    shown: bool


def named(name: str, shape: Any) -> Named:
    return Named(name, shape)


def optional(shape: Any) -> Optional:
    return Optional(shape)


def either(*shapes: Any) -> Any:
    return shapes[0] if len(shapes) == 1 else Either(shapes)


def null_or(shape: Any, *, shown: bool = True) -> NullOr:
    return NullOr(shape, shown)


def exactly(value: Any) -> Leaf:
    return Leaf({"const": value}, value)


def one_of(words: Iterable[Any], example: Any) -> Leaf:
    found = list(words)
    assert example in found, f"{example!r} is none of {found}"
    return Leaf({"enum": found}, example)


def number(example: float) -> Leaf:
    """A JSON number, whole or not."""
    return Leaf({"type": "number"}, example)


def like(pattern: str, example: str) -> Leaf:
    return Leaf({"type": "string", "pattern": pattern}, example)


def mapping(value: Any, **example: Any) -> Leaf:
    """An object with any keys; its values have one shape."""
    return Leaf({"type": "object", "additionalProperties": schema_of(value, {})}, example)


VISIBLE = {"minLength": 1, "pattern": r"\S"}
"""In a schema: a text with a visible character."""

WHEN = Leaf({"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}, "2026-05-02T12:00:05Z")
"""A time in UTC, whole seconds."""


def schema_of(shape: Any, components: dict[str, Any]) -> dict:
    """The JSON Schema of a shape; those of named ones go to ``components``, referred to from here."""
    match shape:
        case Leaf():
            return {**shape.schema, "examples": [shape.example]}
        case Named():
            if shape.name not in components:
                components[shape.name] = {}  # a shape may name itself
                components[shape.name] = schema_of(shape.shape, components)
            return {"$ref": f"#/components/schemas/{shape.name}"}
        case Either():
            return {"anyOf": [schema_of(inner, components) for inner in shape.shapes]}
        case NullOr():
            return _null_or(schema_of(shape.shape, components))
        case dict():
            return {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    key: schema_of(value.shape if isinstance(value, Optional) else value, components)
                    for key, value in shape.items()
                },
                "required": [key for key, value in shape.items() if not isinstance(value, Optional)],
            }
        case [item]:
            return {"type": "array", "items": schema_of(item, components)}
        case bool():
            return {"type": "boolean", "examples": [shape]}
        case int():
            return {"type": "integer", "examples": [shape]}
        case str():
            return {"type": "string", "examples": [shape]}
    raise TypeError(f"{shape!r} is no shape")


def _null_or(schema: dict) -> dict:
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def one_example(shape: Any) -> dict[str, Any]:
    return named_example(example_of(shape))


def named_example(value: Any) -> dict[str, Any]:
    """A body's example with a name: of a bare one RapiDoc takes the fields for names, and breaks off at a null."""
    return {"Example": {"value": value}}


def example_of(shape: Any) -> Any:
    match shape:
        case Leaf():
            return shape.example
        case Named() | Optional():
            return example_of(shape.shape)
        case Either():
            return example_of(shape.shapes[0])
        case NullOr():
            return example_of(shape.shape) if shape.shown else None
        case dict():
            return {key: example_of(value) for key, value in shape.items()}
        case list():
            return [example_of(item) for item in shape]
    return shape
