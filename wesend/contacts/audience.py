"""Contacts as sends read them: whole groups page by page, those of some numbers or addresses, and what a text may name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from ..accounts import roles
from ..accounts.roles import SEE, Actor
from ..accounts.sides import SEEN, Side
from ..core.errors import GroupNotFound
from ..database import Row, keyset, marks, query, query_one
from .headers import detect

PAGE = 250
"""Contacts that are read at a time: 5 MB of the largest there may be. Earlier versions took half a megabyte in one."""


KEPT = "phone LIKE '+%'"
"""The contacts that somebody can be reached by: of who was erased a hash is left (`core/erased`)."""

COLUMNS = "(SELECT columns FROM groups WHERE id = c.group_id) AS columns"
"""The headers of the list that a contact ``c`` came with, for `variables`."""


def iterate(groups: Sequence[Row], page: int = PAGE, *, actor: Actor) -> Iterator[Row]:
    """Every contact of the groups, in the order of the groups, a page at a time; a phone in two comes with the
    first. GroupNotFound for one that is deleted meanwhile: a part of it is nobody's audience.
    """
    group_ids = _readable(groups, actor)
    for position, group_id in enumerate(group_ids):
        for rows in _pages(group_id, group_ids[:position], page):
            yield from rows
        _require_kept(group_id)


def _pages(group_id: int, earlier: list[int], page: int) -> Iterator[list[Row]]:
    """Pages of the group's contacts whose phone is in none of the groups before it."""
    unseen = (
        f" AND NOT EXISTS (SELECT 1 FROM contacts e WHERE e.group_id IN ({marks(earlier)}) AND e.phone = c.phone)"
        if earlier
        else ""
    )
    condition = f"group_id = ? AND id > ? AND {KEPT}{unseen}"
    sql = f"SELECT id, group_id, phone, country, name, data, {COLUMNS} FROM contacts c WHERE {condition} ORDER BY id LIMIT ?"
    return keyset.pages(lambda last: query(sql, (group_id, last, *earlier, page)))


def _readable(groups: Sequence[Row], actor: Actor) -> list[int]:
    for group in groups:
        roles.require(actor, SEE, group["account_id"])
    return [group["id"] for group in groups]


def iterate_mailable(groups: Sequence[Row], page: int = PAGE, *, actor: Actor) -> Iterator[Row]:
    """The contacts of the groups that have an e-mail address, a page at a time; an address may come again.
    GroupNotFound as `iterate`.
    """
    for group_id in _readable(groups, actor):
        for rows in _mailable_pages(group_id, page):
            yield from rows
        _require_kept(group_id)


def _require_kept(group_id: int) -> None:
    if not query_one("SELECT 1 FROM groups WHERE id = ? AND state = 'ready'", (group_id,)):
        raise GroupNotFound


def _mailable_pages(group_id: int, page: int) -> Iterator[list[Row]]:
    sql = f"SELECT c.*, {COLUMNS} FROM contacts c WHERE group_id = ? AND id > ? AND email IS NOT NULL ORDER BY id LIMIT ?"
    return keyset.pages(lambda last: query(sql, (group_id, last, page)))


def mailable_counts(account_id: int, *, actor: Actor) -> dict[int, int]:
    """How many contacts of each group have an e-mail address; groups without any are left out."""
    roles.require(actor, SEE, account_id)
    return {
        row[0]: row[1]
        for row in query(
            "SELECT group_id, count(*) FROM contacts WHERE account_id = ? AND email IS NOT NULL GROUP BY group_id", (account_id,)
        )
    }


NEWEST_BY = f"""
    SELECT c.*, {COLUMNS} FROM contacts c
    WHERE id IN (
        SELECT max(id) FROM contacts
        WHERE account_id = ? AND {{column}} IN ({{values}})
            AND EXISTS (SELECT 1 FROM groups WHERE id = contacts.group_id AND {SEEN})
        GROUP BY {{column}}
    )
"""


def find_by(account_id: int, column: str, values: list[str], *, side: Side | None = None, actor: Actor) -> dict[str, Row]:
    """The account's contacts whose ``phone`` (E.164) or ``email`` (lower case) is one of the values; the newest of
    each, of the groups that ``side`` sees.
    """
    roles.require(actor, SEE, account_id)
    assert column in ("phone", "email")
    if not values:
        return {}
    rows = query(NEWEST_BY.format(column=column, values=marks(values)), (account_id, *values, side))
    return {row[column]: row for row in rows}


def variables(contact: Row, columns: str | None = None) -> dict[str, str]:
    """What a text may name of a contact, keys in lower case; ``name``/``first_name`` and ``phone`` are built in.

    ``columns``: the list's headers (`COLUMNS`), of which the phone's and the name's are no fields, and are named all the same.
    """
    values = named(contact["phone"], contact["name"], json.loads(contact["data"]) if contact["data"] else {})
    for header, built_in in headed(columns) if columns else ():
        values.setdefault(header, values[built_in])
    return values


@lru_cache(maxsize=256)
def headed(columns: str) -> tuple[tuple[str, str], ...]:
    """The headers of a list's columns of phones and of names, in lower case, each with the variable that it is."""
    headers = json.loads(columns)
    found = [mapping for peoples in (False, True) if (mapping := detect(headers, peoples=peoples))]
    places = [place for mapping in found for place in ((mapping.phone, "phone"), (mapping.name, "name"))]
    return tuple((headers[place].strip().lower(), built_in) for place, built_in in places if place is not None)


def named(phone: str, name: str | None, fields: Mapping[str, str]) -> dict[str, str]:
    """The same of somebody who stands in no group."""
    values = {key.strip().lower(): value for key, value in fields.items()}
    name = name or values.get("name") or " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
    values["name"] = name
    values["first_name"] = values.get("first_name") or next(iter(name.split()), "")
    values["phone"] = values["phone_number"] = phone
    return values
