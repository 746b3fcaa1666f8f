"""A mail as the sandbox shows it: read from whatever an application handed in, and cut to what a list has room for."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from email.message import EmailMessage
from itertools import islice
from typing import Any, NamedTuple

from . import mime
from .mime import Part

BODY = 100_000
"""Bytes of a text, and of an HTML part, in a list; `/sandbox/emails/{id}` has the whole."""
HEADERS, HEADER = 8_000, 2_000
"""Bytes of all headers, and of one, in a list."""
READ_FIRST, READ = 150_000, 500_000
"""Bytes of a mail as it came that a list reads, and reads when its texts end later: they stand before what is attached."""
MOST_HEADERS, LONGEST_PARSED = 1000, 100_000
"""Of a whole mail: reading a header's words takes 50 µs and more, and grows faster than its length."""

ALIASES = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-6-e": "iso-8859-6",
    "windows-874": "cp874",
    "windows-949": "cp949",
    "windows-31j": "cp932",
    "x-sjis": "cp932",
    "x-gbk": "gbk",
    "x-mac-roman": "mac_roman",
    "unicode-1-1-utf-7": "utf-7",
    "ansi": "cp1252",
}
"""Names that mail carries and Python does not know."""
NO_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw-unicode-escape", "raw_unicode_escape", "unicode-escape", "undefined", "mbcs", "oem"}
)
"""Names that Python knows and no mail means; some take time that grows with the square of the length."""


HALVES = re.compile("[\ud800-\udfff]")


class Room:
    """What a list may still hold and read: an answer and the memory for it stay small, however large its mails are."""

    LEAST_SHOWN, LEAST_READ = 1_000, 8_000

    def __init__(self, shown: int = 10_500_000, read: int = 20_000_000):
        self.shown, self.read = shown, read

    def for_reading(self, wanted: int) -> int:
        """Bytes that are read of those that are wanted."""
        granted = min(wanted, max(self.read, self.LEAST_READ))
        self.read -= granted
        return granted

    def for_body(self) -> int:
        return min(BODY, max(self.shown, self.LEAST_SHOWN))

    def spend(self, *bodies: str | None) -> None:
        self.shown -= sum(len(body) for body in bodies if body)


class Read(NamedTuple):
    """``is_cut``: something of it is not shown."""

    headers: dict[str, str]
    text: str | None
    html: str | None
    is_cut: bool = False


def read(raw: bytes) -> Read:
    """All of a mail."""
    return _read(raw)[0]


def read_start(load: Callable[[int], bytes], size: int, room: Room) -> Read:
    """As much of a mail of ``size`` bytes as a list shows; ``load(n)`` gives its first n."""
    granted = room.for_reading(min(size, READ_FIRST))
    found, may_have_more = _read_cut(load(granted), size)
    if may_have_more and room.read > 0:
        found, _ = _read_cut(load(granted + room.for_reading(min(size, READ) - granted)), size)
    return cut(found, room)


def _read_cut(start: bytes, size: int) -> tuple[Read, bool]:
    """``is_cut``: a text goes on behind what was read, or begins there. And whether there is more of it for a list."""
    found, whole, parts = _read(start)
    goes_on = len(start) < size and (parts == [None, None] or any(part is not None and part.end == len(start) for part in parts))
    is_several = whole not in parts
    return found._replace(is_cut=goes_on), goes_on and (is_several or len(found.text or found.html or "") < BODY)


def _read(raw: bytes) -> tuple[Read, Part, list[Part | None]]:
    """A mail, and where its text and its HTML lie."""
    whole = mime.head_of(raw)
    texts = [part for part in mime.leaves(raw, whole) if not part.is_attached]
    parts = [next((part for part in texts if part.type == kind), None) for kind in ("text/plain", "text/html")]
    return Read(_headers(whole.head), _text_of(raw, parts[0]), _text_of(raw, parts[1])), whole, parts


def cut(found: Read, room: Room) -> Read:
    """What of a mail has room in a list."""
    text, html = (None if body is None else first_bytes(body, room.for_body()) for body in (found.text, found.html))
    headers: dict[str, str] = {}
    left = HEADERS
    for name, value in found.headers.items():
        headers[name[:100]] = shown = first_bytes(value, min(HEADER, max(left, 0)))
        left -= len(name) + len(shown)
        if left <= 0:
            break
    room.spend(text, html)
    return Read(headers, text, html, found.is_cut or (headers, text, html) != (found.headers, found.text, found.html))


def first_bytes(text: str, most: int) -> str:
    """The text, or what of it takes ``most`` bytes in UTF-8; no character is split."""
    if len(text) * 4 <= most:
        return text
    encoded = text[: most + 1].encode("utf-8", "replace")
    return text if len(encoded) <= most else encoded[:most].decode("utf-8", "ignore")


def _headers(message: EmailMessage) -> dict[str, str]:
    """By name; of one that stands more than once, the first."""
    found: dict[str, str] = {}
    for name, raw in islice(message.raw_items(), MOST_HEADERS):
        if name not in found:
            found[name] = _header(message, name, raw)
    return found


def _header(message: EmailMessage, name: str, raw: Any) -> str:
    """A header decoded; as it came where the standard library stumbles over it, as over some malformed addresses."""
    shown = str(raw)
    if len(shown) <= LONGEST_PARSED:
        try:
            shown = str(message.policy.header_fetch_parse(name, raw))
        except Exception:  # it raises whatever its parser runs into, and one bad mail must not hide the others
            shown = str(raw)
    return shown.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _text_of(raw: bytes, part: Part | None) -> str | None:
    """A part's text, in whatever its charset and transfer encoding are, or are said to be.

    Lines end with a line feed and the last one with nothing, whatever SMTP made of them on the way.
    """
    if part is None:
        return None
    return decoded(part.content(raw), part.charset).replace("\r\n", "\n").removesuffix("\n")


def decoded(content: bytes, charset: str) -> str:
    """As its charset says where that fits; else as UTF-8; else what can be read of it."""
    named = _codec(charset)
    for name in dict.fromkeys((named, "utf-8")):
        try:
            if name is not None:
                return _whole(content.decode(name))
        except (LookupError, ValueError):  # UnicodeError is a ValueError
            continue
    return _whole(content.decode(named if named not in (None, "ascii", "utf-8") else "cp1252", "replace"))


def _codec(charset: str) -> str | None:
    """Python's name of a charset; None for one that is unknown, or none."""
    if not charset.isascii() or not charset.isprintable():
        return None
    try:
        found = codecs.lookup(ALIASES.get(charset, charset))
    except (LookupError, ValueError):
        return None
    is_text = getattr(found, "_is_text_encoding", True)
    return found.name if is_text and found.name not in NO_CHARSETS else None


def _whole(text: str) -> str:
    """Without halves of characters, which JSON could not carry."""
    return HALVES.sub("?", text) if HALVES.search(text) else text
