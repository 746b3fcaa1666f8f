"""Contacts found by any of their fields, in a group or in all of an account; or by one that they lack.

A number is one look-up in an index. For all else contacts are looked at, newest first and so many at a time, until a page is
full or its time is over, and the page that follows goes on from there: one of a group of any size costs about the same, and a
name that nobody has is answered at once in a list of usual size. All of an account are looked at group by group, since a
group's contacts lie side by side in the table: by number, each would be a page of the file of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import SEE, Actor
from ..accounts.service import AccountInfo
from ..core import email_address, phones
from ..database import keyset, marks, query, query_one
from ..database.rows import ContactRow, GroupRow
from . import audience
from .service import find_contact

LOOKED_THROUGH = 15_000
"""Contacts that are looked at in one go."""
SECONDS = 0.2
"""How long a page that is not full goes on: some 300,000 contacts."""
CANDIDATES = 200
"""Rows that are read at a time of those that may fit: a field's name in a contact's data looks like its value to SQL."""
MOST_CANDIDATES = 2_000
GROUPS_LOOKED_THROUGH = 100
"""Groups that are looked at in one go, of an account's: each is a query or two, however small it is."""
MOST_PLACES = 2_000
"""Rows that are read of who stands in which groups."""
ESCAPE = "!"


class Found(NamedTuple):
    """``last`` is the row id that the next page goes on below; None: everybody was looked at. ``looked``: at how many."""

    rows: list[ContactRow]
    last: int | None
    looked: int = 0


class Place(NamedTuple):
    """Where the next page of an account's contacts goes on: in this group below the row id, then in those made before it."""

    group_id: int
    below: int


class Person(NamedTuple):
    """Somebody as the newest group has them in which they fit, and all groups that they stand in: row id → name."""

    row: ContactRow
    groups: dict[int, str]


class People(NamedTuple):
    """``last``: None when everybody was looked at; ``looked``: at how many. ``is_full``: a page ended with as many as it shows,
    not with its time."""

    people: list[Person]
    last: Place | None
    is_full: bool = False
    looked: int = 0


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
    condition = _lacking(missing.strip().lower(), by_mail) if missing else _holding(typed)
    found, until = Found([], keyset.below(before)), _until()
    while found.last is not None and len(found.rows) < limit:
        more = _Look(condition, limit - len(found.rows)).through(group, found.last)
        found = Found(found.rows + more.rows, more.last, found.looked + more.looked)
        if time.monotonic() >= until:
            break
    return found


def _until() -> float:
    return time.monotonic() + SECONDS


def count_all(account_id: int, *, actor: Actor) -> int:
    """The contacts of an account's groups; somebody in two of them counts twice."""
    roles.require(actor, SEE, account_id)
    counted = query_one("SELECT sum(contact_count) FROM groups WHERE account_id = ? AND state = 'ready'", (account_id,))
    return int(counted[0] or 0) if counted is not None else 0


GROUPS = """
    SELECT * FROM groups WHERE account_id = ? AND state = 'ready' AND contact_count > 0 AND id <= ? ORDER BY id DESC LIMIT ?
"""
START = Place(keyset.LAST_ID, keyset.LAST_ID)


def search_account(account: AccountInfo, typed: str, *, place: Place = START, limit: int, actor: Actor) -> People:
    """Everybody of an account with ``typed`` in their number, name or another field, those of the newest group first; each
    comes once, in however many groups."""
    roles.require(actor, SEE, account.id)
    at_once = _looked_up(account, typed, limit) if typed else None
    if at_once is not None:
        return People(_with_groups(account.id, at_once), None)
    condition = _reachable(_holding(typed) if typed else EVERYBODY)
    found = _Found([], place, 0)
    until = _until()
    while found.last is not None and len(found.rows) < limit:
        more = _looked_through(account.id, condition, found.last, limit - len(found.rows))
        found = _Found(found.rows + more.rows, more.last, found.looked + more.looked)
        if time.monotonic() >= until:
            break
    came_before = _of_pages_before(account.id, found.rows, condition, place)
    shown = [row for row in found.rows if row["phone"] not in came_before]
    return People(_with_groups(account.id, shown), found.last, len(found.rows) == limit, found.looked)


OF_PHONE = """
    SELECT * FROM contacts c WHERE account_id = ? AND phone = ?
        AND EXISTS (SELECT 1 FROM groups WHERE id = c.group_id AND state = 'ready')
    ORDER BY group_id DESC LIMIT 1
"""
OF_EMAIL = """
    SELECT * FROM contacts c WHERE account_id = ? AND email = ?
        AND EXISTS (SELECT 1 FROM groups WHERE id = c.group_id AND state = 'ready')
    ORDER BY group_id DESC, id DESC LIMIT ?
"""


