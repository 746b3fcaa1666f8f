"""One reader for every file that people upload or name in a command: a list, a CSV or a workbook, on disk or through a pipe."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

from ..core.languages import sentence
from . import delimited, files, workbook
from .files import EmptyList, FileTooLarge, Line, Table, UnreadableFile

HEAD = 8192
ZIPPED = (b"PK\x03\x04", b"PK\x05\x06")
KINDS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"\xd0\xcf\x11\xe0",), sentence("an old Excel workbook (.xls) or one with a password")),
    ((b"%PDF-",), "a PDF"),
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*"), sentence("a picture")),
    ((b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!\x1a", b"BZh91AY", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"), sentence("a packed file")),
    ((b"SQLite format 3\x00",), sentence("a database")),
    ((b"{\\rtf",), sentence("a text document")),
)
"""How files begin that are none of ours, and what people call them."""
MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table", b"<head", b"<meta", b"<style", b"<script", b"<body", b"<div")
SAVE_AS = sentence("open it in a spreadsheet and save it as an Excel workbook (.xlsx) or as CSV")


@contextmanager
def open_table(stream: IO[bytes], *, titled: bool = False) -> Iterator[Table]:
    """Header and rows of whatever list it is. EmptyList, FileTooLarge, UnreadableFile; also while the rows are read.

    ``titled``: rows may stand above the one that names the columns.
    """
    with as_csv(stream) as found:
        yield _read(found, titled=titled)


def _read(found: Text, *, titled: bool) -> Table:
    header_at = delimited.header_row(delimited.top_rows(found.stream)) if titled else None
    table = delimited.read_table(found.stream, by_hand=found.by_hand, header_at=header_at)
    if not table.columns:
        raise EmptyList("The file is empty", {"file": ["Empty"]})
    return table


@contextmanager
def open_rows(stream: IO[bytes]) -> Iterator[Iterator[Line]]:
    """The same for a list that may have no header: all rows as they are, when all of them can be read."""
    with as_csv(stream) as found:
        for _ in delimited.read_rows(found.stream, by_hand=found.by_hand):
            pass
        found.stream.seek(0)
        yield delimited.read_rows(found.stream, by_hand=found.by_hand)


class Text(NamedTuple):
    """A file as CSV; ``by_hand``: somebody else wrote its quotes than we, so they may be wrong."""

    stream: IO[bytes]
    by_hand: bool


@contextmanager
def as_csv(stream: IO[bytes]) -> Iterator[Text]:
    """The file as CSV that can be read again from its start; the stream itself where it is that."""
    with _seekable(stream) as whole:
        if whole.seek(0, 2) > files.BYTE_LIMIT:
            raise too_large()
        whole.seek(0)
        head = whole.read(HEAD)
        whole.seek(0)
        if not head.strip():
            raise EmptyList("The file is empty", {"file": ["Empty"]})
        if not head.startswith(ZIPPED):
            check_text(head)
            yield Text(whole, by_hand=True)
            return
        with tempfile.TemporaryFile() as file:
            workbook.write_csv(whole, file)
            if not file.tell():
                raise EmptyList("The file is empty", {"file": ["Empty"]})
            file.seek(0)
            yield Text(file, by_hand=False)


@contextmanager
def _seekable(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """What comes through a pipe is kept on disk while it is read."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as file:
        left = files.BYTE_LIMIT + 1
        while left and (block := stream.read(min(left, 2**20))):
            file.write(block)
            left -= len(block)
        yield file


def keep(stream: IO[bytes], file: IO[bytes]) -> None:
    """Write the file as CSV, when all of it can be read; raises like `open_table`."""
    with as_csv(stream) as found:
        for _ in _read(found, titled=True).rows:
            pass
        found.stream.seek(0)
        shutil.copyfileobj(found.stream, file, 2**20)


def too_large() -> FileTooLarge:
    return FileTooLarge(sentence("The file has more than %(byte_limit)s MB", byte_limit=files.BYTE_LIMIT // 2**20))


def check_text(head: bytes) -> None:
    """UnreadableFile, with what it is and what to do, when a file does not begin like a text."""
    kind = next((name for starts, name in KINDS if head.startswith(starts)), None)
    if kind is None and head.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower().startswith(MARKUP):
        kind = sentence("a web page or XML, whatever its name")
    if kind is None and not delimited.is_wide(head):
        strange = sum(byte < 9 or 13 < byte < 32 for byte in head)
        if strange > 9 and strange * 50 > len(head):
            kind = sentence("no text")
    if kind is not None:
        raise UnreadableFile(sentence("The file is %(kind)s: %(save_as)s", kind=kind, save_as=SAVE_AS))
