"""Why a row of a file becomes no contact, in a sentence that says what to do about it."""

from __future__ import annotations

import phonenumbers

from ..core import countries, number_text, phones
from ..core.languages import gettext as _
from ..core.languages import ngettext

FEWEST = 4
"""Digits below which a cell was not meant as a number."""
FEWEST_OF_SEVERAL = 6
"""Digits that each of several numbers in a cell has at least: spaces within one number part fewer."""


def of_number(text: str, home_country: str) -> str:
    """Why a cell is no phone number."""
    shown = number_text.tidy(text.strip())
    if number_text.is_blank(text):
        return _("There is no number in this row")
    if phones.problem(text) == phones.ROUNDED:
        return _("Excel has rounded this number: set its column to Text and type the number again")
    if _are_several(shown, home_country):
        return _("More than one number in the cell: leave one or give each its own row")
    if any(map(str.isalpha, shown)):
        return _("There are letters in the number: the cell should hold the number alone")
    return _by_length(shown, home_country)


def _are_several(shown: str, home_country: str) -> bool:
    """Whether a cell holds more than one number; after a stroke the last digits alone, often."""
    first, _stroke, second = shown.partition("/")
    meant = [part for part in phones.split_list(shown, home_country) if _digits_in(part) >= FEWEST_OF_SEVERAL]
    return len(meant) > 1 or (_digits_in(first) >= FEWEST_OF_SEVERAL and _digits_in(second) > 0)


def _digits_in(text: str) -> int:
    return sum(map(str.isdigit, text))


def _by_length(shown: str, home_country: str) -> str:
    """Compared with a mobile number of the country."""
    country, example = countries.name(home_country), phones.example_number(home_country)
    code = str(phonenumbers.country_code_for_region(home_country))
    digits = "".join(filter(str.isdigit, shown)).lstrip("0")
    wanted = len(example) - 1 - len(code)
    if digits.startswith(code) and (len(digits) > wanted or shown.startswith(("+", "00"))):
        digits = digits.removeprefix(code)
    elif shown.startswith(("+", "00")):
        wanted = len(digits)  # another country's
    if len(digits) < FEWEST:
        return _("Not a phone number: it should look like %(example)s", example=example)
    if len(digits) < wanted:
        return ngettext(
            "Too short for a mobile number of %(country)s: %(num)s digit is missing",
            "Too short for a mobile number of %(country)s: %(num)s digits are missing",
            wanted - len(digits),
            country=country,
        )
    if len(digits) > wanted:
        return ngettext(
            "Too long for a mobile number of %(country)s: there is %(num)s digit too many",
            "Too long for a mobile number of %(country)s: there are %(num)s digits too many",
            len(digits) - wanted,
            country=country,
        )
    return _(
        "No such number in %(country)s: check its digits or write it with its country code like %(example)s",
        country=country,
        example=example,
    )


def of_duplicate(row: int) -> str:
    """``row``: where the same number came first."""
    return _("The same number as in row %(row)s", row=row)
