"""The parts of a workbook that matter for a list: relations, sheets, texts, formats and cells, each as a parser's handlers.

Names are compared without their namespaces' prefixes: Excel's two dialects and other programs differ in nothing else.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from posixpath import normpath
from typing import Any

from ..core.languages import sentence
from .files import COLUMN_LIMIT, CONTACT_LIMIT, FIELD_LIMIT, FileTooLarge, UnreadableFile
from .workbook_formats import BUILT_IN, show_date_text, show_number

DEPTH_LIMIT = 64
SHEET_ROWS = 1_048_576
"""Of a sheet of Excel."""
CELL_LIMIT = 2_000_000
"""Cells of a sheet: four columns of as many rows as a file may have, and about what fits into what is unpacked."""
TEXT_LIMIT = 1_000_000
"""Texts that differ: two columns of as many rows as a file may have."""
TEXTS_LIMIT = 32 * 2**20
"""Bytes of all texts together, which are held while the cells that name them are read."""
RELATION_LIMIT = STYLE_LIMIT = 65_536
FORMAT_LIMIT = 255
"""Characters of a number's format, as Excel has it."""
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
LETTERS = re.compile(r"[A-Z]{1,3}")


class Part:
    """Handlers of one XML part: what is done where an element begins and ends, by its name. FileTooLarge beyond the depth
    that such parts have.

    The tables are of functions: methods bound in them would keep megabytes until the next search for garbage.
    """

    depth = 0
    opens: dict[str, Callable[[Any, dict[str, str]], None]] = {}
    closes: dict[str, Callable[[Any], None]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise FileTooLarge("The workbook is nested without end")
        handler = self.opens.get(name) or (":" in name and self.opens.get(name[name.rindex(":") + 1 :]))
        if handler:
            handler(self, attributes)

    def end(self, name: str) -> None:
        self.depth -= 1
        handler = self.closes.get(name) or (":" in name and self.closes.get(name[name.rindex(":") + 1 :]))
        if handler:
            handler(self)

    def text(self, data: str) -> None:
        pass


class Relations(Part):
    """Id → (kind, name of the part in the archive)."""

    def __init__(self, folder: str):
        self.folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def _add(self, attributes: dict[str, str]) -> None:
        if attributes.get("TargetMode") == "External":
            return
        if len(self.found) >= RELATION_LIMIT:
            raise FileTooLarge("The workbook has too many parts")
        target = attributes.get("Target", "")
        whole = target if target.startswith("/") else f"{self.folder}/{target}"
        self.found[attributes.get("Id", "")] = (attributes.get("Type", ""), normpath(whole).lstrip("/"))

    opens = {"Relationship": _add}


class SheetChoice(Part):
    """The first sheet that is shown, else the first one; and by which calendar days are counted."""

    def __init__(self, sheets: set[str]):
        self.sheets = sheets
        self.chosen: str | None = None
        self.is_shown = False
        self.from_1904 = False

    def _read_calendar(self, attributes: dict[str, str]) -> None:
        self.from_1904 = attributes.get("date1904", "0") in ("1", "true")

    def _look_at(self, attributes: dict[str, str]) -> None:
        key = next((value for attribute, value in attributes.items() if attribute.endswith(":id")), "")
        is_shown = attributes.get("state", "visible") == "visible"
        if key in self.sheets and not self.is_shown and (is_shown or self.chosen is None):
            self.chosen, self.is_shown = key, is_shown

    opens = {"workbookPr": _read_calendar, "sheet": _look_at}


class Texts(Part):
    """Collects the text of ``<t>`` elements, but for how it is pronounced; as much of it as a field keeps."""

    def __init__(self) -> None:
        self.collecting = False
        self.pronounced = 0
        self.pieces: list[str] = []
        self.length = 0

    def text(self, data: str) -> None:
        if self.collecting and self.length < FIELD_LIMIT:
            self.pieces.append(data)
            self.length += len(data)

    def taken(self) -> str:
        text = "".join(self.pieces)[:FIELD_LIMIT]
        self.pieces.clear()
        self.length = 0
        return ESCAPED.sub(_unescaped, text) if "_x" in text else text

    def _open_text(self, _attributes: dict[str, str]) -> None:
        self.collecting = not self.pronounced

    def _close_text(self) -> None:
        self.collecting = False

    def _open_sounds(self, _attributes: dict[str, str]) -> None:
        self.pronounced += 1

    def _close_sounds(self) -> None:
        self.pronounced -= 1

    opens = {"t": _open_text, "rPh": _open_sounds}
    closes = {"t": _close_text, "rPh": _close_sounds}


def _unescaped(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return "" if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)


class Strings(Texts):
    """The texts that cells name by number: one run of bytes and where each ends, a tenth of what objects take."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = bytearray()
        self.ends = array("Q")

    def _keep(self) -> None:
        if len(self.ends) >= TEXT_LIMIT:
            raise FileTooLarge(sentence("The workbook has more than %(text_limit)s texts", text_limit=TEXT_LIMIT))
        self.bytes += self.taken().encode("utf-8", "replace")
        if len(self.bytes) > TEXTS_LIMIT:
            raise FileTooLarge(sentence("The workbook has more than %(texts_limit)s MB of texts", texts_limit=TEXTS_LIMIT // 2**20))
        self.ends.append(len(self.bytes))

    closes = {**Texts.closes, "si": _keep}

    def __getitem__(self, index: int) -> str:
        start = self.ends[index - 1] if index else 0
        return self.bytes[start : self.ends[index]].decode()


class Styles(Part):
    """The number format of every style of a cell."""

    def __init__(self, *, from_1904: bool):
        self.from_1904 = from_1904
        self.named: dict[str, str] = {}
        self.formats: list[str] = []
        self.in_cells = False

    def _name(self, attributes: dict[str, str]) -> None:
        if len(self.named) < STYLE_LIMIT:
            self.named[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")[:FORMAT_LIMIT]

    def _enter_cells(self, _attributes: dict[str, str]) -> None:
        self.in_cells = True

    def _leave_cells(self) -> None:
        self.in_cells = False

    def _add(self, attributes: dict[str, str]) -> None:
        if self.in_cells and len(self.formats) < STYLE_LIMIT:
            self.formats.append(attributes.get("numFmtId", "0"))

    opens = {"numFmt": _name, "cellXfs": _enter_cells, "xf": _add}
    closes = {"cellXfs": _leave_cells}

    def format_of(self, style: str) -> str:
        if not style.isascii() or not style.isdigit() or len(style) > 6 or int(style) >= len(self.formats):
            return ""
        number = self.formats[int(style)]
        return self.named.get(number) or BUILT_IN.get(number, "")


class Sheet(Texts):
    """Rows of cells as text, each handed on when it ends; those with nothing in them as empty ones, so that rows keep their
    numbers."""

    def __init__(self, strings: Strings, styles: Styles, write: Callable[[list[str]], None]):
        super().__init__()
        self.strings, self.styles, self.write = strings, styles, write
        self.places: dict[str, int] = {}
        self.row: dict[int, str] = {}
        self.place = -1
        self.kind = self.style = ""
        self.cells = 0
        self.has_header = False
        self.number = 0  # of the row at hand
        self.written = 0

    def _open_value(self, _attributes: dict[str, str]) -> None:
        self.collecting = True

    def _open_row(self, attributes: dict[str, str]) -> None:
        self.row, self.place = {}, -1
        given = attributes.get("r", "")
        said = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
        self.number = said if self.number < said <= SHEET_ROWS else self.number + 1

    def _open_cell(self, attributes: dict[str, str]) -> None:
        self.cells += 1
        if self.cells > CELL_LIMIT:
            raise FileTooLarge(sentence("The workbook has more than %(cell_limit)s cells", cell_limit=CELL_LIMIT))
        self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "")
        reference = attributes.get("r")
        self.place = self.place + 1 if reference is None else self._place_of(reference)

    def _place_of(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        place = self.places.get(letters)
        if place is None:
            if not LETTERS.fullmatch(letters):
                raise UnreadableFile("The workbook's first sheet can't be read")
            place = 0
            for letter in letters:
                place = place * 26 + ord(letter) - 64
            self.places[letters] = place = place - 1
        return place

    def _close_cell(self) -> None:
        value = self.taken()
        if value and self.place <= COLUMN_LIMIT:
            self.row[self.place] = self._shown(value)

    def _shown(self, value: str) -> str:
        if self.kind == "s":
            if not value.isascii() or not value.isdigit() or len(value) > 9:
                raise UnreadableFile("The workbook's first sheet can't be read")
            return self.strings[int(value)]
        if self.kind == "n":
            return show_number(value, self.styles.format_of(self.style) if self.style else "", self.styles.from_1904)
        if self.kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        return show_date_text(value) if self.kind == "d" else value

    def _close_row(self) -> None:
        held = {place: text for place, text in self.row.items() if text and not text.isspace()}
        if not held:
            return
        if COLUMN_LIMIT in held and not self.has_header:
            raise FileTooLarge(sentence("The file has more than %(column_limit)s columns", column_limit=COLUMN_LIMIT))
        if sum(map(len, held.values())) > CONTACT_LIMIT:
            raise FileTooLarge(sentence("A row has more than %(contact_limit)s characters", contact_limit=CONTACT_LIMIT))
        self.has_header = True
        while self.written < self.number - 1:
            self.written += 1
            self.write([])
        self.written += 1
        self.write([held.get(place, "") for place in range(max(held) + 1)][:COLUMN_LIMIT])

    opens = {**Texts.opens, "c": _open_cell, "v": _open_value, "row": _open_row}
    closes = {**Texts.closes, "c": _close_cell, "v": Texts._close_text, "row": _close_row}
