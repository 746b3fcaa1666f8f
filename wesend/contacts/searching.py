"""Contacts of a group found by any of their fields, or by one that they lack.

A number is one row of an index. For all else so many contacts are looked at, newest first, and the page that follows goes on
from there: a page of a group of any size costs about the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import SEE, Actor
from ..core import phones
from ..database import keyset, query, query_one
from ..database.rows import ContactRow, GroupRow
from . import audience
from .service import find_contact

LOOKED_THROUGH = 15_000
"""Contacts that one page looks at."""
CANDIDATES = 200
"""Rows that are read at a time of those that may fit: a field's name in a contact's data looks like its value to SQL."""
MOST_CANDIDATES = 2_000
ESCAPE = "!"


class Found(NamedTuple):
    """``last`` is the row id that the next page goes on below; None: everybody was looked at."""

    rows: list[ContactRow]
    last: int | None


class _Condition(NamedTuple):
    """What SQL can tell, and what is looked at in each row that it lets through."""

    sql: str
    parameters: tuple[str, ...]
    fits: Callable[[ContactRow], bool]


BOUND = "SELECT id FROM contacts WHERE group_id = ? AND id < ? ORDER BY id DESC LIMIT 1 OFFSET ?"
CANDIDATE = """
    SELECT * FROM contacts WHERE group_id = ? AND id < ? AND id >= ? AND ({condition}) ORDER BY id DESC LIMIT ?
"""


def search(
    group: GroupRow,
    typed: str,
    home_country: str,
    *,
    missing: str = "",
    by_mail: bool = False,
    before: int | None = None,
    limit: int,
    actor: Actor,
) -> Found:
    """Those with ``typed`` in their number, name or another field; ``missing``: those who lack that field (``by_mail``: of
    those who have an e-mail address)."""
    roles.require(actor, SEE, group["account_id"])
    phone = phones.normalise(typed, home_country) if typed else None
    if phone is not None and not missing:
        row = find_contact(group, phone.e164, actor=actor)
        return Found([row] if row is not None else [], None)
    condition = _lacking(missing.strip().lower(), by_mail) if missing else _holding(" ".join(typed.lower().split()))
    start = keyset.below(before)
    bound = query_one(BOUND, (group["id"], start, LOOKED_THROUGH))
    end = bound["id"] + 1 if bound is not None else 0
    found: list[ContactRow] = []
    seen = 0
    for row in _candidates(group["id"], start, end, condition):
        seen += 1
        if condition.fits(row):
            found.append(row)
        if len(found) == limit or seen == MOST_CANDIDATES:
            return Found(found, row["id"])
    return Found(found, end or None)


def _candidates(group_id: int, start: int, end: int, condition: _Condition) -> Iterator[ContactRow]:
    sql = CANDIDATE.format(condition=condition.sql)
    while rows := query(sql, (group_id, start, end, *condition.parameters, CANDIDATES)):
        yield from rows
        if len(rows) < CANDIDATES:
            return
        start = rows[-1]["id"]


def _like(text: str) -> str:
    for char in (ESCAPE, "%", "_"):
        text = text.replace(char, ESCAPE + char)
    return f"%{text}%"


def _holding(text: str) -> _Condition:
    inside = json.dumps(text, ensure_ascii=False)[1:-1]  # as it stands in a contact's data
    spellings = dict.fromkeys((_like(text), _like(_capitals_beyond_ascii(text))))
    data = dict.fromkeys((_like(inside), _like(_capitals_beyond_ascii(inside))))
    digits = "".join(filter(str.isdigit, text)) if not any(map(str.isalpha, text)) else ""
    parts = [("phone LIKE ?", f"%{digits.lstrip('0')}%")] if digits.lstrip("0") else []
    parts += [(f"lower(name) LIKE ? ESCAPE '{ESCAPE}'", spelling) for spelling in spellings]
    parts += [(f"lower(data) LIKE ? ESCAPE '{ESCAPE}'", spelling) for spelling in data]

    def fits(row: ContactRow) -> bool:
        values = [row["name"] or "", *map(str, json.loads(row["data"] or "{}").values())]
        has_digits = bool(digits.lstrip("0")) and digits.lstrip("0") in row["phone"]
        return has_digits or any(text in value.lower() for value in values)

    return _Condition(" OR ".join(sql for sql, _ in parts), tuple(value for _, value in parts), fits)


def _capitals_beyond_ascii(text: str) -> str:
    """SQLite's lower() knows ASCII alone: ``É`` stays as it is there."""
    return "".join(char if char.isascii() else char.upper() for char in text)


def _lacking(field: str, by_mail: bool) -> _Condition:
    def fits(row: ContactRow) -> bool:
        return not audience.variables(row).get(field)

    among = "email IS NOT NULL AND " if by_mail else ""
    if field in ("name", "first_name"):
        return _Condition(f"{among}(name IS NULL OR name = '')", (), fits)
    key = json.dumps(field, ensure_ascii=False)
    return _Condition(
        f"{among}(data IS NULL OR lower(data) NOT LIKE ? ESCAPE '{ESCAPE}' OR lower(data) LIKE ? ESCAPE '{ESCAPE}')",
        (_like(f"{key}: "), _like(f'{key}: ""')),
        fits,
    )
