"""E-mails' texts: written once with their batch; a message holds what its own reader's fields are filled in with.

A mail has up to 1 MB and goes to thousands: a copy a recipient made 80 MB of a request of 200 KB. An SMS keeps its text:
it has a few hundred characters, is paid for a part, and is read with its row on every way (queue, lists, webhooks).

``messages.fields`` NULL: the message's text is its own (an SMS, a mail of an earlier version, a text that was removed).
Else it is a JSON object, and `text_of` is the batch's text with it filled in: fixed when the mail was accepted, whatever
becomes of the contact later. A text of its own that stands beside it (`redaction.REMOVED`) goes before.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from ...core import markup, templating
from ...database import Tx, reading

HTML, PLAIN = "html", "plain"
LONGEST = 2 * 2**20
"""Characters of a mail with its fields filled in: twice what an API takes as a text. Mail servers take 10 to 35 MB, and
one being rendered takes about ten times its length in memory.
"""
SINGLE, DOUBLE = "single", "double"
STYLES: dict[str, Callable[..., str]] = {SINGLE: templating.render_single, DOUBLE: templating.render}
"""How many braces stand around a field's name → what fills it in."""


class Stored(Protocol):
    """A message's row, or what else is read by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any: ...


class Written(NamedTuple):
    """A batch's text, and the style of its placeholders (None: it has none)."""

    text: str
    placeholders: str | None

    @classmethod
    def of(cls, batch_id: int, tx: Tx | None = None) -> Written:
        row = reading(tx).one("SELECT text, placeholders FROM batches WHERE id = ?", (batch_id,))
        return cls(row["text"], row["placeholders"]) if row is not None else cls("", None)


PLAIN_LINK = re.compile(r"https?://[^\s<>\"]*", re.IGNORECASE)


@lru_cache(maxsize=16)
def _places_in_queries(text: str, placeholders: str, format_: str) -> frozenset[int]:
    """Where the placeholders stand that are inside the query (or fragment) of a link, behind its question mark."""
    spans = markup.link_spans(text) if format_ == HTML else (found.span() for found in PLAIN_LINK.finditer(text))
    pattern = templating.PATTERNS[STYLES[placeholders]]
    return frozenset(
        found.start()
        for start, end in spans
        if (question := text.find("?", start, end)) >= 0
        for found in pattern.finditer(text, question, end)
    )


def named_in_queries(text: str, placeholders: str, format_: str) -> Counter[str]:
    """The fields that a text names there, in lower case, and how often."""
    pattern = templating.PATTERNS[STYLES[placeholders]]
    found = (pattern.match(text, place) for place in _places_in_queries(text, placeholders, format_))
    return Counter(key for match in found if match for key in templating.keys_of(match[1]))


def escape_in(text: str, placeholders: str, format_: str) -> templating.Escape:
    """How values are written into a text: percent-encoded in a link's query, else as its format needs it.

    `Ann & Bob` in `?name={name}` would end the name at the ampersand. What is a whole address, or part of a path, may be
    meant as it is.
    """
    in_queries = _places_in_queries(text, placeholders, format_)
    plainly: Callable[[str], str] = html.escape if format_ == HTML else str
    return lambda value, place: quote(value, safe="") if place in in_queries else plainly(value)


def fill(written: Written, values: Mapping[str, str], format_: str) -> str:
    """A batch's text as one reader gets it; TextTooLong."""
    if written.placeholders is None:
        return written.text
    escape = escape_in(written.text, written.placeholders, format_)
    return STYLES[written.placeholders](written.text, values, escape, LONGEST)


def text_of(message: Stored, written: Written | None = None) -> str:
    """What a message says; ``written`` where its batch's text is at hand."""
    if message["fields"] is None or message["text"]:
        return message["text"]
    return _filled(message, written)


def _filled(message: Stored, written: Written | None = None) -> str:
    return fill(written or Written.of(message["batch_id"]), json.loads(message["fields"]), message["encoding"])


def links_of(message: Stored) -> list[str]:
    """Where a message's links lead, in order, also when its text was removed."""
    return markup.links(message["text"] if message["fields"] is None else _filled(message))


class Reader:
    """Reads many messages' texts, mostly of a few batches; ``filled`` counts the characters that it put together."""

    def __init__(self) -> None:
        self.written: dict[int, Written] = {}
        self.filled = 0

    def text_of(self, message: Stored) -> str:
        if message["fields"] is None or message["text"]:
            return message["text"]
        text = text_of(message, self._written(message["batch_id"]))
        self.filled += len(text)
        return text

    def start_of(self, message: Stored, most: int) -> tuple[str, bool]:
        """The first ``most`` characters, put together only as far, and whether there are more."""
        if message["fields"] is None or message["text"]:
            return message["text"][:most], len(message["text"]) > most
        written = self._written(message["batch_id"])
        text = text_of(message, written._replace(text=written.text[:most]))
        return text[:most], max(len(text), len(written.text)) > most

    def _written(self, batch_id: int) -> Written:
        written = self.written.get(batch_id)
        if written is None:
            if len(self.written) == 8:  # a mail has up to 1 MB
                self.written.clear()
            written = self.written[batch_id] = Written.of(batch_id)
        return written


# -- what is left when texts are removed ---------------------------------------

TAG_NAMED_BY_A_FIELD = re.compile(r"<[^\s<>{]*\{")
COMMENT_ENDED_BY_A_FIELD = re.compile(r"\}-?>")


def only_links(text: str) -> str:
    """What of an HTML text its tracked links still need: each target in its place, and not a word."""
    return "".join(f'<a href="{html.escape(target)}"></a>' for target in markup.links(text))


def link_tags(written: str) -> str:
    """The same of a text whose fields are not filled in: they stay in the links, which may be http addresses only with them.

    Values are escaped, so they end no tag. Where a field could begin one, or end a comment, the links' places are not
    certain, and none is kept.
    """
    if TAG_NAMED_BY_A_FIELD.search(written) or ("<!" in written and COMMENT_ENDED_BY_A_FIELD.search(written)):
        return ""
    return "".join(f"<a href={value}>" for value in markup.link_values(written))


def kept_fields(fields: str, tags: str, placeholders: str | None) -> str | None:
    """Of a message's fields those that its links name; None: it has no links."""
    values: dict[str, str] = json.loads(fields)
    if not tags or placeholders is None or not values:
        return "{}" if tags else None
    names: Iterable[str] = templating.named(tags, templating.PATTERNS[STYLES[placeholders]])
    return json.dumps({name: values[name] for name in names if name in values}, ensure_ascii=False)
