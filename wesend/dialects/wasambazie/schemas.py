"""What Wasambazie's requests look like."""

from __future__ import annotations

from marshmallow import ValidationError

from ..fields import Strict, Text


class Numbers(Text):
    """A comma-separated list of phone numbers; empty items are passed over."""

    def _deserialize(self, value, attr, data, **kwargs):
        numbers = [part.strip() for part in super()._deserialize(value, attr, data, **kwargs).split(",") if part.strip()]
        if not numbers:
            raise ValidationError(self.error_messages["blank"])
        return numbers


class Send(Strict):
    to_number = Numbers(required=True)
    message = Text(required=True)
    # Its absence is not a field error but a 400 of its own.
    sender_id = Text(load_default=None, allow_none=True, blank=True)


SEND = Send()
