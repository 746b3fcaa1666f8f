"""Excel workbooks to download: one sheet, written to a file on disk row by row, so that 100,000 rows take no more memory than one.

A cell is a text or a figure, never a formula or a link, whatever it begins with.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

from flask import Flask, Response

from ..core.current_app import this_app
from .csv_out import Cells, ChunkAfter, Figure, all_chunks, logged

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BLOCK = 256 * 1024
MOST_ROWS = 1_048_576
"""Of a sheet."""
LONGEST_CELL = 32_767
WIDEST, NARROWEST = 40, 9
SAFE = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}


def xlsx_file(name: str, header: Sequence[str], chunk_after: ChunkAfter) -> Response:
    """A workbook of all rows; in the audit log as every file. TooManyExports."""
    stream = logged(name, _pieces(this_app(), header, chunk_after))
    return Response(stream, mimetype=TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _pieces(app: Flask, header: Sequence[str], chunk_after: ChunkAfter) -> Iterator[bytes]:
    with tempfile.TemporaryFile(prefix="wesend-xlsx-") as file:
        _write(app, file, header, chunk_after)
        file.seek(0)
        while block := file.read(BLOCK):
            yield block


def _write(app: Flask, file: IO[bytes], header: Sequence[str], chunk_after: ChunkAfter) -> None:
    import xlsxwriter  # 40 ms, which no other page needs

    book = xlsxwriter.Workbook(file, SAFE)
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(header):
        sheet.set_column(column, column, WIDEST if title == "text" else max(NARROWEST, min(WIDEST, len(title) + 8)))
        sheet.write_string(0, column, title, bold)
    row = 1
    for rows in all_chunks(app, chunk_after):
        for cells in rows[: MOST_ROWS - row]:
            _write_row(sheet, row, cells)
            row += 1
    book.close()


def _write_row(sheet: object, row: int, cells: Cells) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, (int, float)):
            sheet.write_number(row, column, cell)  # type: ignore[attr-defined]  # the library has no types
        elif isinstance(cell, Figure):
            sheet.write_number(row, column, float(cell))  # type: ignore[attr-defined] # its library has no types
        elif cell is not None:
            sheet.write_string(row, column, str(cell)[:LONGEST_CELL])  # type: ignore[attr-defined] # its library has no types
