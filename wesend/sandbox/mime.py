"""The parts of a mail, found in its bytes.

The standard library's parser holds ten copies of a mail and takes a third of a second a megabyte; here only heads are
parsed, and of a part only what is asked for is copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.errors import InvalidBase64CharactersDefect
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from typing import NamedTuple

LONGEST_HEAD, LONGEST_OF_PART = 200_000, 10_000
"""Bytes of a mail's headers, and of a part's; what goes on behind is no mail's."""
DEEPEST, MOST_PARTS = 20, 200
FIRST_LINE_EMPTY, END_OF_HEAD = re.compile(rb"\r?\n"), re.compile(rb"\n\r?\n")
ENCODED = frozenset({"base64", "quoted-printable", "uuencode", "x-uuencode", "uue", "x-uue"})
STUMBLES = (AttributeError, IndexError, LookupError, TypeError, ValueError)
"""What the standard library raises over some malformed headers."""


class Part(NamedTuple):
    """A head, and where its body lies in the mail. ``extra``: what of the head was none, and so begins the body."""

    head: EmailMessage
    start: int
    end: int
    extra: bytes

    @property
    def type(self) -> str:
        try:
            return self.head.get_content_type()
        except STUMBLES:
            return "text/plain"

    @property
    def is_attached(self) -> bool:
        try:
            return self.head.get_content_disposition() == "attachment"
        except STUMBLES:
            return False

    @property
    def charset(self) -> str:
        try:
            return (self.head.get_content_charset() or "").strip("\"' \t").lower()
        except STUMBLES:
            return ""

    def content(self, raw: bytes) -> bytes:
        """Its transfer encoding undone, or left where nobody knows it, or it is not what it is called."""
        written = self.extra + raw[self.start : self.end]
        try:
            if str(self.head.get("content-transfer-encoding", "")).strip().lower() not in ENCODED:
                return written
            self.head.set_payload(written.decode("ascii", "surrogateescape"))
            content = self.head.get_payload(decode=True)
        except STUMBLES:
            return written
        finally:
            self.head.set_payload("")
        return content if isinstance(content, bytes) and not self._is_misnamed(content) else written

    def _is_misnamed(self, content: bytes) -> bool:
        """Whether what is called base64 is none: it has other characters, and undone it is no text."""
        if not any(isinstance(defect, InvalidBase64CharactersDefect) for defect in self.head.defects):
            return False
        try:
            content.decode("utf-8")
        except ValueError:
            return True
        return False


def head_of(raw: bytes, start: int = 0, end: int | None = None) -> Part:
    """The mail, or the part of one that lies there."""
    end = len(raw) if end is None else end
    last = min(end, start + (LONGEST_OF_PART if start else LONGEST_HEAD))
    # Behind a delimiter, or at the start of all, an empty line ends a head that has no line at all.
    found = FIRST_LINE_EMPTY.match(raw, start, end) or END_OF_HEAD.search(raw, start, last)
    head_end, body = (found.start(), found.end()) if found else (last, end)
    head: EmailMessage = BytesHeaderParser(policy=policy.default).parsebytes(raw[start:head_end] + b"\n\n")
    extra = head.get_payload()
    head.set_payload("")
    left = extra.strip("\r\n").encode("utf-8", "surrogateescape") if isinstance(extra, str) else b""
    return Part(head, body, end, left + (raw[head_end:body] if left else b""))


def leaves(raw: bytes, part: Part, depth: int = 0) -> Iterator[Part]:
    """The parts that are no multipart, in order; the mail itself when it has none."""
    boundary = _boundary(part)
    if boundary is None or depth == DEEPEST:
        yield part
        return
    delimiter = re.compile(rb"(?m)^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$")
    begin: int | None = None
    for number, found in enumerate(delimiter.finditer(raw, part.start, part.end)):
        if begin is not None:
            yield from leaves(raw, head_of(raw, begin, _line_before(raw, begin, found.start())), depth + 1)
        begin = None if found[1] or number == MOST_PARTS else min(found.end() + 1, part.end)
        if begin is None:
            return
    if begin is not None:
        yield from leaves(raw, head_of(raw, begin, part.end), depth + 1)


def _boundary(part: Part) -> bytes | None:
    if not part.type.startswith("multipart/"):
        return None
    try:
        return (part.head.get_boundary() or "").encode("utf-8", "surrogateescape") or None
    except STUMBLES:
        return None


def _line_before(raw: bytes, begin: int, end: int) -> int:
    """Where a part ends: the line's end before a delimiter is the delimiter's."""
    if end > begin and raw[end - 1 : end] == b"\n":
        end -= 1
    return end - 1 if end > begin and raw[end - 1 : end] == b"\r" else end
