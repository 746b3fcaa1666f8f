"""A number as phones, web pages and spreadsheets hand it over → the digits that were meant."""

from __future__ import annotations

import re

LONGEST = 100
"""Characters of a text that is looked at as a number: fifteen digits, and whatever a page has put around them."""

INVISIBLE = (
    0xAD,
    0x34F,
    0x61C,
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    0x3164,
    *range(0xFE00, 0xFE10),
    0xFEFF,
    0xFFA0,
    *range(0xFFF9, 0xFFFC),
)
"""Marks of direction, joiners, selectors and spaces without width: phones' contact books and web pages put them around numbers."""

DASHES = (*range(0x2010, 0x2016), 0x2043, 0x2212, 0x2E3A, 0x2E3B, 0x30FC, 0xFE58, 0xFE63)
SPACES = (0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
QUOTES = {0x2018: "'", 0x2019: "'", 0x201B: "'", 0x2032: "'", 0x60: "'", 0xB4: "'", 0x201C: '"', 0x201D: '"', 0x201E: '"'}
PLAIN: dict[int, int | str | None] = {
    **dict.fromkeys(DASHES, "-"),
    **dict.fromkeys(SPACES, " "),
    **FULL_WIDTH,
    **QUOTES,
    **dict.fromkeys(INVISIBLE),
}

FORMULA = re.compile(r'=\s*"([^"]*)"')
SCHEME = re.compile(r"(?:tel|sms|callto):(?://)?", re.IGNORECASE)
EXPONENT = re.compile(r"(\+?)([0-9])(?:[.,]([0-9]{1,20}))?E\+?([0-9]{1,2})", re.IGNORECASE)
WITH_DECIMALS = re.compile(r"(\+?[0-9]{9,15})[.,]0{1,2}")
"""A number that went through a spreadsheet; nine digits at least, since people write dots between the groups of shorter ones."""


def visible(text: str) -> str:
    """A text of any length without what can't be seen in it or around it, look-alikes in ASCII."""
    return (text if text.isascii() else text.translate(PLAIN)).strip()


def tidy(text: str) -> str:
    """Without what can't be seen, in ASCII where a look-alike was written, and out of a spreadsheet's or a link's wrapping."""
    if len(text) > LONGEST:
        return text
    text = visible(text)
    wrapped = FORMULA.fullmatch(text)
    if wrapped:
        text = wrapped[1].strip()
    if text[:1] == text[-1:] == '"':
        text = text[1:-1].strip()
    text = text.lstrip("'").strip()
    scheme = SCHEME.match(text)
    if scheme:
        text = text[scheme.end() :].replace("%2B", "+").replace("%2b", "+").replace("%20", " ").strip()
    return _without_exponent(without_decimals(text))


def without_decimals(text: str) -> str:
    """256712345678.00 → 256712345678."""
    found = WITH_DECIMALS.fullmatch(text)
    return found[1] if found else text


def _without_exponent(text: str) -> str:
    """2.56712345678E+11 → 256712345678; as it is where digits are missing."""
    found = EXPONENT.fullmatch(text)
    if not found or is_rounded(text):
        return text
    digits, wanted = found[2] + (found[3] or ""), int(found[4]) + 1
    return text if digits[wanted:].strip("0") else found[1] + digits[:wanted]


def is_rounded(text: str) -> bool:
    """Whether a spreadsheet has cut the last digits off: 2.56712E+11 is one of a million numbers."""
    if len(text) > LONGEST:
        return False
    found = EXPONENT.fullmatch(visible(text).lstrip("'"))
    return found is not None and len(found[3] or "") < int(found[4])


def is_blank(text: str) -> bool:
    """Whether there is nothing to see in it."""
    return not visible(text)
