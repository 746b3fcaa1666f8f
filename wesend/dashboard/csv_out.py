"""CSV to download: streamed, and every cell safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from flask import Flask, Response, request

from ..accounts import exports
from ..core import thread_slots
from ..core.chunks import chunks
from ..core.csv_cells import safe_cell
from ..core.current_app import this_app
from .current_account import account
from .sessions import actor

Cells = Iterable[object]


class Figure(str):
    """A figure of ours: its leading minus makes it no formula, and whoever adds a column up needs it as a number."""


def csv_file(
    name: str, header: Cells, chunk_after: Callable[[Any], tuple[Sequence[Cells], Any]], *, of_everybody: bool = False
) -> Response:
    """``chunk_after(None)`` gives the first rows and what to ask for the next with; None ends it. ``of_everybody``: it is of
    no one account.

    Every file is in the audit log: who downloaded it, and with which filters. TooManyExports.
    """
    stream = exports.start(
        _stream(this_app(), header, chunk_after),
        actor=actor(),
        subject=name,
        account_id=None if of_everybody else account().id,
        detail=request.query_string.decode("ascii", "backslashreplace") or None,
    )
    return _answer(name, stream)


def csv_of(name: str, rows: Iterator[Cells]) -> Response:
    """The same of rows that need no context, the header among them; of one's own file, of which the log tells nothing."""
    with thread_slots.held_for_export() as held:
        return _answer(name, exports.Stream(_chunks(rows), held))


def _answer(name: str, stream: exports.Stream) -> Response:
    return Response(stream, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _chunks(rows: Iterator[Cells]) -> Iterator[str]:
    yield "\ufeff"
    for chunk in chunks(rows):
        yield lines(chunk)


def _stream(app: Flask, header: Cells, chunk_after: Callable[[Any], tuple[Sequence[Cells], Any]]) -> Iterator[str]:
    """No context is held open between the chunks, since the client decides when it reads on."""
    yield "\ufeff" + lines([header])  # the mark tells Excel that it is UTF-8
    place = None
    while True:
        with app.app_context():
            rows, place = chunk_after(place)
        if rows:
            yield lines(rows)
        if place is None:
            return


def lines(rows: Iterable[Cells]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([cell if isinstance(cell, Figure) else safe_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()
