"""Files that people upload or name in a command (contacts, opt-outs): how much of one is read, and why one is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..core.errors import InvalidInput
from ..core.languages import sentence

DELIMITERS = ",;\t|"
BYTE_LIMIT = 50 * 1024 * 1024
ROW_LIMIT = 500_000
LINE_LIMIT = 2_000_000
"""Lines, empty ones too: twice what a sheet of Excel has."""
COLUMN_LIMIT = 100
"""More than any list of people needs; each column is a field that is kept for each contact, and a row of a form."""
COLUMN_NAME_LIMIT = 200
FIELD_LIMIT = 4_000
"""Characters of a field of a contact: more than the longest message takes, and few enough to be written a hundred times."""
CONTACT_LIMIT = 20_000
"""Characters of all fields of a contact: pages, exports and answers of the APIs show hundreds of contacts at once."""
RECORD_LIMIT = 1024 * 1024
"""Characters of one row before its cells are cut, so that no line is held that has no end."""


class NoPhoneColumn(InvalidInput):
    pass


class EmptyList(InvalidInput):
    pass


class FileTooLarge(InvalidInput):
    """Too many bytes, rows, columns or characters."""

    def __init__(self, sentence: str):
        super().__init__(sentence, {"file": [sentence]})


class UnreadableFile(InvalidInput):
    """No list of rows, or a broken one."""

    def __init__(self, sentence: str):
        super().__init__(sentence, {"file": [sentence]})


class Line(NamedTuple):
    """A row that is not blank, the number of the line on which it begins, and its own as a spreadsheet shows it."""

    number: int
    cells: list[str]
    row: int = 0


class Rows:
    """Rows as long as the header; ``number`` is that of the latest one, as a spreadsheet shows it."""

    def __init__(self, lines: Iterator[Line], width: int):
        self.lines, self.width = lines, width
        self.count = self.number = 0

    def __iter__(self) -> Rows:
        return self

    def __next__(self) -> list[str]:
        line = next(self.lines)
        self.count += 1
        if self.count > ROW_LIMIT:
            raise FileTooLarge(sentence("The file has more than %(row_limit)s rows", row_limit=ROW_LIMIT))
        self.number, cells, width = line.row, line.cells, self.width
        return (cells + [""] * (width - len(cells)))[:width] if len(cells) != width else cells


class Table(NamedTuple):
    """A header and the rows below it; ``header``: which row of the file that is, as a spreadsheet shows it."""

    columns: list[str]
    rows: Rows
    header: int = 1
