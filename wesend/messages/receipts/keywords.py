"""The words by which people opt out and in again, read as people write them: `Stop. Thank you`, `STOP ALL`, `"STOP"`."""

from __future__ import annotations

import re
import unicodedata

STOP, START = "stop", "start"

STOP_WORDS = frozenset("stop stopall unsubscribe cancel end quit acha sitisha".split())
START_WORDS = frozenset("start unstop subscribe anza".split())
ORDINARY = frozenset("cancel end quit".split())
"""Words that also begin a sentence about something else (`Cancel. My order was wrong`): these count only on their own."""
COURTESY = frozenset("please pls plz thank thanks thankyou thx you tafadhali asante sms sir madam".split())
"""Words around them that change nothing."""
SENTENCE = re.compile(r"[.!?;:\n]")
WORD = re.compile(r"[^\W_]+")
LONGEST = 160  # characters that are looked at: an order to stop is short


def meaning(text: str) -> str | None:
    """STOP, START, or None for a text that is neither."""
    is_short = len(text) <= LONGEST
    # Full-width letters and the like are what an Asian keyboard makes of the same word.
    text = unicodedata.normalize("NFKC", text.strip()[:LONGEST])
    start = text.casefold()
    first = SENTENCE.split(start.lstrip("\"'“”‘’«»([* "), maxsplit=1)[0]
    for words, whole in ((_words(start) if is_short else [], True), (_words(first), False)):
        said = words[0] if len(set(words)) == 1 else "".join(words)  # who says it three times means it, too
        if said in STOP_WORDS and (whole or said not in ORDINARY):
            return STOP
        if said in START_WORDS and whole:
            return START
    return None


def _words(text: str) -> list[str]:
    return [word for word in WORD.findall(text) if word not in COURTESY]
