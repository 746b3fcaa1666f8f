"""The field errors that Wasambazie and eSMS share."""

from __future__ import annotations

from .shapes import Leaf, named

FIELD_ERRORS = named(
    "FieldErrors",
    {
        "detail": [
            {
                "loc": Leaf({"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}}, ["body", "message"]),
                "msg": "field required",
                "type": "value_error.missing",
            }
        ]
    },
)
