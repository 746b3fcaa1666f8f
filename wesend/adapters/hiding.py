"""What a vendor says, without what only it and we may know: some repeat the key, or our address, that they were given.

It is shown to customers, and kept in timelines and logs.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

LEAST = 6
"""Characters: a shorter secret (a user's name, mostly) would take words out of every sentence."""
HIDDEN = "***"


def words_of(secrets: Iterable[str | None], callback_url: str) -> tuple[str, ...]:
    """The secrets, and the token that our address ends with, as they are and as they stand in a URL; the longest first."""
    words = {word for secret in (*secrets, callback_url.rpartition("/")[2]) if secret for word in (secret, quote(secret, safe=""))}
    return tuple(sorted((word for word in words if len(word) >= LEAST), key=lambda word: (-len(word), word)))


def without(words: tuple[str, ...], said: str) -> str:
    """``said`` with ``***`` where it names one of the words; one that is cut short at its end, too."""
    for word in words:
        said = said.replace(word, HIDDEN)
    for word in words:
        for length in range(min(len(word) - 1, len(said)), LEAST - 1, -1):
            if said.endswith(word[:length]):
                return said[:-length] + HIDDEN
    return said
