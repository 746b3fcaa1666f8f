"""Pages of long lists by keyset: ``?before=ID`` shows what is older, whatever was added meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flask import request, url_for

SIZE = 50
OF_PLACE = ("before", "looked")
"""What an address says of the place in a list: its key, and how much of it a search looked through before."""


class Page(NamedTuple):
    """``older`` and ``newest`` are addresses, or None where there is nothing to go to."""

    rows: Sequence[Any]
    older: str | None
    newest: str | None


def page(load: Callable[[int | None, int], Sequence[Any]], *, size: int = SIZE, key: str = "id") -> Page:
    """A page of ``load(before, limit)``, which gives rows newest first, below the key ``before``."""
    before = before_key()
    rows = load(before, size + 1)
    shown = rows[:size]
    return Page(shown, address(shown[-1][key]) if len(rows) > size else None, address(None) if before is not None else None)


def before_key() -> int | None:
    text = request.args.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def address(before: int | None, **more: object) -> str:
    """This page with its filters, from another place on (None: from its beginning); ``more`` is of that place alone."""
    kept: dict[str, Any] = {name: values for name, values in request.args.lists() if name not in OF_PLACE}
    if before is not None:
        kept |= {"before": [str(before)], **{name: [str(value)] for name, value in more.items()}}
    assert request.endpoint is not None
    return url_for(request.endpoint, **(request.view_args or {}), **kept)