def _looked_up(account: AccountInfo, typed: str, limit: int) -> list[ContactRow] | None:
    """Those of a whole number or e-mail address, by an index; None: everybody is to be looked through."""
    phone = phones.normalise(typed, account.country)
    if phone is not None:
        return query(OF_PHONE, (account.id, phone.e164))
    if email_address.OPTED_OUT.fullmatch(typed.lower()):
        rows: list[ContactRow] = query(OF_EMAIL, (account.id, typed.lower(), limit + 1))
        return rows if 0 < len(rows) <= limit else None
    return None


class _Found(NamedTuple):
    rows: list[ContactRow]
    last: Place | None
    looked: int


def _looked_through(account_id: int, condition: _Condition, place: Place, limit: int) -> _Found:
    groups = query(GROUPS, (account_id, place.group_id, GROUPS_LOOKED_THROUGH + 1))
    look, found, looked = _Look(condition, limit), list[ContactRow](), 0
    for group in groups[:GROUPS_LOOKED_THROUGH]:
        here = look.through(group, place.below if group["id"] == place.group_id else keyset.LAST_ID)
        found += here.rows
        looked += here.looked
        if here.last is not None:
            return _Found(found, Place(group["id"], here.last), looked)
    left = groups[GROUPS_LOOKED_THROUGH:]
    return _Found(found, Place(left[0]["id"], keyset.LAST_ID) if left else None, looked)


BEFORE = """
    SELECT * FROM contacts WHERE account_id = ? AND phone IN ({phones}) AND (group_id, id) >= (?, ?) AND ({condition})
        AND EXISTS (SELECT 1 FROM groups WHERE id = contacts.group_id AND state = 'ready')
    LIMIT ?
"""


def _of_pages_before(account_id: int, found: list[ContactRow], condition: _Condition, place: Place) -> set[str]:
    """The phones of those who were on a page before: in a group made after the one that this page begins in, or above its place
    there."""
    wanted = list({row["phone"] for row in found})
    if place == START or not wanted:
        return set()
    sql = BEFORE.format(phones=marks(wanted), condition=condition.sql)
    rows: list[ContactRow] = query(sql, (account_id, *wanted, *place, *condition.parameters, MOST_PLACES))
    return {row["phone"] for row in rows if condition.fits(row)}


GROUPS_OF = """
    SELECT c.phone, g.id, g.name FROM contacts c JOIN groups g ON g.id = c.group_id
    WHERE c.account_id = ? AND c.phone IN ({phones}) AND g.state = 'ready'
    ORDER BY g.id DESC LIMIT ?
"""


def _with_groups(account_id: int, found: list[ContactRow]) -> list[Person]:
    """Each of those that were found once, with their groups."""
    people: dict[str, Person] = {}
    for row in found:
        people.setdefault(row["phone"], Person(row, {}))
    if people:
        for place in query(GROUPS_OF.format(phones=marks(list(people))), (account_id, *people, MOST_PLACES)):
            people[place["phone"]].groups[place["id"]] = place["name"]
    return list(people.values())


class _Look:
    """What is looked through in one go, in one group or several: so many contacts, and so many of those that may fit."""

    def __init__(self, condition: _Condition, limit: int):
        self.condition, self.limit = condition, limit
        self.contacts, self.candidates = LOOKED_THROUGH, MOST_CANDIDATES

    def through(self, group: GroupRow, start: int) -> Found:
        """Those of the group below the row id ``start``."""
        end = self._end(group, start)
        found: list[ContactRow] = []
        for row in _candidates(group["id"], start, end, self.condition):
            self.candidates -= 1
            if self.condition.fits(row):
                found.append(row)
                self.limit -= 1
            if not self.limit or not self.candidates:
                return Found(found, row["id"], _between(group, row["id"], start))
        return Found(found, end or None, _between(group, end, start))

    def _end(self, group: GroupRow, start: int) -> int:
        """The row id above which is looked; 0: all that is left of the group."""
        if group["contact_count"] <= self.contacts:
            self.contacts -= group["contact_count"]
            return 0
        bound = query_one(BOUND, (group["id"], start, self.contacts))
        return bound["id"] + 1 if bound is not None else 0


BETWEEN = "SELECT count(*) FROM contacts WHERE group_id = ? AND id < ? AND id >= ?"


def _between(group: GroupRow, end: int, start: int) -> int:
    """How many contacts of the group are at or above the row id ``end``, below ``start``."""
    if start == keyset.LAST_ID and not end:
        return group["contact_count"]
    counted = query_one(BETWEEN, (group["id"], start, end))
    assert counted is not None
    return counted[0]


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


EVERYBODY = _Condition("1 = 1", (), lambda _row: True)


def _reachable(condition: _Condition) -> _Condition:
    """But for those who were erased."""
    return condition._replace(sql=f"{audience.KEPT} AND ({condition.sql})")


def _holding(typed: str) -> _Condition:
    text = " ".join(typed.lower().split())
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
