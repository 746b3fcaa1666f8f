"""CSV in any usual encoding and delimiter → rows, a line at a time; a plain list is a CSV of one column."""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from itertools import chain, dropwhile, islice
from typing import IO

from ..core.csv_cells import without_marks
from ..core.languages import sentence
from . import files, quotes
from .files import (
    COLUMN_LIMIT,
    COLUMN_NAME_LIMIT,
    CONTACT_LIMIT,
    DELIMITERS,
    FIELD_LIMIT,
    RECORD_LIMIT,
    FileTooLarge,
    Line,
    Rows,
    Table,
    UnreadableFile,
)
from .headers import addresses_in, detect
from .quotes import Layout

SAMPLE_LINES, SAMPLE_CHARACTERS = 50, 64 * 1024
csv.field_size_limit(RECORD_LIMIT)  # the process's: this is the only reader of CSV in it
BLANK = DELIMITERS + " \r\n\v\f\ufeff\u00a0"


TITLE_ROWS = 10
"""Rows at the top of a file among which the one that names the columns is looked for, and can be chosen."""


def top_rows(stream: IO[bytes]) -> list[Line]:
    """The first rows of a CSV that hold anything; the stream is at its beginning again."""
    found = list(islice(read_rows(stream, by_hand=False), TITLE_ROWS))
    stream.seek(0)
    return found


def header_row(top: list[Line]) -> int:
    """The row that names the columns, as a spreadsheet shows it: the first, unless only a later one names a phone's."""
    named = (line.row for line in top if detect(line.cells, peoples=True) is not None)
    return next(named, top[0].row if top else 1)


def read_table(stream: IO[bytes], *, by_hand: bool = True, header_at: int | None = None) -> Table:
    """Header and rows of a CSV; no columns when there is nothing in it. FileTooLarge, UnreadableFile.

    The last columns are left out where neither the header nor the first rows have anything in them. ``by_hand``: its
    quotes may be wrong, and are looked at. ``header_at``: the row that names the columns (None: the first that holds
    anything); what stands above it is left out.
    """
    rows = read_rows(stream, by_hand=by_hand)
    if header_at is not None:
        rows = dropwhile(lambda line: line.row < header_at, rows)
    top = next(rows, Line(0, []))
    header = top.cells
    if _filled(header) > COLUMN_LIMIT:
        raise FileTooLarge(sentence("The file has more than %(column_limit)s columns", column_limit=COLUMN_LIMIT))
    columns = [without_marks(cell).strip().strip("\ufeff") for cell in header]
    if any(len(column) > COLUMN_NAME_LIMIT for column in columns):
        raise FileTooLarge(
            sentence(
                "A column's name has more than %(column_name_limit)s characters: is the first row the columns' names?",
                column_name_limit=COLUMN_NAME_LIMIT,
            )
        )
    first = list(islice(rows, SAMPLE_LINES))
    width = max([_filled(header), *(_filled(line.cells[: len(header)]) for line in first)])
    return Table(columns[:width], Rows(chain(first, rows), width), top.row)


def _filled(cells: list[str]) -> int:
    """Up to and with the last cell that holds something."""
    count = len(cells)
    while count and not cells[count - 1].strip():
        count -= 1
    return count


def read_rows(stream: IO[bytes], *, by_hand: bool = True) -> Iterator[Line]:
    """Every row that is not blank, the header's too; long cells are cut. The stream stays the caller's to close."""
    text = io.TextIOWrapper(stream, encoding=encoding_of(stream), errors="replace", newline="")
    try:
        lines = _Lines(text)
        sample = lines.look_ahead()
        named = sample[0].rstrip("\r\n") if sample else ""
        if named[:4].lower() == "sep=" and len(named) == 5 and named[4] not in '"\r\n':
            delimiter = named[4]
            next(lines)
        else:
            delimiter = _delimiter(sample)
        layout = Layout.unknown(delimiter)
        blank = lines.number - (1 if named[:4].lower() == "sep=" and lines.number else 0)
        for row, (number, cells) in enumerate(_records(lines, delimiter), blank + 1):
            if by_hand and lines.number > number:
                quotes.refuse_swallowed(cells, layout, number, lines.number)
            if any(cell and not cell.isspace() for cell in cells):
                if not layout.width or row <= TITLE_ROWS and not layout.columns:  # a title may stand above the header
                    layout = _fuller(layout, Layout.of(cells, delimiter))
                yield Line(number, _bounded(number, cells), row)
    finally:
        if not text.closed:
            text.detach()


