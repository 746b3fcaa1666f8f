"""What Acme's requests look like."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError

from ..fields import Strict, Text


class Number(Text):
    """A phone in E.164: a kind of field that no other dialect has."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        number = super()._deserialize(value, attr, data, **kwargs)
        if not number.startswith("+"):
            raise ValidationError("Begins with a plus.")
        return number


class Send(Strict):
    number = Number(required=True)
    words = Text(required=True)


SEND = Send()
