"""Phone numbers: what people write → E.164 and its country."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers

from . import number_text
from .languages import marked

LOOKS_LIKE_PHONE = re.compile(r"^[+(]?[\d\s().\-+/]{5,30}$")


class Phone(NamedTuple):
    """``e164`` as ``+256712345678``; ``country`` as ISO 3166 alpha-2, e.g. ``UG``."""

    e164: str
    country: str


def normalise(text: str, home_country: str | None) -> Phone | None:
    """Read E.164 (with or without its ``+``), ``00…`` or a national number of ``home_country``.

    ``home_country=None`` demands a country code. None when it is no valid number: `problem` tells why.
    """
    if len(text) > number_text.LONGEST:
        text = text.strip()
        if len(text) > number_text.LONGEST:
            return None  # nor is a text of a megabyte kept among the numbers that were read
    return _normalise(text, home_country)


@lru_cache(maxsize=4096)
def _normalise(text: str, home_country: str | None) -> Phone | None:
    text = text.strip()
    if not text.isascii() or not LOOKS_LIKE_PHONE.match(text):
        text = number_text.tidy(text)
        if not LOOKS_LIKE_PHONE.match(text):
            return None
    elif "." in text:
        # First of all: the zeros behind the point would make a valid number of another one in Germany or Austria.
        text = number_text.without_decimals(text)
    if text.startswith("00"):
        # phonenumbers reads "00255…" with a home country as an invalid national number.
        text = "+" + text[2:]
    number = _plain_mobile(text) or _valid(text, home_country)
    if number is None and not text.startswith("+"):
        number = _valid("+" + text, None)
    return number


NO_NUMBER = "Not a phone number"
ROUNDED = marked("Excel has rounded this number")


def problem(text: str) -> str:
    """Why a text is no number, for people."""
    return ROUNDED if number_text.is_rounded(text) else NO_NUMBER


class _Plan(NamedTuple):
    """What is needed of a numbering plan to know one of its mobile numbers by itself."""

    country: str
    own_prefix: re.Pattern[str] | None  # what a caller at home would dial first; after a country code it may be cut off
    any_number: re.Pattern[str]
    mobile: re.Pattern[str]
    lengths: frozenset[int]

    def has_mobile(self, national: str) -> bool:
        return (
            len(national) in self.lengths
            and self.mobile.fullmatch(national) is not None
            and self.any_number.fullmatch(national) is not None
            and (self.own_prefix is None or self.own_prefix.match(national) is None)
        )


@cache
def _plan(code: str) -> _Plan | None:
    """The plan of a calling code that one country has alone."""
    countries = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    if len(countries) != 1 or countries[0] == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        return None
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(countries[0])
    general, mobile = (metadata.general_desc, metadata.mobile) if metadata is not None else (None, None)
    if metadata is None or general is None or mobile is None:
        return None
    if not general.national_number_pattern or not mobile.national_number_pattern:
        return None
    prefix = metadata.national_prefix_for_parsing
    return _Plan(
        countries[0],
        re.compile(prefix) if prefix else None,
        re.compile(general.national_number_pattern),
        re.compile(mobile.national_number_pattern),
        frozenset(mobile.possible_length or general.possible_length),
    )


E164 = re.compile(r"\+([1-9][0-9]{6,14})")


def _plain_mobile(text: str) -> Phone | None:
    """A mobile number that is written as E.164 already, by its country's own patterns; None: look more closely.

    Says what the whole reading says, at a tenth of what it costs: this is how most numbers come.
    """
    found = E164.fullmatch(text)
    if found is None:
        return None
    digits = found[1]
    for length in (1, 2, 3):
        plan = _plan(digits[:length])
        if plan is not None:
            # No calling code begins with another one, so this is the only one that fits.
            return Phone(text, plan.country) if plan.has_mobile(digits[length:]) else None
    return None


def _valid(text: str, region: str | None) -> Phone | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    country = phonenumbers.region_code_for_number(number)
    # is_valid_number() would look for the country once more.
    if country is None or not phonenumbers.is_valid_number_for_region(number, country):
        return None
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), country)


SEPARATORS = re.compile(r"[,;\n\r]+")


def split_list(text: str, home_country: str | None) -> list[str]:
    """Split one string at commas, semicolons, newlines and spaces; ``0712 345 678`` stays one number."""
    found: list[str] = []
    for piece in SEPARATORS.split(text):
        piece = piece.strip()
        if number_text.is_blank(piece):
            continue
        if len(piece.split()) == 1 or normalise(piece, home_country):
            found.append(piece)
        else:
            found.extend(piece.split())
    return found


def example_number(country: str) -> str:
    """A mobile number of the country that is nobody's, as E.164 (any number where it has no mobile ones)."""
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE) or phonenumbers.example_number(
        country
    )
    assert example is not None  # every region of phonenumbers has one
    return phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