def _fuller(before: Layout, found: Layout) -> Layout:
    return found if not before.width or found.columns else before


class _Lines:
    """Lines of a text, without NUL characters, counted. FileTooLarge when there is no end of a row, or of the file."""

    def __init__(self, text: io.TextIOWrapper):
        self.text = text
        self.number = 0
        self.held = 0  # characters since the last row began
        self.ahead: deque[str] = deque()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.ahead.popleft() if self.ahead else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self.held += len(line)
        if self.held > RECORD_LIMIT:
            raise _endless(self.number)
        if self.number > files.LINE_LIMIT:
            raise FileTooLarge(sentence("The file has more than %(line_limit)s lines", line_limit=files.LINE_LIMIT))
        return line

    def _read(self) -> str:
        """A line; empty at the end of the file only."""
        line = self.text.readline(RECORD_LIMIT + 1)
        if len(line) > RECORD_LIMIT:
            raise _endless(self.number + len(self.ahead) + 1)
        return line.replace("\x00", "") or line and "\n"

    def look_ahead(self) -> list[str]:
        """The first lines, from the first on that holds more than separators; they come again when they are read."""
        line = self._read()
        while line and not line.strip(BLANK):
            self.number += 1
            line = self._read()
        held = 0
        while line:
            self.ahead.append(line)
            held += len(line)
            if len(self.ahead) == SAMPLE_LINES or held > SAMPLE_CHARACTERS:
                break
            line = self._read()
        return list(self.ahead)


def _endless(line: int) -> FileTooLarge:
    return FileTooLarge(
        sentence("Line %(line)s: a row has more than %(record_limit)s characters", line=line, record_limit=RECORD_LIMIT)
    )


def _delimiter(sample: list[str]) -> str:
    """The one by which the header names a phone or an e-mail address, the rows are most alike, and there are most columns.

    Read as CSV, not counted: what stands in quotes separates nothing.
    """
    best, delimiter = (False, 0.0, 0), ","
    for candidate in DELIMITERS:
        rows = [row for row in csv.reader(sample, delimiter=candidate) if any(cell.strip() for cell in row)]
        header = next((row for row in rows[:TITLE_ROWS] if addresses_in(row[:COLUMN_LIMIT])), rows[0] if rows else [])
        if len(header) > 1:
            width = len(header)
            fits = (bool(addresses_in(header[:COLUMN_LIMIT])), sum(len(row) == width for row in rows) / len(rows), width)
            best, delimiter = (fits, candidate) if fits > best else (best, delimiter)
    return delimiter


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that each begins on; UnreadableFile where a quote would swallow the rows after it."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        number, lines.held = lines.number + 1, 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile(
                sentence('Line %(number)s: a quote (") opens a cell and no quote before a separator closes it', number=number)
            ) from error
        yield number, cells


def _bounded(number: int, cells: list[str]) -> list[str]:
    if len(cells) > COLUMN_LIMIT:
        cells = cells[: max(1, min(_filled(cells), COLUMN_LIMIT + 1))]
    if sum(map(len, cells)) <= FIELD_LIMIT:
        return cells
    cells = [cell[:FIELD_LIMIT] for cell in cells]
    if sum(map(len, cells)) > CONTACT_LIMIT:
        raise FileTooLarge(
            sentence(
                "Line %(number)s: the row has more than %(contact_limit)s characters", number=number, contact_limit=CONTACT_LIMIT
            )
        )
    return cells


def encoding_of(stream: IO[bytes]) -> str:
    """By the BOM; else UTF-16 where every other byte is zero, UTF-8 when the whole file is, else Windows-1252 (Excel's)."""
    head = stream.read(4096)
    stream.seek(0)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    wide = _without_mark(head)
    if wide:
        return wide
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := stream.read(1024 * 1024):
            decoder.decode(block)
        decoder.decode(b"", final=True)
        return "utf-8"
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        stream.seek(0)


def is_wide(head: bytes) -> bool:
    """Whether a text of two bytes a character begins so."""
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _without_mark(head) is not None


def _without_mark(head: bytes) -> str | None:
    """UTF-16 that does not say so, of a text in Latin letters mostly."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half and max(even, odd) > half * 0.6 and min(even, odd) < half * 0.05:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None
