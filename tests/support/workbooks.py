"""Workbooks: as openpyxl writes them, and by hand where no spreadsheet would."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

from openpyxl import Workbook

NS = "http://schemas.openxmlformats.org"
RELS = f'xmlns="{NS}/package/2006/relationships"'
KIND = f"{NS}/officeDocument/2006/relationships"


def workbook(*rows: Iterable, formats: dict[str, str] | None = None) -> bytes:
    """``formats``: a cell's address → its number format."""
    book, stream = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(list(row))
    for address, number_format in (formats or {}).items():
        book.active[address].number_format = number_format
    book.save(stream)
    return stream.getvalue()


def by_hand(
    rows: bytes | Iterable[bytes],
    *,
    strings: bytes | Iterable[bytes] = b"",
    styles: bytes = b"",
    prolog: bytes = b"",
    more: dict[str, bytes] | None = None,
) -> bytes:
    """A workbook whose sheet's XML is ``rows`` and whose texts are ``strings``, packed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(
            "_rels/.rels",
            f'<Relationships {RELS}><Relationship Id="r1" Type="{KIND}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f"<Relationships {RELS}>"
            + "".join(
                f'<Relationship Id="r{number}" Type="{KIND}/{kind}" Target="{kind}.xml"/>'
                for number, kind in enumerate(("worksheet", "sharedStrings", "styles"))
            )
            + "</Relationships>",
        )
        archive.writestr("xl/workbook.xml", f'<workbook xmlns:r="{KIND}"><sheets><sheet name="One" r:id="r0"/></sheets></workbook>')
        _write(archive, "xl/worksheet.xml", prolog + b"<worksheet><sheetData>", rows, b"</sheetData></worksheet>")
        _write(archive, "xl/sharedStrings.xml", b"<sst>", strings, b"</sst>")
        archive.writestr("xl/styles.xml", b"<styleSheet>" + styles + b"</styleSheet>")
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return stream.getvalue()


def _write(archive: zipfile.ZipFile, name: str, before: bytes, content: bytes | Iterable[bytes], after: bytes) -> None:
    with archive.open(name, "w", force_zip64=False) as part:
        part.write(before)
        for block in [content] if isinstance(content, bytes) else content:
            part.write(block)
        part.write(after)


def cell(text: str, kind: str = "inlineStr") -> bytes:
    inner = f"<is><t>{text}</t></is>" if kind == "inlineStr" else f"<v>{text}</v>"
    return f'<c t="{kind}">{inner}</c>'.encode()
