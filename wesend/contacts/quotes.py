"""Quotes that swallow rows: one that opens a cell in a row, and is closed in a later one, makes a single cell of all between.

A cell may well have several lines (an address, a note). What is looked for in them is a row of the same table: a phone or an
e-mail address that fills a column of its own, where the header has such a column.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from ..core import email_address, number_text
from ..core.languages import sentence
from .files import COLUMN_LIMIT, DELIMITERS, FIELD_LIMIT, UnreadableFile
from .headers import EMAIL_HEADERS, PEOPLES_HEADERS, plain

END_OF_LINE = re.compile(r"\r\n|\r|\n")
NUMBER = re.compile(r"\+?[0-9(][0-9 ./()-]*")
FEWEST_DIGITS, MOST_DIGITS = 8, 15
SHORTEST = len("a@b.cc")
DATE = re.compile(r"[0-9]{1,4}([-/. ])[0-9]{1,2}\1[0-9]{1,4}|(?:19|20)[0-9]{6}")


class Layout(NamedTuple):
    """How the rows of a table look; ``columns``: those of phones, else of e-mail addresses, none where the header names neither."""

    delimiter: str
    width: int
    columns: Collection[int]

    @classmethod
    def unknown(cls, delimiter: str) -> Layout:
        """Before a row was read."""
        return cls(delimiter, 0, ())

    @classmethod
    def of(cls, header: list[str], delimiter: str) -> Layout:
        columns = [plain(column) for column in header[:COLUMN_LIMIT]]
        phones = {at for at, column in enumerate(columns) if column in PEOPLES_HEADERS}
        return cls(delimiter, len(header), phones or {at for at, column in enumerate(columns) if column in EMAIL_HEADERS})


def refuse_swallowed(cells: list[str], layout: Layout, first: int, last: int) -> None:
    """UnreadableFile when a cell of this row, which stands on these lines of the file, holds rows."""
    several = [place for place, cell in enumerate(cells[:COLUMN_LIMIT]) if "\n" in cell or "\r" in cell]
    if several and (_hangs_over(cells, several[0], layout) or any(_holds_rows(cells, place, layout) for place in several)):
        raise UnreadableFile(
            sentence(
                'Line %(first)s: a quote (") opens a cell here that is closed in line %(last)s, and there seem to be rows'
                " in between, which would be lost. Take the quote out, or close it in its own row;"
                " if the cell is meant so, %(as_workbook)s",
                first=first,
                last=last,
                as_workbook=AS_WORKBOOK,
            )
        )


AS_WORKBOOK = sentence("save the file as an Excel workbook (.xlsx), where no cell has quotes around it")


def _hangs_over(cells: list[str], place: int, layout: Layout) -> bool:
    """Whether behind that cell stands the rest of the row in which the quote is closed: it has the row's address."""
    return len(cells) > layout.width and any(
        _is_address(cell) for at, cell in enumerate(cells[: 2 * COLUMN_LIMIT]) if at > place and at not in layout.columns
    )


def _holds_rows(cells: list[str], place: int, layout: Layout) -> bool:
    # A quote may have hidden from the reader what separates the cells.
    separator = re.compile(re.escape(layout.delimiter) if layout.width > 1 else f"[{DELIMITERS}]")
    lines = END_OF_LINE.split(cells[place][:FIELD_LIMIT])  # more of it is kept of no cell: of many rows, these are some
    if _ends_row(separator.split(lines[0]), place, layout):
        return True
    for number, line in enumerate(lines[1:], 1):
        parts = separator.split(line)
        is_head = number == len(lines) - 1 and len(cells) > layout.width
        if (len(parts) > 1 or layout.width <= 1 or is_head) and _has_address(parts, 0, layout.columns):
            return True
    return False


def _ends_row(parts: list[str], place: int, layout: Layout) -> bool:
    """Whether this is what stands behind the quote in the row that it opens in."""
    if len(parts) == 1:
        return False
    if not layout.columns or place not in layout.columns:
        return _has_address(parts, place, layout.columns)
    return len(parts) == layout.width - place and _has_address(parts, place, layout.columns)


def _has_address(parts: list[str], place: int, columns: Collection[int]) -> bool:
    """Whether a part is a phone or an e-mail address, where one stands in the table if its first is of the column ``place``."""
    return any(_is_address(part) for at, part in enumerate(parts, place) if at in columns or not columns)


def _is_address(text: str) -> bool:
    if len(text) < SHORTEST:
        return False
    text = number_text.tidy(text.strip().strip('"'))
    if not NUMBER.fullmatch(text):
        return email_address.is_address(text)
    return FEWEST_DIGITS <= sum(char.isdigit() for char in text) <= MOST_DIGITS and not DATE.fullmatch(text)
