"""Field errors as the dialects with `detail: [{loc, msg, type}]` show them (Wasambazie, eSMS)."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError

TYPES = {
    # our schemas' sentence → (msg, type)
    "Missing data for required field.": ("field required", "value_error.missing"),
    "Field may not be null.": ("none is not an allowed value", "type_error.none.not_allowed"),
    "Not a valid string.": ("str type expected", "type_error.string"),
    "Not a valid integer.": ("value is not a valid integer", "type_error.integer"),
    "Not a valid boolean.": ("value is not a valid boolean", "type_error.bool"),
    "Not a valid list.": ("value is not a valid list", "type_error.list"),
    "This field may not be empty.": ("ensure this value has at least 1 characters", "value_error.any_str.min_length"),
}
MALFORMED = [{"loc": ["body"], "msg": "the body is not valid JSON", "type": "value_error.jsondecode"}]


def unstorable(place: str) -> list[dict]:
    """Of a text that can't be kept, wherever in ``place`` it stands."""
    return [{"loc": [place], "msg": f"the {place} contains characters that cannot be used", "type": "value_error.str"}]


def place_of(method: str) -> str:
    """Where a request says what it wants."""
    return "query" if method == "GET" else "body"


def field_errors(error: ValidationError, place: str = "body") -> list[dict]:
    """One entry a sentence; ``loc`` starts with ``body`` or ``query``."""
    found: list[dict] = []
    _walk([place], error.normalized_messages(), found)
    return found


def _walk(path: list, node: Any, found: list[dict]) -> None:
    if isinstance(node, dict):
        for key, inner in node.items():
            _walk(path if key == "_schema" else [*path, key], inner, found)
        return
    for sentence in node if isinstance(node, list) else [node]:
        msg, kind = TYPES.get(str(sentence), (str(sentence), "value_error"))
        found.append({"loc": path, "msg": msg, "type": kind})
