"""Search: what people type into one field is a number, an id, a batch or a text; each is found by what is quick for it."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...accounts.service import AccountInfo
from ...core import phones
from ...core.channels import EMAIL, SMS
from ...database import Row, query_one
from ...database.rows import MessageRow
from ..state.mail_texts import Reader
from .history import Filter, chunk_after

PUBLIC_ID = re.compile(r"(?:msg[-_]|batch[-_])?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)
LOOKED_THROUGH = 20_000
"""Messages that one search of a text looks at: about a quarter of a second. It goes on from there when asked to."""


PUT_TOGETHER = 20 * 2**20
"""Characters of mails that one search puts together; it goes on from there as well."""
CHUNK = {SMS: 500, EMAIL: 50}
"""Messages read at a time: a mail of an earlier version holds its text, of up to 1 MB."""


class Search(NamedTuple):
    """A filter, and a text (in lower case) that is looked for in what it lets through."""

    wanted: Filter
    text: str = ""
    only_id: int | None = None


class Found(NamedTuple):
    """``last`` is the last message that was looked at, where there may be more after it."""

    rows: list[MessageRow]
    last: Row | None


def read(account: AccountInfo, typed: str, wanted: Filter, *, actor: Actor) -> Search:
    """What was typed, beside the other filters; nothing typed is no search."""
    roles.require(actor, SEE, account.id)
    typed = " ".join(typed.split())
    named = PUBLIC_ID.fullmatch(typed)
    if named:
        return _by_id(account, named[1].lower(), wanted)
    phone = phones.normalise(typed, account.country)
    if phone is not None:
        return Search(wanted._replace(recipient=phone.e164))
    return Search(wanted, typed.lower())


def _by_id(account: AccountInfo, uid: str, wanted: Filter) -> Search:
    batch = query_one("SELECT id FROM batches WHERE uid = ? AND account_id = ?", (uid, account.id))
    if batch is not None:
        return Search(wanted._replace(batch_id=batch[0]))
    message = query_one("SELECT id, batch_id FROM messages WHERE uid = ? AND account_id = ?", (uid, account.id))
    if message is None:
        return Search(wanted._replace(batch_id=0))
    return Search(wanted._replace(batch_id=message["batch_id"]), only_id=message["id"])


def find(search: Search, last: Row | None, limit: int, *, actor: Actor) -> Found:
    """Up to ``limit`` messages after ``last``, newest first."""
    if not search.text and search.only_id is None:
        rows = chunk_after(search.wanted, last, limit + 1, actor=actor)
        return Found(rows[:limit], rows[limit - 1] if len(rows) > limit else None)
    if search.only_id is not None:
        last = _just_before(search)
    found: list[MessageRow] = []
    reader, size = Reader(), CHUNK[search.wanted.channel]
    for _ in range(LOOKED_THROUGH // size):
        rows = chunk_after(search.wanted, last, size, actor=actor)
        for row in rows:
            if _fits(search, row, reader):
                found.append(row)
            if len(found) == limit or reader.filled > PUT_TOGETHER:
                return Found(found, row)
        if len(rows) < size or search.only_id is not None:
            return Found(found, None)
        last = rows[-1]
    return Found(found, last)


def _just_before(search: Search) -> Row | None:
    """From where on the one message is the first: it may stand deep in a bulk."""
    return query_one("SELECT id + 1 AS id, day FROM messages WHERE id = ?", (search.only_id,))


def _fits(search: Search, row: Row, reader: Reader) -> bool:
    if search.only_id is not None:
        return row["id"] == search.only_id
    return search.text in "\n".join((reader.text_of(row), row["subject"] or "", row["recipient"])).lower()


def place(account_id: int, message_id: int, *, actor: Actor) -> Row | None:
    """Where a page goes on: the account's message of this row id."""
    roles.require(actor, SEE, account_id)
    return query_one("SELECT id, day FROM messages WHERE id = ? AND account_id = ?", (message_id, account_id))
