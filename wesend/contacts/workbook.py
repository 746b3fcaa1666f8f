"""XLSX → CSV: the first sheet, as a spreadsheet shows it, parsed as it is unpacked and with nothing kept but its texts.

A reader of our own, since those that build a tree of a sheet need gigabytes for a file of kilobytes: here a bound stands before
everything that a file may have without end.
"""

from __future__ import annotations

import csv
import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from threading import Lock
from typing import IO, NoReturn
from xml.parsers import expat

from ..core.languages import marked, sentence
from . import files
from .files import BYTE_LIMIT, FileTooLarge, UnreadableFile
from .workbook_parts import Part, Relations, Sheet, SheetChoice, Strings, Styles

UNPACKED_LIMIT = 64 * 2**20
"""Bytes of the parts that are read, counted as they come out of the archive, whatever it says of their sizes."""
CPU_SECONDS = 10
"""Of the processor, not of the clock: a busy machine refuses nothing. 64 MB take about four."""
DIRECTORY_LIMIT = 2**20
"""Bytes of the archive's table of contents, of which Python makes an object an entry: some ten thousand."""
TOKEN_LIMIT = 2**20
"""Bytes of one tag, comment or declaration, which the parser holds whole."""
BLOCK = 64 * 1024
NO_WORKBOOK = marked("The file is no Excel workbook that can be read: save it as an Excel workbook (.xlsx) or as CSV")
TOO_LARGE = marked("The workbook is too large when it is unpacked: at most %(most)s MB")

one_at_a_time = Lock()
"""Unpacking is work of the processor: side by side it would take as long, and the memory several times."""


def write_csv(stream: IO[bytes], file: IO[bytes]) -> None:
    """The first visible sheet's rows as CSV in UTF-8, every cell in quotes. FileTooLarge, UnreadableFile."""
    try:
        _check_directory(stream)
        with one_at_a_time, zipfile.ZipFile(stream) as archive:
            _check_declared(archive)
            text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="", write_through=True)
            try:
                _Reading(archive).write(text)
            finally:
                text.detach()
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
        KeyError,
        ValueError,
        IndexError,
        struct.error,
        LookupError,
    ) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's, not the file's
        raise UnreadableFile(NO_WORKBOOK) from error


def _check_directory(stream: IO[bytes]) -> None:
    """Before `zipfile` reads it: how long the table of contents says that it is."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - 2**16 - 22))
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise zipfile.BadZipFile
    (length,) = struct.unpack_from("<L", tail, at + 12)
    if length > DIRECTORY_LIMIT or tail[at - 20 : at].startswith(b"PK\x06\x07"):
        raise FileTooLarge("The workbook has too many parts")


def _check_declared(archive: zipfile.ZipFile) -> None:
    """What an honest archive tells at once. Pictures are never unpacked."""
    if sum(entry.file_size for entry in archive.infolist() if entry.filename.endswith((".xml", ".rels"))) > UNPACKED_LIMIT:
        raise FileTooLarge(sentence(TOO_LARGE, most=UNPACKED_LIMIT // 2**20))


class _Reading:
    """One workbook; what it may still cost goes down with every block."""

    def __init__(self, archive: zipfile.ZipFile):
        self.archive = archive
        self.left = UNPACKED_LIMIT
        self.until = time.thread_time() + CPU_SECONDS

    def write(self, text: io.TextIOWrapper) -> None:
        book = self._target(self._relations("_rels/.rels", ""), "/officeDocument") or "xl/workbook.xml"
        folder, _, name = book.rpartition("/")
        relations = self._relations(f"{folder}/_rels/{name}.rels".lstrip("/"), folder)
        choice = SheetChoice({key for key, (kind, _) in relations.items() if kind.endswith("/worksheet")})
        self._parse(book, choice)
        if choice.chosen is None:
            raise UnreadableFile("The workbook has no sheet")
        strings, styles = Strings(), Styles(from_1904=choice.from_1904)
        self._parse_any(self._target(relations, "/sharedStrings"), strings)
        self._parse_any(self._target(relations, "/styles"), styles)
        sheet = Sheet(strings, styles, _writer(text))
        self._parse(relations[choice.chosen][1], sheet)

    def _relations(self, name: str, folder: str) -> dict[str, tuple[str, str]]:
        found = Relations(folder)
        self._parse_any(name, found)
        return found.found

    def _target(self, relations: dict[str, tuple[str, str]], kind: str) -> str | None:
        return next((target for found, target in relations.values() if found.endswith(kind)), None)

    def _parse_any(self, name: str | None, part: Part) -> None:
        if name is not None and name in self.archive.NameToInfo:
            self._parse(name, part)

    def _parse(self, name: str, part: Part) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = part.start
        parser.EndElementHandler = part.end
        parser.CharacterDataHandler = part.text
        parser.StartDoctypeDeclHandler = _refuse_declarations
        fed = 0
        with self.archive.open(name) as member:
            while block := member.read(BLOCK):
                self._spend(len(block))
                parser.Parse(block, False)
                fed += len(block)
                if fed - parser.CurrentByteIndex > TOKEN_LIMIT:
                    raise FileTooLarge("The workbook has a tag without end")
            parser.Parse(b"", True)

    def _spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise FileTooLarge(sentence(TOO_LARGE, most=UNPACKED_LIMIT // 2**20))
        if time.thread_time() > self.until:
            raise FileTooLarge("The workbook takes too long to read: save its list of contacts alone, or as CSV")


def _refuse_declarations(*_: object) -> NoReturn:
    """A document type declares entities, which unpack without end; no spreadsheet writes one."""
    raise UnreadableFile("The workbook has a document type declaration, which no spreadsheet writes")


def _writer(text: io.TextIOWrapper) -> Callable[[list[str]], None]:
    """Writes rows, as many rows and bytes as a CSV may have."""
    rows = csv.writer(text, quoting=csv.QUOTE_ALL)
    written = count = 0

    def write(cells: list[str]) -> None:
        nonlocal written, count
        written += sum(map(len, cells)) + 3 * len(cells)
        count += bool(cells)
        if count > files.ROW_LIMIT + 1:
            raise FileTooLarge(sentence("The file has more than %(row_limit)s rows", row_limit=files.ROW_LIMIT))
        if written > BYTE_LIMIT:
            raise FileTooLarge(sentence("The file has more than %(byte_limit)s MB", byte_limit=BYTE_LIMIT // 2**20))
        rows.writerow(cells)

    return write
