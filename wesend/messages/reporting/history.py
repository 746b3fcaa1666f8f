"""Lists of messages: one filter, the index that fits it, and the roll-up, which knows how many there are a day.

Newest first means by day, then by id. A page far back skips whole days by their counts, and within its day it is
reached from the nearer end: so any page of a million costs about as much as the first.
"""

from __future__ import annotations

from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...accounts.service import get_account
from ...accounts.sides import Side
from ...core import clock
from ...core.chunks import chunks
from ...core.errors import MessageNotFound
from ...database import Row, marks, query, query_one, snapshot
from ...database.rows import MessageEventRow, MessageRow
from ...wallets.service import reaches
from ..state.statuses import ALL, BUCKETS, CLAIMED, FAILED, FINAL, QUEUED, UNACCEPTED

BY_DAY = {"ix_messages_account_day", "ix_messages_wallet_day", "ix_messages_account_status"}
"""Indices that hold the messages in the order of their days; the others' messages are few, or all of one day."""

LATEST = 250_000_000_000_000
"""An instant that every zone can still show as a date (the year 9892)."""
COUNT_BY_DAY = """
    SELECT day, sum({counters}) FROM daily_counts
    WHERE account_id = ?{wallets} AND day BETWEEN ? AND ? GROUP BY day ORDER BY day DESC
"""
COUNT_OF_BATCH = """
    SELECT {counters} FROM batches
    WHERE id = ? AND account_id = ? AND channel = ? AND state NOT IN ('intake', 'rejected'){wallets}
"""
HIDDEN = f"""
    SELECT id FROM batches b WHERE {UNACCEPTED} AND (SELECT id FROM messages WHERE batch_id = b.id LIMIT 1) IS NOT NULL
"""
"""Batches whose messages nobody sees yet. (EXISTS is a join to PostgreSQL, which then walks all messages for it.)"""


class Filter(NamedTuple):
    """What is asked for. ``since`` and ``until`` are creation instants, both inclusive; ``wallet_ids`` None: of all wallets.

    ``retrying``: of those that are queued, only the ones that were tried before (True) or were not (False).
    """

    account_id: int
    wallet_ids: tuple[int, ...] | None = None
    statuses: tuple[str, ...] | None = None
    retrying: bool | None = None
    batch_id: int | None = None
    recipient: str | None = None
    since: int | None = None
    until: int | None = None
    channel: str = "sms"


class _Where(NamedTuple):
    """An SQL condition and its parameters."""

    sql: str
    parameters: tuple

    def also(self, sql: str, *parameters: object) -> _Where:
        return _Where(f"{self.sql} AND {sql}", (*self.parameters, *parameters))


def page(wanted: Filter, *, limit: int, offset: int, actor: Actor) -> tuple[list[MessageRow], int]:
    """Messages newest first, and how many there are in all."""
    roles.require(actor, SEE, wanted.account_id)
    with snapshot():
        days = _count_days(wanted)
        if days is not None:
            return _load(_ids_by_days(wanted, days, limit, offset)), sum(count for _, count in days)
        where = _condition(wanted)
        total = _count_batch(wanted)
        return _load(_ids(wanted, where, limit, offset)), _count(wanted, where) if total is None else total


def chunk_after(wanted: Filter, last: Row | None, size: int = 500, *, actor: Actor) -> list[MessageRow]:
    """The next messages after ``last`` (None: the newest), for reading everything a chunk at a time."""
    roles.require(actor, SEE, wanted.account_id)
    with snapshot():
        where = _condition(wanted)
        if last is not None and _index(wanted) in BY_DAY:
            where = where.also("(day, id) < (?, ?)", last["day"], last["id"])
        elif last is not None:
            where = where.also("id < ?", last["id"])
        return _load(_ids(wanted, where, size, 0))


def find(account_id: int, uid: str, *, channel: str = "sms", side: Side | None = None, actor: Actor) -> MessageRow:
    """One message of the account, of those that ``side`` sees; MessageNotFound."""
    roles.require(actor, SEE, account_id)
    return _seen(
        query_one("SELECT * FROM messages WHERE uid = ? AND account_id = ? AND channel = ?", (uid, account_id, channel)), side
    )


def find_all(account_id: int, uids: list[str], *, side: Side | None = None, actor: Actor) -> list[MessageRow]:
    """Those of some SMS of the account that there are and that ``side`` sees, in no order."""
    roles.require(actor, SEE, account_id)
    rows = [
        row
        for chunk in chunks(uids)
        for row in query(
            f"SELECT * FROM messages WHERE uid IN ({marks(chunk)}) AND account_id = ? AND channel = 'sms'", (*chunk, account_id)
        )
    ]
    return [row for row in rows if reaches(side, row["wallet_id"]) and visible(row["batch_id"])]


