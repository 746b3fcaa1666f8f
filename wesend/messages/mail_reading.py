"""A mail as the sandbox shows it: read from whatever an application handed in, and cut to what a list has room for."""

from __future__ import annotations

import codecs
from email import message_from_bytes, policy
from email.errors import InvalidBase64CharactersDefect
from email.message import EmailMessage
from itertools import islice
from typing import NamedTuple

BODY = 100_000
"""Bytes of a text, and of an HTML part, in a list; `/sandbox/emails/{id}` has the whole."""
HEADERS, HEADER = 8_000, 2_000
"""Bytes of all headers, and of one, in a list."""
READ = 1_000_000
"""Bytes of a mail as it came that a list reads: texts stand before what is attached."""
MOST_HEADERS, LONGEST_PARSED = 1000, 100_000
"""Of a whole mail: reading a header's words takes 50 µs and more, and grows faster than its length."""

ALIASES = {"utf8mb4": "utf-8", "utf8mb3": "utf-8", "unicode-1-1-utf-8": "utf-8", "iso-8859-8-i": "iso-8859-8",
           "iso-8859-8-e": "iso-8859-8", "iso-8859-6-i": "iso-8859-6", "iso-8859-6-e": "iso-8859-6",
           "windows-874": "cp874", "windows-949": "cp949", "windows-31j": "cp932", "x-sjis": "cp932", "x-gbk": "gbk",
           "x-mac-roman": "mac_roman", "unicode-1-1-utf-7": "utf-7", "ansi": "cp1252"}
"""Names that mail carries and Python does not know."""
NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw-unicode-escape", "raw_unicode_escape", "unicode-escape",
                         "undefined", "mbcs", "oem"})
"""Names that Python knows and no mail means; some take time that grows with the square of the length."""


class Room:
    """What a list may still hold and read: an answer and the memory for it stay small, however large its mails are."""

    LEAST_SHOWN, LEAST_READ = 1_000, 16_000

    def __init__(self, shown: int = 10_500_000, read: int = 32_000_000):
        self.shown, self.read = shown, read

    def for_reading(self, size: int) -> int:
        """Bytes of the next mail, of ``size``, that are read."""
        granted = min(size, READ, max(self.read, self.LEAST_READ))
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
    message: EmailMessage = message_from_bytes(raw, policy=policy.default)
    return Read(_headers(message), _text_of(_part(message, "plain")), _text_of(_part(message, "html")))


def read_start(start: bytes, size: int, room: Room) -> Read:
    """As much of a mail of ``size`` bytes as a list shows, from its ``start``."""
    message: EmailMessage = message_from_bytes(start, policy=policy.default)
    parts = [_part(message, kind) for kind in ("plain", "html")]
    last = _last_leaf(message)
    cut_short = len(start) < size and (parts == [None, None] or any(part is not None and part is last for part in parts))
    found = Read(_headers(message), _text_of(parts[0]), _text_of(parts[1]), cut_short)
    return cut(found, room)


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
    encoded = text[:most + 1].encode("utf-8", "replace")
    return text if len(encoded) <= most else encoded[:most].decode("utf-8", "ignore")


def _headers(message: EmailMessage) -> dict[str, str]:
    """By name; of one that stands more than once, the first."""
    found: dict[str, str] = {}
    for name, raw in islice(message.raw_items(), MOST_HEADERS):
        if name not in found:
            found[name] = _header(message, name, raw)
    return found


def _header(message: EmailMessage, name: str, raw) -> str:
    """A header decoded; as it came where the standard library stumbles over it, as over some malformed addresses."""
    shown = str(raw)
    if len(shown) <= LONGEST_PARSED:
        try:
            shown = str(message.policy.header_fetch_parse(name, raw))
        except Exception:  # it raises whatever its parser runs into, and one bad mail must not hide the others
            shown = str(raw)
    return shown.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _part(message: EmailMessage, subtype: str) -> EmailMessage | None:
    """The part that a reader sees as its text, or as its HTML; also of a mail that is no proper MIME."""
    try:
        return message.get_body(preferencelist=(subtype,))  # type: ignore[return-value]
    except (AttributeError, LookupError, TypeError, ValueError):
        return None


def _last_leaf(message: EmailMessage) -> EmailMessage:
    """The part in which what was read of a mail ends."""
    while message.is_multipart():
        message = message.get_payload()[-1]  # type: ignore[index,assignment]
    return message


def _text_of(part: EmailMessage | None) -> str | None:
    """A part's text, in whatever its charset and transfer encoding are, or are said to be.

    Lines end with a line feed and the last one with nothing, whatever SMTP made of them on the way.
    """
    if part is None:
        return None
    return decoded(_content(part), _charset(part)).replace("\r\n", "\n").removesuffix("\n")


def _content(part: EmailMessage) -> bytes:
    """What a part holds: its transfer encoding undone, or left where nobody knows it."""
    try:
        content = part.get_payload(decode=True)
    except (AttributeError, LookupError, TypeError, ValueError):
        content = part.get_payload()
    if isinstance(content, bytes) and _is_misnamed(part, content):
        content = part.get_payload()
    if isinstance(content, str):
        return content.encode("utf-8", "surrogateescape")
    return content if isinstance(content, bytes) else b""


def _is_misnamed(part: EmailMessage, content: bytes) -> bool:
    """Whether what is called base64 is none: it has other characters, and undone it is no text."""
    if not any(isinstance(defect, InvalidBase64CharactersDefect) for defect in part.defects):
        return False
    try:
        content.decode(_codec(_charset(part)) or "utf-8")
    except ValueError:
        return True
    return False


def _charset(part: EmailMessage) -> str:
    try:
        return (part.get_content_charset() or "").strip("\"' \t").lower()
    except (AttributeError, LookupError, TypeError, ValueError):
        return ""


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
    return text.encode("utf-8", "replace").decode("utf-8")
