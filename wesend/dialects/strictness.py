"""Strict reading: a request that says `Prefer: handling=strict` (RFC 7240) is refused for fields that nobody reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from marshmallow import Schema, ValidationError, fields

from ..core.current_request import this_request
from .fields import Strict

HANDLING = re.compile(r"(?:^|[,;])\s*handling\s*=\s*\"?strict\"?\s*(?=$|[,;])", re.IGNORECASE)
UNKNOWN = "Unknown field"


def is_asked() -> bool:
    """Whether the current request wants to be read strictly."""
    given = this_request().environ.get("HTTP_PREFER")
    return given is not None and HANDLING.search(given) is not None


def load(schema: Schema, data: Mapping[str, Any]) -> dict:
    """As the schema loads it, unless there are fields that it does not know: a ValidationError names each, beside what else
    is wrong."""
    unknown = _unknown(schema, data)
    if not unknown:
        return schema.load(data)
    try:
        schema.load(data)
    except ValidationError as error:
        raise ValidationError(_merged(error.normalized_messages(), unknown)) from error
    raise ValidationError(unknown)


def require_known(given: Iterable[str], known: Iterable[str]) -> None:
    """The same for the fields of a form."""
    names = list(known)
    unknown = {name: [_sentence(name, names)] for name in given if name not in names}
    if unknown:
        raise ValidationError(unknown)


def _unknown(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.data_key or name: field for name, field in schema.load_fields.items()}
    also, takes_any = (schema.also, schema.takes_any(data)) if isinstance(schema, Strict) else ((), False)
    names = [*known, *also]
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name in known:
            inner = _inside(known[name], value)
            if inner:
                found[name] = inner
        elif name not in also and not takes_any:
            found[name] = [_sentence(name, names)]
    return found


def _inside(field: fields.Field, value: Any) -> dict[Any, Any]:
    if isinstance(field, fields.List) and isinstance(value, list):
        inner = ((place, _inside(field.inner, item)) for place, item in enumerate(value))
        return {place: found for place, found in inner if found}
    if isinstance(field, fields.Nested) and isinstance(value, Mapping):
        return _unknown(field.schema, value)
    return {}


def _sentence(name: str, known: list[str]) -> str:
    plain = {_plain(one): one for one in reversed(known)}
    near = get_close_matches(_plain(name[:60]), plain, n=1, cutoff=0.6)
    return f"{UNKNOWN}: did you mean {plain[near[0]]}?" if near else f"{UNKNOWN}."


def _plain(name: str) -> str:
    """However its words are joined."""
    return name.replace("_", "").replace("-", "").lower()


def _merged(first: Any, second: Any) -> Any:
    if isinstance(first, dict) and isinstance(second, dict):
        return {key: _merged(first.get(key), second.get(key)) for key in (*first, *(key for key in second if key not in first))}
    return first if second is None else second
