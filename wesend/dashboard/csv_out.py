"""CSV to download: streamed, and every cell safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from flask import Flask, Response, request

from ..accounts import exports
from ..accounts.exports import Piece
from ..core import thread_slots
from ..core.chunks import chunks
from ..core.csv_cells import safe_cell
from ..core.current_app import this_app
from .current_account import account
from .sessions import actor

Cells = Iterable[object]
ChunkAfter = Callable[[Any], tuple[Sequence[Cells], Any]]
"""``chunk_after(None)`` gives the first rows and what to ask for the next with; None ends it."""


class Figure(str):
    """A figure of ours: its leading minus makes it no formula, and whoever adds a column up needs it as a number."""


def csv_file(name: str, header: Cells, chunk_after: ChunkAfter, *, of_everybody: bool = False) -> Response:
    """A CSV of all rows. ``of_everybody``: it is of no one account.

    Every file is in the audit log: who downloaded it, and with which filters. TooManyExports.
    """
    return _answer(name, logged(name, _stream(this_app(), header, chunk_after), of_everybody=of_everybody))


def logged(name: str, pieces: Iterator[Piece], *, of_everybody: bool = False) -> exports.Stream[Piece]:
    """Pieces of a file as it is streamed; TooManyExports."""
    return exports.start(
        pieces,
        actor=actor(),
        subject=name,
        account_id=None if of_everybody else account().id,
        detail=request.query_string.decode("ascii", "backslashreplace") or None,
    )


def csv_of(name: str, rows: Iterator[Cells]) -> Response:
    """The same of rows that need no context, the header among them; of one's own file, of which the log tells nothing."""
    with thread_slots.held_for_export() as held:
        return _answer(name, exports.Stream(_chunks(rows), held))


def _answer(name: str, stream: exports.Stream[str]) -> Response:
    return Response(stream, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _chunks(rows: Iterator[Cells]) -> Iterator[str]:
    yield "\ufeff"
    for chunk in chunks(rows):
        yield lines(chunk)


def all_chunks(app: Flask, chunk_after: ChunkAfter) -> Iterator[Sequence[Cells]]:
    """No context is held open between the chunks, since the client decides when it reads on."""
    place = None
    while True:
        with app.app_context():
            rows, place = chunk_after(place)
        if rows:
            yield rows
        if place is None:
            return


def _stream(app: Flask, header: Cells, chunk_after: ChunkAfter) -> Iterator[str]:
    yield "\ufeff" + lines([header])  # the mark tells Excel that it is UTF-8
    for rows in all_chunks(app, chunk_after):
        yield lines(rows)


def lines(rows: Iterable[Cells]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([cell if isinstance(cell, Figure) else safe_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()
