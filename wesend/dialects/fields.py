"""Marshmallow fields that take exactly what they say: no text for a number, no number for a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from ..accounts.key_limits import LONGEST_VALIDITY, SHORTEST_VALIDITY
from ..core import money

INTEGER = re.compile(r"-?[0-9]{1,18}")


class Strict(Schema):
    """Base of the dialects' schemas: unknown fields are passed over, as the vendors do."""

    class Meta:
        unknown = EXCLUDE

    also: ClassVar[tuple[str, ...]] = ()
    """Names that it reads beside those of its fields."""

    def takes_any(self, data: Mapping[str, Any]) -> bool:
        """Whether every name is one that it reads."""
        return False


class Text(fields.Field):
    """A string; ``blank=False`` refuses one without a visible character."""

    default_error_messages = {
        "invalid": "Not a valid string.",
        "blank": "This field may not be empty.",
        "long": "Longer than {maximum} characters.",
    }

    def __init__(self, *, blank: bool = False, maximum: int | None = None, **options: Any):
        super().__init__(**options)
        self.blank, self.maximum = blank, maximum

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if not self.blank and not value.strip():
            raise self.make_error("blank")
        if self.maximum is not None and len(value) > self.maximum:
            raise self.make_error("long", maximum=self.maximum)
        return value


class Whole(fields.Field):
    """An integer within bounds; ``text=True`` reads it from a query string."""

    default_error_messages = {"invalid": "Not a valid integer.", "range": "Must be from {low} to {high}."}

    def __init__(self, *, low: int = 0, high: int = 2**53, text: bool = False, **options: Any):
        super().__init__(**options)
        self.low, self.high, self.text = low, high, text

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if self.text:
            if not isinstance(value, str) or not INTEGER.fullmatch(value):
                raise self.make_error("invalid")
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid")
        if not self.low <= value <= self.high:
            raise self.make_error("range", low=self.low, high=self.high)
        return value


class Flag(fields.Field):
    """true or false, and nothing that looks like it."""

    default_error_messages = {"invalid": "Not a valid boolean."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class TextList(fields.Field):
    """A list of strings, at least one; ``blank_items``: some of them may be empty."""

    default_error_messages = {"invalid": "Not a valid list.", "blank": "This field may not be empty."}

    def __init__(self, *, blank_items: bool = False, **options: Any):
        super().__init__(**options)
        self.blank_items = blank_items

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.make_error("invalid")
        if not value or not (self.blank_items or all(item.strip() for item in value)):
            raise self.make_error("blank")
        return value


class WholeList(fields.Field):
    """A list of integers, each once, in the order given; it may be empty."""

    default_error_messages = {"invalid": "Not a valid list.", "item": "Not a valid integer."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[int]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        if any(isinstance(item, bool) or not isinstance(item, int) for item in value):
            raise self.make_error("item")
        return list(dict.fromkeys(value))


class Identifier(fields.Field):
    """A row id, as an integer or as its digits; what can be no id becomes 0, which nothing has."""

    default_error_messages = {"invalid": "Not a valid id."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
            raise self.make_error("invalid")
        return row_id(value)


def row_id(value: int | str) -> int:
    """An id from a path or a body; 0 when no row can have it."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


class Amount(fields.Field):
    """A positive amount of money → micro-units."""

    default_error_messages = {
        "invalid": "Not a valid amount.",
        "positive": "Must be above zero.",
        "exact": "At most 6 decimals and 1,000,000,000.",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.make_error("invalid")
        if value <= 0:
            raise self.make_error("positive")
        try:
            micros = money.to_micros(value)
        except ValueError:
            raise self.make_error("exact") from None
        if micros <= 0:
            raise self.make_error("positive")
        return micros


def scalar_text(value: Any) -> str:
    """A contact field of any JSON type as text; objects and arrays are refused."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    raise ValidationError("Must be text or a number.")


class ValidFor(Whole):
    """Seconds for which a message is worth sending, as a send of every dialect may say."""

    def __init__(self) -> None:
        super().__init__(low=SHORTEST_VALIDITY, high=LONGEST_VALIDITY, load_default=None, allow_none=True)
