"""SMS segments: encoding, count and the parts themselves (3GPP TS 23.038, UDH concatenation)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65}
ESCAPE = 0x1B
# A raw ESC is the shift to the extension table, not a character that can be sent.
BASIC_CODES = {char: code for code, char in enumerate(BASIC) if char != "\x1b"}
EXTENSION_CHARS = {code: char for char, code in EXTENSION.items()}
BASIC_SET = frozenset(BASIC_CODES)
EXTENSION_SET = frozenset(EXTENSION)

GSM7 = "GSM-7"
UCS2 = "UCS-2"
SINGLE = {GSM7: 160, UCS2: 70}
PART = {GSM7: 153, UCS2: 67}
MAX_SEGMENTS = 10


class Segments(NamedTuple):
    """``count`` segments of ``encoding``; ``units`` are septets (GSM-7) or UTF-16 units (UCS-2)."""

    encoding: str
    count: int  # type: ignore[assignment]  # a tuple's count() is of no use here
    units: int


@lru_cache(maxsize=8192)
def count(text: str) -> Segments:
    """Segments that ``text`` is billed as; the empty text is one."""
    chars = set(text)
    if chars <= BASIC_SET:
        # Every character is one septet: no pair can be split, so arithmetic is enough.
        return Segments(GSM7, _parts(len(text), GSM7), len(text))
    if chars <= BASIC_SET | EXTENSION_SET:
        widths = [2 if char in EXTENSION else 1 for char in text]
        return _walk(widths, GSM7)
    if all(ord(char) < 0x10000 for char in chars):
        return Segments(UCS2, _parts(len(text), UCS2), len(text))
    return _walk([2 if ord(char) > 0xFFFF else 1 for char in text], UCS2)


def _parts(units: int, encoding: str) -> int:
    return 1 if units <= SINGLE[encoding] else -(-units // PART[encoding])


def _walk(widths: list[int], encoding: str) -> Segments:
    units = sum(widths)
    if units <= SINGLE[encoding]:
        return Segments(encoding, 1, units)
    parts, room = 1, PART[encoding]
    for width in widths:
        if width > room:
            # A pair that does not fit moves whole to the next part.
            parts, room = parts + 1, PART[encoding]
        room -= width
    return Segments(encoding, parts, units)


def split(text: str) -> list[str]:
    """The texts of the parts, in order; escape and surrogate pairs stay whole."""
    encoding, parts, _ = count(text)
    if parts == 1:
        return [text]
    found: list[str] = []
    start, room = 0, PART[encoding]
    for index, char in enumerate(text):
        width = _width(char, encoding)
        if width > room:
            found.append(text[start:index])
            start, room = index, PART[encoding]
        room -= width
    found.append(text[start:])
    return found


def _width(char: str, encoding: str) -> int:
    if encoding == GSM7:
        return 2 if char in EXTENSION else 1
    return 2 if ord(char) > 0xFFFF else 1


def unicode_characters(text: str) -> list[str]:
    """The distinct characters that force UCS-2, in order of appearance."""
    return list(dict.fromkeys(char for char in text if char not in BASIC_SET and char not in EXTENSION_SET))


def encode_gsm7(text: str) -> bytes:
    """Unpacked septets, one a byte, as SMPP's data_coding 0 wants them."""
    out = bytearray()
    for char in text:
        if char in EXTENSION:
            out += bytes((ESCAPE, EXTENSION[char]))
        else:
            out.append(BASIC_CODES[char])
    return bytes(out)


def decode_gsm7(septets: bytes) -> str:
    """Text of unpacked septets; after an escape, what the extension table does not have is read from the basic one."""
    out, escaped = [], False
    for code in septets:
        if code == ESCAPE and not escaped:
            escaped = True
            continue
        char = BASIC[code] if code < len(BASIC) else "\ufffd"
        out.append(EXTENSION_CHARS.get(code, char) if escaped else char)
        escaped = False
    return "".join(out)
