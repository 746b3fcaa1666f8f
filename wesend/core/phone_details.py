"""What is known of a number without asking anybody: its country, its kind of line, whose range it lies in."""

from __future__ import annotations

from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType

from . import networks, phones

LINE_TYPES = {getattr(PhoneNumberType, name): name.lower() for name in vars(PhoneNumberType) if name.isupper()}
MOBILE = LINE_TYPES[PhoneNumberType.MOBILE]
NO_COUNTRY_CODE = "The country code is missing"


class Details(NamedTuple):
    """``line_type`` in the words of phonenumbers; ``carrier`` by the range, None where it is not known: ported numbers have
    another. ``reason``: why it is no valid number, for people.
    """

    given: str
    phone: phones.Phone | None
    line_type: str | None
    carrier: str | None
    reason: str | None


def details_of(text: str, home_country: str) -> Details:
    """Of a number as it would be sent to; ``home_country``: where one without a country code would be valid."""
    phone = phones.normalise(text, None)
    if phone is None:
        lacks_code = phones.normalise(text, home_country) is not None
        return Details(text, None, None, None, NO_COUNTRY_CODE if lacks_code else phones.problem(text))
    kind = phonenumbers.number_type(phonenumbers.parse(phone.e164))
    return Details(text, phone, LINE_TYPES[kind], networks.network_of(phone), None)
