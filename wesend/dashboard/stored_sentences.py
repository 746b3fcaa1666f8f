"""What wesend wrote down in English, once and for all, said again in the reader's language: the sentences are known by patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Said = Callable[[re.Match[str]], str]
Sentences = Sequence[tuple[re.Pattern[str], Said]]


def known(*sentences: tuple[str, Said]) -> Sentences:
    """Each a pattern of the whole text, and how it is said; the first that fits counts."""
    return tuple((re.compile(pattern, re.DOTALL), said) for pattern, said in sentences)


def told(text: str, sentences: Sentences) -> str | None:
    """None: it is somebody's own words, or of a later version; to be shown as it is."""
    return next((said(found) for pattern, said in sentences if (found := pattern.fullmatch(text))), None)
