"""Small numbers as a sentence has them."""

from __future__ import annotations

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def in_words(number: int) -> str:
    return WORDS[number] if number < len(WORDS) else str(number)
