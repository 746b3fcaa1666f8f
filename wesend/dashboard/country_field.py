"""A country to be chosen, under the name that it has in the reader's language."""

from __future__ import annotations

from typing import Any

import phonenumbers
from wtforms import SelectField

from .filters import country
from .forms import choices

CODES = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""Those whose numbers can be told."""


class CountryField(SelectField):
    def process(self, *args: Any, **given: Any) -> None:
        self.choices = choices(sorted(((code, country(code)) for code in CODES), key=lambda pair: pair[1]))
        super().process(*args, **given)
