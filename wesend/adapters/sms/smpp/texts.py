"""Texts ↔ the bytes and data coding of SMPP: GSM-7 unpacked (one septet a byte) or UTF-16 big endian."""

from __future__ import annotations

from typing import NamedTuple

from ....core.segments import GSM7, count, decode_gsm7, encode_gsm7, split
from ....core.sms_forms import FLASH, read_bytes

DEFAULT_ALPHABET, ASCII, LATIN_1, UTF_16 = 0, 1, 3, 8
AT_ONCE = 0x10
"""Beside the alphabet: shown on the screen, and not kept (GSM's class 0)."""
UDH_INDICATOR = 0x40
CONCATENATED = b"\x05\x00\x03"  # UDH of 5 bytes: element 0 (8-bit reference), 3 bytes long


class Part(NamedTuple):
    """What one submit_sm carries: ``content`` is the UDH, if there is one, and the text."""

    data_coding: int
    content: bytes
    has_udh: bool = False
    as_payload: bool = False


def parts_of(text: str, reference: int, *, payload: bool = False, form: str | None = None) -> list[Part]:
    """One part for a short text; for a long one the parts that it is billed as, or with ``payload`` one for all.

    ``form``: of what is no plain text; of bytes ``text`` is their hex.

    ``reference`` keeps messages to one phone apart. 8 bits of it, because with 16 only 152 septets fit a part, and
    153 are billed.
    """
    given = read_bytes(form)
    if given is not None:
        return [Part(given.data_coding, bytes.fromhex(text), given.has_udh)]
    alphabet = DEFAULT_ALPHABET if count(text).encoding == GSM7 else UTF_16
    coding = alphabet | AT_ONCE if form == FLASH else alphabet
    texts = split(text)
    if len(texts) == 1:
        return [Part(coding, encode(text, alphabet))]
    if payload:
        return [Part(coding, encode(text, alphabet), as_payload=True)]
    header = CONCATENATED + bytes((reference & 0xFF, len(texts)))
    return [
        Part(coding, header + bytes((number,)) + encode(piece, alphabet), has_udh=True) for number, piece in enumerate(texts, 1)
    ]


def encode(text: str, data_coding: int) -> bytes:
    """A lone surrogate, which UTF-16 can't hold, becomes ``?``."""
    return encode_gsm7(text) if data_coding == DEFAULT_ALPHABET else text.encode("utf-16-be", "replace")


def concatenation(content: bytes) -> tuple[str, int, int] | None:
    """Reference, number and total of a part by its UDH, with a reference of 8 or 16 bits; None for a whole message."""
    header = content[1 : content[0] + 1] if content else b""
    while len(header) >= 2:
        element, value = header[0], header[2 : header[1] + 2]
        if (element, len(value)) in ((0x00, 3), (0x08, 4)):
            total, number = value[-2], value[-1]
            return (f"udh:{value[:-2].hex()}", number, total) if 1 <= number <= total and total > 1 else None
        header = header[header[1] + 2 :]
    return None


def decode(content: bytes, data_coding: int, has_udh: bool = False) -> str:
    """The text of an inbound message; bytes that are no text in its coding become U+FFFD."""
    if has_udh and content:
        content = content[content[0] + 1 :]
    if data_coding == UTF_16:
        return content.decode("utf-16-be", "replace")
    if data_coding == LATIN_1:
        return content.decode("latin-1")
    if data_coding == ASCII:
        return content.decode("ascii", "replace")
    return decode_gsm7(content)
