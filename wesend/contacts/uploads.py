"""Files of contacts that are looked at before they are imported: kept for a day in the instance folder, as CSV."""

from __future__ import annotations

import csv
import io
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import IO, BinaryIO

from flask import current_app

from ..errors import InvalidInput, NotFound
from .csv_import import BYTE_LIMIT, ROW_LIMIT, EmptyList, FileTooLarge

KEPT_SECONDS = 24 * 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,40}")
UNPACKED_LIMIT = 400 * 2**20
"""Bytes that a workbook may have when it is unpacked: a small file may hold terabytes of zeros."""
COLUMNS_READ = 200


class UploadNotFound(NotFound):
    sentence = "This file is not kept any more: please upload it again"


def keep(account_id: int, stream: BinaryIO) -> str:
    """Keep an upload; the token to find it by. A workbook's first sheet becomes CSV. EmptyList, FileTooLarge, InvalidInput."""
    _forget_old()
    token = secrets.token_urlsafe(18)
    path = _path(account_id, token)
    head = stream.read(4)
    stream.seek(0)
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            if not head:
                raise EmptyList("The file is empty", {"file": ["Empty"]})
            if head == b"PK\x03\x04":
                _write_sheet(stream, file)
            else:
                shutil.copyfileobj(stream, file, 1024 * 1024)
            if file.tell() > BYTE_LIMIT:
                raise FileTooLarge(f"The file has more than {BYTE_LIMIT // 2**20} MB", {"file": ["Too large"]})
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return token


def open_kept(account_id: int, token: str) -> BinaryIO:
    """An upload of the account as a stream of CSV; UploadNotFound."""
    if TOKEN.fullmatch(token):
        try:
            return _path(account_id, token).open("rb")
        except FileNotFoundError:
            pass
    raise UploadNotFound


def forget(account_id: int, token: str) -> None:
    if TOKEN.fullmatch(token):
        _path(account_id, token).unlink(missing_ok=True)


def _folder() -> Path:
    folder = current_app.config["WESEND"].instance / "uploads"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _path(account_id: int, token: str) -> Path:
    return _folder() / f"{account_id}-{token}.csv"


def _forget_old() -> None:
    for path in _folder().glob("*.csv"):
        try:
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # another process was first


def _write_sheet(stream: BinaryIO, file: IO[bytes]) -> None:
    """The first sheet of an XLSX as CSV, a row at a time."""
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(stream) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_LIMIT:
                raise FileTooLarge("The workbook is too large when it is unpacked", {"file": ["Too large"]})
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, EOFError, SyntaxError) as error:
        raise InvalidInput("The file is no Excel workbook that can be read (.xlsx)", {"file": ["Not readable"]}) from error
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
        csv.writer(text).writerows(_rows(sheet.iter_rows(values_only=True, max_col=COLUMNS_READ)))
        text.detach()
    except (IndexError, AttributeError, KeyError, ValueError, TypeError, SyntaxError, zipfile.BadZipFile) as error:
        raise InvalidInput("The workbook's first sheet can't be read", {"file": ["Not readable"]}) from error
    finally:
        book.close()


def _rows(rows: Iterable[tuple]) -> Iterable[list[str]]:
    for count, cells in enumerate(rows):
        if count > ROW_LIMIT:
            raise FileTooLarge(f"The file has more than {ROW_LIMIT} rows", {"file": ["Too large"]})
        if any(cell not in (None, "") for cell in cells):
            yield [_text(cell) for cell in cells]


def _text(cell: object) -> str:
    """A number as it is seen: 256712345678, not 2.56712345678E+11 nor 256712345678.0."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
