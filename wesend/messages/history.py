"""Lists of messages: one filter, the index that fits it, totals from the roll-up where it knows them."""

from __future__ import annotations

from typing import NamedTuple

from ..database import Row, marks, query, query_one, snapshot
from ..errors import MessageNotFound
from .statuses import CLAIMED, FINAL, LIVE_BULKS, QUEUED

UNSEEN = f"batch_id NOT IN (SELECT id FROM batches WHERE {LIVE_BULKS} AND state = 'intake')"
"""A bulk's messages are seen once all of it was accepted."""

CLOCK_SKEW_MS = 120_000
"""How far ids and creation times may disagree: a message's time is taken before its transaction."""


class Filter(NamedTuple):
    """What is asked for. ``since`` and ``until`` are creation instants, both inclusive.

    ``retrying``: of those that are queued, only the ones that were tried before (True) or were not (False).
    """

    account_id: int
    wallet_id: int | None = None
    statuses: tuple[str, ...] | None = None
    retrying: bool | None = None
    batch_id: int | None = None
    recipient: str | None = None
    since: int | None = None
    until: int | None = None
    channel: str = "sms"


def page(wanted: Filter, *, limit: int, offset: int) -> tuple[list[Row], int]:
    """Messages newest first, and how many there are in all."""
    with snapshot():
        return _page(wanted, limit, offset, None), count(wanted)


def chunk_before(wanted: Filter, last: int | None, size: int = 500) -> list[Row]:
    """The next messages below row id ``last`` (None: the newest), for reading everything a chunk at a time."""
    return _page(wanted, size, 0, last)


def find(account_id: int, uid: str, *, channel: str = "sms") -> Row:
    """One message of the account; MessageNotFound."""
    row = query_one("SELECT * FROM messages WHERE uid = ? AND account_id = ? AND channel = ?",
                    (uid, account_id, channel))
    if row is None or not visible(row["batch_id"]):
        raise MessageNotFound
    return row


def visible(batch_id: int) -> bool:
    """Whether a batch was accepted."""
    row = query_one("SELECT state FROM batches WHERE id = ?", (batch_id,))
    return row is not None and row[0] not in ("intake", "rejected")


def timeline(message_id: int) -> list[Row]:
    return query("SELECT * FROM message_events WHERE message_id = ? ORDER BY at, id", (message_id,))


def count(wanted: Filter) -> int:
    by_roll_up = _column_of_roll_up(wanted)
    if by_roll_up is not None:
        return query(f"SELECT coalesce(sum({by_roll_up}), 0) FROM daily_counts WHERE account_id = ?"
                     " AND wallet_id = coalesce(?, wallet_id)", (wanted.account_id, wanted.wallet_id))[0][0]
    where, parameters = _condition(wanted)
    return query(f"SELECT count(*) FROM messages INDEXED BY {_index(wanted)} WHERE {where}", parameters)[0][0]


def _column_of_roll_up(wanted: Filter) -> str | None:
    if wanted[4:8] != (None, None, None, None) or wanted.channel != "sms" or wanted.retrying is not None:
        return None
    if wanted.statuses is None:
        return "total"
    return " + ".join(wanted.statuses) if set(wanted.statuses) <= FINAL else None


def _page(wanted: Filter, limit: int, offset: int, before: int | None) -> list[Row]:
    """Ids by the index first: it alone decides the order, and only the rows of the page are read."""
    where, parameters = _condition(wanted)
    if before is not None:
        where, parameters = f"{where} AND id < ?", [*parameters, before]
    index = _index(wanted)
    if index == "ix_messages_account_status" and wanted.statuses is not None:
        # A status each, merged: an IN list over the index would have to sort everything it finds.
        each = []
        for status in wanted.statuses:
            one, values = _condition(wanted._replace(statuses=(status,)))
            one, values = (f"{one} AND id < ?", [*values, before]) if before is not None else (one, values)
            each.append((f"SELECT id FROM (SELECT id FROM messages INDEXED BY {index} WHERE {one} ORDER BY id DESC"
                         f" LIMIT ?)",
                         [*values, limit + offset]))
        ids = query(" UNION ALL ".join(sql for sql, _ in each) + " ORDER BY id DESC LIMIT ? OFFSET ?",
                    [value for _, values in each for value in values] + [limit, offset])
    else:
        ids = query(f"SELECT id FROM messages INDEXED BY {index} WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?",
                    [*parameters, limit, offset])
    found = [row[0] for row in ids]
    return query(f"SELECT * FROM messages WHERE id IN ({marks(found)}) ORDER BY id DESC", found) if found else []


def _index(wanted: Filter) -> str:
    if wanted.batch_id is not None:
        return "ix_messages_batch_id"
    if wanted.recipient is not None:
        return "ix_messages_recipient"
    if wanted.statuses is not None:
        return "ix_messages_account_status"
    return "ix_messages_wallet_id" if wanted.wallet_id is not None else "ix_messages_account_id"


def _condition(wanted: Filter) -> tuple[str, list]:
    parts, parameters = ["account_id = ?", "channel = ?", UNSEEN], [wanted.account_id, wanted.channel]
    for column in ("wallet_id", "batch_id", "recipient"):
        value = getattr(wanted, column)
        if value is not None:
            parts.append(f"{column} = ?")
            parameters.append(value)
    if wanted.statuses is not None:
        parts.append(f"status IN ({marks(wanted.statuses)})")
        parameters.extend(wanted.statuses)
    if wanted.retrying is not None:
        parts.append(f"({'' if wanted.retrying else 'NOT '}(attempts > 0 OR retry_count > 0)"
                     f" OR status NOT IN ('{QUEUED}', '{CLAIMED}'))")
    for instant, sign, bound in ((wanted.since, ">=", -CLOCK_SKEW_MS), (wanted.until, "<=", CLOCK_SKEW_MS)):
        if instant is not None:
            parts.append(f"created_at {sign} ? AND id {sign} ?")
            parameters.extend((instant, first_id_at(instant + bound)))
    return " AND ".join(parts), parameters


def first_id_at(instant: int) -> int:
    """About the first message of an instant, by halving: ids rise with time, and no index on time is needed."""
    newest = query("SELECT coalesce(max(id), 0) FROM messages")[0][0]
    low, high = 1, newest + 1
    while low < high:
        middle = (low + high) // 2
        row = query_one("SELECT id, created_at FROM messages WHERE id >= ? ORDER BY id LIMIT 1", (middle,))
        if row is None or row["created_at"] >= instant:
            high = middle
        else:
            low = row["id"] + 1
    return low
