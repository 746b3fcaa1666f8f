"""What Wasambazie's requests look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from ..fields import Strict, Text, ValidFor


class Numbers(Text):
    """A comma-separated list of phone numbers; empty items are passed over."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:  # a list, where its base class gives the one text
        numbers = [part.strip() for part in super()._deserialize(value, attr, data, **kwargs).split(",") if part.strip()]
        if not numbers:
            raise ValidationError(self.error_messages["blank"])
        return numbers


class Send(Strict):
    to_number = Numbers(required=True)
    message = Text(required=True)
    # Its absence is not a field error but a 400 of its own.
    sender_id = Text(load_default=None, allow_none=True, blank=True)
    valid_for = ValidFor()


SEND = Send()