def find_by_id(account_id: int, message_id: int, *, channel: str, side: Side | None = None, actor: Actor) -> MessageRow:
    """The same by its row id."""
    roles.require(actor, SEE, account_id)
    return _seen(
        query_one("SELECT * FROM messages WHERE id = ? AND account_id = ? AND channel = ?", (message_id, account_id, channel)), side
    )


def _seen(row: MessageRow | None, side: Side | None) -> MessageRow:
    if row is None or not reaches(side, row["wallet_id"]) or not visible(row["batch_id"]):
        raise MessageNotFound
    return row


def page_of_batch(batch: Row, *, limit: int, offset: int, actor: Actor) -> list[MessageRow]:
    """Some messages of a batch, oldest first."""
    roles.require(actor, SEE, batch["account_id"])
    return query("SELECT * FROM messages WHERE batch_id = ? ORDER BY id LIMIT ? OFFSET ?", (batch["id"], limit, offset))


def holds(batch: Row, status: str, *, actor: Actor) -> bool:
    """Whether a message of the batch has this status."""
    roles.require(actor, SEE, batch["account_id"])
    return query_one("SELECT 1 FROM messages WHERE batch_id = ? AND status = ? LIMIT 1", (batch["id"], status)) is not None


def visible(batch_id: int) -> bool:
    """Whether a batch was accepted."""
    row = query_one("SELECT state FROM batches WHERE id = ?", (batch_id,))
    return row is not None and row[0] not in ("intake", "rejected")


def timeline(message: MessageRow, *, actor: Actor) -> list[MessageEventRow]:
    """What happened to a message, oldest first."""
    roles.require(actor, SEE, message["account_id"])
    return query("SELECT * FROM message_events WHERE message_id = ? ORDER BY at, id", (message["id"],))


def _count_days(wanted: Filter) -> list[tuple[str, int]] | None:
    """(day, messages) newest first, from the roll-up; None where it does not know."""
    if (wanted.batch_id, wanted.recipient, wanted.retrying, wanted.channel) != (None, None, None, "sms"):
        return None
    if wanted.statuses is not None and not set(wanted.statuses) <= FINAL:
        return None
    (low, starts), (high, ends) = _first_day(wanted), _last_day(wanted)
    partial = {day for day, whole in ((low, starts), (high, ends)) if not whole}
    wallets, ids = of_wallets(wanted.wallet_ids)
    sql = COUNT_BY_DAY.format(counters=" + ".join(wanted.statuses or ("total",)), wallets=wallets)
    rows = query(sql, (wanted.account_id, *ids, low, high))
    return [(day, _count(wanted, _condition(wanted, day)) if day in partial else count) for day, count in rows]


def _count_batch(wanted: Filter) -> int | None:
    """What the batch's row knows of a whole batch: reading its 100,000 messages' index took 15 ms. None where it does
    not know."""
    if wanted.batch_id is None or (wanted.recipient, wanted.retrying, wanted.since, wanted.until) != (None, None, None, None):
        return None
    statuses = set(wanted.statuses or ALL)
    counters = {BUCKETS[status] for status in statuses}
    if any(BUCKETS[status] in counters and status not in statuses for status in ALL):
        return None
    wallets, ids = of_wallets(wanted.wallet_ids)
    sql = COUNT_OF_BATCH.format(counters=" + ".join(sorted(counters)), wallets=wallets)
    rows = query(sql, (wanted.batch_id, wanted.account_id, wanted.channel, *ids))
    return rows[0][0] if rows else 0


def _ids_by_days(wanted: Filter, days: list[tuple[str, int]], limit: int, offset: int) -> list[int]:
    found: list[int] = []
    for day, count in days:
        if offset >= count:
            offset -= count
            continue
        where, missing = _condition(wanted, day), min(limit - len(found), count - offset)
        if offset <= count // 2:
            found += _ids(wanted, where, missing, offset)
        else:
            found += reversed(_ids(wanted, where, missing, count - offset - missing, newest_first=False))
        offset = 0
        if len(found) == limit:
            break
    return found


def _first_day(wanted: Filter) -> tuple[str, bool]:
    """The day of ``since``, and whether all of it is meant."""
    if wanted.since is None:
        return "", True
    zone, since = get_account(wanted.account_id).time_zone, min(max(wanted.since, 0), LATEST)
    day = clock.day_of(since, zone)
    return day, clock.start_of_day(day, zone) == since


def _last_day(wanted: Filter) -> tuple[str, bool]:
    """The day of ``until``, and whether all of it is meant."""
    if wanted.until is None:
        return "9999-99-99", True
    zone, until = get_account(wanted.account_id).time_zone, min(max(wanted.until, 0), LATEST)
    day = clock.day_of(until, zone)
    return day, clock.start_of_day(clock.days_before(day, -1), zone) == until + 1


