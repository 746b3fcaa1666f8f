"""Sender IDs that a person would take for one another: `MYB4NK` and `MY BANK` beside `MYBANK`."""

from __future__ import annotations

ALIKE = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g", " ": None}
)
PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
"""Two letters that look like one on a phone."""
LIKE_CAPITALS = str.maketrans({"q": "o", "v": "u"})
"""Most senders are written in capitals: `EOUITY` beside `EQUITY`. After the pairs, of which a v is part."""


def appearance(name: str) -> str:
    """What is left of a name when everything is taken for what it looks like; alike for names that look alike."""
    shown = name.casefold().translate(ALIKE)
    for pair, one in PAIRS:
        shown = shown.replace(pair, one)
    shown = shown.translate(LIKE_CAPITALS)
    # A doubled letter is easily overlooked.
    return "".join(char for position, char in enumerate(shown) if position == 0 or char != shown[position - 1])
