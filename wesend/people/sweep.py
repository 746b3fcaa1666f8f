"""The sweep: every table is looked through for a person's addresses, a stretch of ids at a time, without a lock.

What is found is replaced in short transactions. What waits to be sent to somebody else is left as it is until it has left.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

from ..core.chunks import chunks
from ..database import Row, Tx, marks, query, query_one, write
from ..messages.state.statuses import WAITING
from . import messages, rows
from .mentions import Mentions
from .person import Person
from .tables import Place, places

STRETCH = 20_000
"""Ids that one query looks through: some 50 ms, of a reader."""
CHUNK = 50
OF_BATCH = "SELECT 1 FROM batches WHERE uid = ? AND text LIKE ?"
OF_MESSAGE = "SELECT 1 FROM messages WHERE uid = ? AND recipient IN ({tokens})"
OVER = ("finished", "cancelled", "rejected", "refused")
"""The states of batches whose text nobody needs any more."""


class Swept:
    """Rows that were changed, by table; and those that can't be yet."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.left = 0


def sweep(person: Person, mentions: Mentions, done: messages.Wiped) -> Swept:
    swept = Swept()
    for place in places():
        for ids in found_in(place, person, mentions):
            _erase(place, ids, person, mentions, done, swept)
    return swept


def kept_in(person: Person, mentions: Mentions) -> list[str]:
    """The tables of what was set up in which the person stands."""
    return [place.table for place in places(configuration=True) if any(found_in(place, person, mentions))]


def found_in(place: Place, person: Person, mentions: Mentions) -> Iterator[list[int]]:
    """The ids of the rows that name the person; none where rows are nobody's and one account's are asked for."""
    if person.account_id is not None and place.of_account is None:
        return
    own = "" if person.account_id is None else f" AND {place.of_account}"
    whole = " || ' ' || ".join(f"coalesce({column}, '')" for column in _quoted(place))
    named = " OR ".join(f"lower({whole}) LIKE ? ESCAPE '\\'" for _ in mentions.likes)
    of_messages = _recipients(person) if place.table == "webhook_deliveries" else ()
    if of_messages:  # an event may tell a text, and no number
        named += f" OR EXISTS (SELECT 1 FROM messages WHERE uid = subject AND recipient IN ({marks(of_messages)}))"
    sql = f"SELECT id FROM {place.table} WHERE id > ? AND id <= ?{own} AND ({named}) ORDER BY id"
    limits = query_one(f"SELECT coalesce(min(id), 1) AS first, coalesce(max(id), 0) AS last FROM {place.table}")
    assert limits is not None
    account = () if person.account_id is None else (person.account_id,)
    for begin in range(limits["first"] - 1, limits["last"], STRETCH):
        ids = [row["id"] for row in query(sql, (begin, begin + STRETCH, *account, *mentions.likes, *of_messages))]
        yield from chunks(ids, CHUNK)


def _recipients(person: Person) -> tuple[str, ...]:
    """As messages of theirs have them, before and after they are erased."""
    return (*person.addresses, *person.tokens.values())


def _quoted(place: Place) -> list[str]:
    return [f'"{column}"' for column in place.columns]


def _erase(place: Place, ids: list[int], person: Person, mentions: Mentions, done: messages.Wiped, swept: Swept) -> None:
    if place.table == "messages":
        theirs = [row["id"] for row in _rows("messages", ids) if row["recipient"].lower() in person.addresses]
        messages.erase_some(theirs, person, mentions, done)
        ids = [message_id for message_id in ids if message_id not in set(theirs)]
    if place.table == "incoming_messages":
        theirs = [row for row in _rows(place.table, ids) if mentions.are_in(row["sender"]) and row["state"] != "new"]
        write(lambda tx: rows.erase_incoming(tx, theirs, person))
    changed, left = write(lambda tx: _replace(tx, place, ids, person, mentions)) if ids else (0, 0)
    swept.rows[place.table] += changed
    swept.left += left


def _rows(table: str, ids: list[int]) -> list[Row]:
    return query(f"SELECT * FROM {table} WHERE id IN ({marks(ids)})", ids) if ids else []


def _replace(tx: Tx, place: Place, ids: list[int], person: Person, mentions: Mentions) -> tuple[int, int]:
    """How many rows were changed, and how many are needed as they are."""
    changed = left = 0
    for row in tx.all(f"SELECT * FROM {place.table} WHERE id IN ({marks(ids)})", ids):
        if _is_needed(place.table, row):
            left += 1
            continue
        kept = ("text", "subject") if place.table == "batches" and row["state"] not in OVER and row["queued"] else ()
        within = _is_about(tx, place.table, row, person)
        to_others = place.table == "campaign_drafts" and not _is_to_them_alone(row["form"], mentions)
        new = {
            column: mentions.replaced(row[column]) if to_others else mentions.scrub_json(row[column], within=within)
            for column in place.columns
            if row[column] is not None and column not in kept and (within or mentions.are_in(row[column]))
        }
        new = {column: value for column, value in new.items() if value != row[column]}
        left += any(row[column] is not None and mentions.are_in(row[column]) for column in kept)
        if new:
            assignments = ", ".join(f'"{column}" = ?' for column in new)
            tx.execute(f"UPDATE {place.table} SET {assignments} WHERE id = ?", (*new.values(), row["id"]))
            changed += 1
        if within and place.table == "webhook_deliveries":
            tx.execute("UPDATE webhook_attempts SET answer = NULL WHERE delivery_id = ?", (row["id"],))
    return changed, left


def _is_needed(table: str, row: Row) -> bool:
    """Whether somebody else would get another text, or an answer under way would be lost."""
    if table == "messages":
        return row["status"] in WAITING
    if table == "batches":
        return row["state"] == "intake"
    if table in ("incoming_messages", "brought_receipts"):
        return row["state"] == "new"
    return table == "deposits" and row["status"] == "pending"


def _is_to_them_alone(form: str, mentions: Mentions) -> bool:
    """Whether a draft is to nobody else: its text is of others, too, where it goes to a list or to more numbers."""
    told = json.loads(form)
    typed = f"{told.get('numbers', '')}\n{told.get('addresses', '')}"
    has_list = bool(told.get("group") or told.get("groups"))
    return not has_list and mentions.are_in(typed) and not re.search(r"\d|@", mentions.removed(typed))


def _is_about(tx: Tx, table: str, row: Row, person: Person) -> bool:
    """Whether all that a row tells is about the person: an event of a message of theirs, the answer to a call for it."""
    tokens = _recipients(person)
    if table == "webhook_deliveries":
        return tx.one(OF_MESSAGE.format(tokens=marks(tokens)), (row["subject"], *tokens)) is not None
    if table == "idempotency_keys" and (row["subject"] or "").startswith("batch:"):
        return tx.one(OF_BATCH, (row["subject"].removeprefix("batch:"), f"%{person.token}")) is not None
    return False