def _index(wanted: Filter) -> str:
    if wanted.batch_id is not None:
        return "ix_messages_batch_failed" if wanted.statuses == (FAILED,) else "ix_messages_batch_id"
    if wanted.recipient is not None:
        return "ix_messages_recipient"
    if wanted.statuses is not None:
        return "ix_messages_account_status"
    return "ix_messages_wallet_day" if wanted.wallet_ids is not None else "ix_messages_account_day"


def of_wallets(wallet_ids: tuple[int, ...] | None) -> tuple[str, tuple[int, ...]]:
    """A condition that begins with AND, and its parameters."""
    return ("", ()) if wallet_ids is None else (f" AND wallet_id IN ({marks(wallet_ids)})", wallet_ids)


def _condition(wanted: Filter, day: str | None = None) -> _Where:
    """Everything but what `_parts` tells apart, on one day or all. Columns of the index as far as it can be: a row costs
    ten times."""
    if wanted.batch_id is not None:
        where = _Where(
            "batch_id = (SELECT id FROM batches WHERE id = ? AND account_id = ? AND channel = ?)",
            (wanted.batch_id, wanted.account_id, wanted.channel),
        )
    elif _index(wanted) == "ix_messages_wallet_day":
        where = _Where("channel = ?", (wanted.channel,))
    else:
        where = _Where("account_id = ? AND channel = ?", (wanted.account_id, wanted.channel))
    if wanted.wallet_ids is not None and _index(wanted) != "ix_messages_wallet_day":
        where = where.also(f"wallet_id IN ({marks(wanted.wallet_ids)})", *wanted.wallet_ids)
    if wanted.recipient is not None:
        where = where.also("recipient = ?", wanted.recipient)
    if wanted.retrying is not None:
        where = where.also(
            f"({'' if wanted.retrying else 'NOT '}(attempts > 0 OR retry_count > 0) OR status NOT IN ('{QUEUED}', '{CLAIMED}'))"
        )
    if day is not None:
        where = where.also("day = ?", day)
    for instant, (bound, whole), sign in ((wanted.since, _first_day(wanted), ">="), (wanted.until, _last_day(wanted), "<=")):
        if instant is not None and day is None:
            where = where.also(f"day {sign} ?", bound)
        if instant is not None and not whole and day in (None, bound):
            where = where.also(f"created_at {sign} ?", instant)
    hidden = [row[0] for row in query(HIDDEN)]
    return where.also(f"batch_id NOT IN ({marks(hidden)})", *hidden) if hidden else where


def _parts(wanted: Filter, where: _Where) -> list[_Where]:
    """One a status, or one a wallet where the index begins with it: an IN list there would sort everything it finds."""
    if _index(wanted) == "ix_messages_batch_failed":
        return [where.also(f"status = '{FAILED}'")]  # the index's own condition, word for word
    if wanted.statuses is not None:
        return [where.also("status = ?", status) for status in wanted.statuses]
    if wanted.wallet_ids is not None and _index(wanted) == "ix_messages_wallet_day":
        return [where.also("wallet_id = ?", wallet_id) for wallet_id in wanted.wallet_ids]
    return [where]


def _ids(wanted: Filter, where: _Where, limit: int, offset: int, *, newest_first: bool = True) -> list[int]:
    """Ids by the index alone: it decides the order, and only the rows of the page are read; the parts are merged."""
    index, end = _index(wanted), "DESC" if newest_first else "ASC"
    order = f"ORDER BY day {end}, id {end}" if index in BY_DAY else f"ORDER BY id {end}"
    parts = _parts(wanted, where)
    if len(parts) == 1:
        rows = query(
            f"SELECT id FROM messages INDEXED BY {index} WHERE {parts[0].sql} {order} LIMIT ? OFFSET ?",
            (*parts[0].parameters, limit, offset),
        )
    else:
        union = " UNION ALL ".join(
            f"SELECT * FROM (SELECT id, day FROM messages INDEXED BY {index} WHERE {part.sql} {order} LIMIT ?) AS part"
            for part in parts
        )
        values = [value for part in parts for value in (*part.parameters, limit + offset)]
        rows = query(f"SELECT id FROM ({union}) AS found {order} LIMIT ? OFFSET ?", (*values, limit, offset))
    return [row[0] for row in rows]


def _count(wanted: Filter, where: _Where) -> int:
    return sum(
        query(f"SELECT count(*) FROM messages INDEXED BY {_index(wanted)} WHERE {part.sql}", part.parameters)[0][0]
        for part in _parts(wanted, where)
    )


def _load(ids: list[int]) -> list[MessageRow]:
    """The rows of these ids, in their order."""
    found = {row["id"]: row for row in query(f"SELECT * FROM messages WHERE id IN ({marks(ids)})", ids)} if ids else {}
    return [found[message_id] for message_id in ids]


CLOCK_SKEW_MS = 120_000
"""How far ids and creation times may disagree: a message's time is taken before its transaction."""


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
