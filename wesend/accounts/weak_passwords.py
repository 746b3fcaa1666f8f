"""Passwords that are guessed first: common ones, those of one sign or in a row, the user's own e-mail."""

from __future__ import annotations

import re
import string
from functools import lru_cache
from importlib import resources

from ..core.languages import marked

EQUAL_SIGNS = 10
FEWEST_SIGNS = 4
"""Different characters a password has at least: `1212121212` has two."""
LONGEST_REPEATED = 5
"""`abcabcabcabc` repeats three characters; what repeats more than this is a phrase."""
ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    string.ascii_lowercase,
    string.digits + string.digits,
)
OWN_NAME = 5
"""A shorter part of an e-mail before the @ is too common a word to look for."""
DISGUISES = str.maketrans({"@": "a", "0": "o", "1": "i", "!": "i", "3": "e", "4": "a", "$": "s", "5": "s", "7": "t"})
AROUND = string.digits + string.punctuation + string.whitespace


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    """10,000 passwords in small letters."""
    text = resources.files(__package__).joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def reason_against(password: str, email: str = "") -> str | None:
    """The sentence that tells why it is refused; None when it is not."""
    small = password.casefold().strip()
    if re.search(r"(.)\1{%d}" % (EQUAL_SIGNS - 1), small, re.DOTALL) or len(set(small)) < FEWEST_SIGNS or _repeats(small):
        return marked("This password is one thing repeated: choose another")
    if _in_a_row(small):
        return marked("This password is a row of keys or letters: choose another")
    core = small.strip(AROUND)
    if small in common() or core in common() or core == "wesend" or _is_common_in_disguise(small):
        return marked("This password is one of the most common ones: choose another")
    if email and _is_own(small, core, email.casefold().strip()):
        return marked("This password is your e-mail: choose another")
    return None


def _is_common_in_disguise(text: str) -> bool:
    """`p@ssword123`, `p a s s w o r d`, `passwordpassword`: a common one, however often, behind signs for letters or gaps."""
    pieces = {"".join(char for char in piece.translate(DISGUISES) if char.isalnum()) for piece in (text, text.strip(AROUND))}
    return any(
        piece[:size] in common() and piece == piece[:size] * (len(piece) // size)
        for piece in pieces
        for size in range(4, len(piece) + 1)
        if len(piece) % size == 0
    )


def _repeats(text: str) -> bool:
    return any(
        text == (text[:size] * (len(text) // size + 1))[: len(text)] for size in range(1, min(LONGEST_REPEATED, len(text) // 2) + 1)
    )


def _in_a_row(text: str) -> bool:
    """All of it runs along keys, the alphabet or the digits, forwards or backwards, in pieces of at least three."""
    rest = text
    while rest:
        step = max((_run(rest, row) for line in ROWS for row in (line, line[::-1])), default=0)
        if step < 3 and step < len(rest):
            return False
        rest = rest[step:]
    return True


def _run(text: str, row: str) -> int:
    """How many of the first characters of ``text`` stand in ``row`` as they stand here."""
    longest = min(len(text), len(row))
    return next((size for size in range(longest, 0, -1) if text[:size] in row), 0)


def _is_own(small: str, core: str, email: str) -> bool:
    name = email.partition("@")[0]
    return email in small or core == email.strip(AROUND) or (len(name) >= OWN_NAME and core in (name, name.strip(AROUND)))
