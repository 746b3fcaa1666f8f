"""Signs that word processors and phones put in place of plain ones, and that make an SMS Unicode: back to the plain ones.

Letters are left alone: a name is spelt as it is spelt.
"""

from __future__ import annotations

from . import number_text

REPLACED: dict[int, int | str | None] = {
    **dict.fromkeys(number_text.DASHES, "-"),
    **dict.fromkeys(number_text.SPACES, " "),
    **number_text.QUOTES,
    **dict.fromkeys(number_text.INVISIBLE),
    **{ord(char): "'" for char in "‚‹›"},
    **{ord(char): '"' for char in "«»″‟"},
    **{ord(char): "*" for char in "•·●▪"},
    ord("…"): "...",
    ord("×"): "x",
    ord("\t"): " ",
}


def plain(text: str) -> str:
    return text.translate(REPLACED)
