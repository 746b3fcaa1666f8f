"""Exporting an account: everything of its own as CSV and as JSON, streamed, whatever its size."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..accounts import audit_log, exports, roles, service
from ..accounts.roles import MANAGE, Actor
from ..core.csv_cells import safe_cell
from ..core.current_app import this_app
from ..database import keyset, query
from ..messages.state.mail_texts import Reader
from . import shown, zips
from .account_tables import PARTS, Part

PAGE = 500
COPIED = 1 << 18
MICROS = "_micros"


class Exported(NamedTuple):
    """``counts``: rows of each file."""

    counts: dict[str, int]
    bytes: int


def to_file(account_id: int, file: Path, *, actor: Actor) -> Exported:
    """Write the ZIP; AccountNotFound, Forbidden."""
    roles.require(actor, MANAGE, account_id, even_suspended=True)
    account = service.get_account(account_id)
    counts: dict[str, int] = {}
    size = zips.to_file(file, zips.stream(_entries(account_id, counts)))
    audit_log.note(actor=actor, action="account.export", subject=account.name, account_id=account_id, detail=f"{size} bytes")
    return Exported(counts, size)


def start(account_id: int, *, actor: Actor) -> exports.Stream:
    """The same to download; TooManyExports."""
    roles.require(actor, MANAGE, account_id, even_suspended=True)
    account = service.get_account(account_id)
    pieces = zips.in_context(this_app(), lambda: zips.stream(_entries(account_id, {})))
    return exports.start(
        pieces, actor=actor, subject=account.name, account_id=account_id, detail="account", action="account.export"
    )


def _entries(account_id: int, counts: dict[str, int]) -> Iterator[zips.Entry]:
    """Each part once as JSON, whose rows are laid by as CSV at the same time: the database is read once."""
    for part in PARTS:
        with tempfile.TemporaryFile() as laid_by:
            sheet = _Sheet(laid_by)
            rows = sheet.copying(_rows(part, account_id), part.columns)
            yield f"{part.name}.json", zips.json_array(rows, _counter(counts, part.name))
            yield f"{part.name}.csv", sheet.pieces()


def _counter(counts: dict[str, int], name: str) -> Callable[[int], None]:
    def note(total: int) -> None:
        counts[name] = total

    return note


def _rows(part: Part, account_id: int) -> Iterator[dict[str, Any]]:
    sql = f"SELECT * FROM {part.source} AS t WHERE {part.condition} AND id > ? ORDER BY id LIMIT ?"
    reader = Reader()
    for rows in keyset.pages(lambda last: query(sql, (account_id, last, PAGE))):
        for row in rows:
            made = shown.row(row, part.columns)
            told = {"text": reader.text_of(row), "error_message": shown.why_failed(row)} if part.name == "messages" else {}
            yield {**made, **told}


class _Sheet:
    """A CSV in a file that has no name."""

    def __init__(self, file: IO[bytes]):
        self.file = file

    def copying(self, rows: Iterator[dict[str, Any]], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """An amount of ours is no formula, whatever its sign."""
        header = [name.removesuffix(MICROS) for name in columns]
        amounts = {name.removesuffix(MICROS) for name in columns if name.endswith(MICROS)}
        self._write(["\ufeff" + header[0], *header[1:]])
        for row in rows:
            self._write([row[name] or "" if name in amounts else safe_cell(_cell(row[name])) for name in header])
            yield row

    def _write(self, cells: list[str]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer).writerow(cells)
        self.file.write(buffer.getvalue().encode("utf-8", "replace"))

    def pieces(self) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(COPIED):
            yield piece


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
