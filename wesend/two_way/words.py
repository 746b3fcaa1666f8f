"""The words that mean something by themselves, read as people write them: `Stop. Thank you`, `STOP ALL`, `"STOP"`; keywords."""

from __future__ import annotations

import re
import unicodedata

from ..adapters.sms.base import HELP, START, STOP

STOP_WORDS = frozenset("stop stopall unsubscribe cancel end quit acha sitisha".split())
START_WORDS = frozenset("start unstop subscribe anza".split())
HELP_WORDS = frozenset("help info msaada".split())
RESERVED = STOP_WORDS | START_WORDS | HELP_WORDS
ORDINARY = frozenset("cancel end quit".split())
"""Words that also begin a sentence about something else (`Cancel. My order was wrong`): these count only on their own."""
COURTESY = frozenset("please pls plz thank thanks thankyou thx you tafadhali asante sms sir madam".split())
"""Words around them that change nothing."""
SENTENCE = re.compile(r"[.!?;:\n]")
WORD = re.compile(r"[^\W_]+")
LONGEST = 160  # characters that are looked at: an order to stop is short


def meaning(text: str) -> str | None:
    """STOP, START, HELP, or None for a text that is none of them."""
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
        if said in HELP_WORDS and whole:
            return HELP
    return None


def _words(text: str) -> list[str]:
    return [word for word in WORD.findall(text) if word not in COURTESY]


KEYWORD = re.compile(r"[A-Z0-9]{2,20}")


def keyword_of(text: str) -> str | None:
    """The text's first word as keywords are compared: letters and digits only, in capitals; None where it has none."""
    first = text.split(maxsplit=1)[:1]
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", first[0][:LONGEST]))).upper() or None if first else None


def after_keyword(text: str) -> str:
    """What follows the first word."""
    return (text.split(maxsplit=1)[1:] or [""])[0]


def read_keyword(text: str) -> str | None:
    """A keyword as it is kept; None for what can be none: not 2 to 20 letters and digits."""
    keyword = text.strip().upper()
    return keyword if KEYWORD.fullmatch(keyword) else None


def is_reserved(keyword: str) -> bool:
    return keyword.lower() in RESERVED
