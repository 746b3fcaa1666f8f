"""One round trip with PostgreSQL: any number of statements go out together, and all their results come back.

psycopg's cursors do the same for several times the processor's time, which a send of ten statements feels.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import psycopg
from psycopg import pq
from psycopg.abc import PQGen
from psycopg.generators import fetch_many, send

from .calls import Call
from .records import Record, rows_of

FATAL, SYNC = pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_SYNC
PREPARED_AT_MOST, SEEN_AT_MOST = 300, 2_000  # statements of a session
FORGET = Call(b"DEALLOCATE ALL", once=True)


class Answer:
    """What a statement gave, with what wesend uses of sqlite3's cursors."""

    __slots__ = ("rows", "rowcount", "place")

    def __init__(self, rows: list[Record], rowcount: int):
        self.rows, self.rowcount, self.place = rows, rowcount, 0

    def fetchall(self) -> list[Record]:
        return self.rows

    def fetchone(self) -> Record | None:
        self.place += 1
        return self.rows[self.place - 1] if self.place <= len(self.rows) else None

    def __iter__(self) -> Any:
        return iter(self.rows)


class Refused(Exception):
    """A statement failed, and none after it was carried out. ``place``: which of those that were sent."""

    def __init__(self, error: psycopg.Error, place: int):
        super().__init__()
        self.error, self.place = error, place


Key = tuple[bytes, tuple[int, ...]]
"""A statement, and the types of its values."""


class Session:
    """A connection to talk by, and what its session has prepared: a statement from its second use on."""

    def __init__(self, raw: psycopg.Connection[Any], *, prepares: bool):
        self.raw, self.prepares = raw, prepares
        self.names: dict[Key, bytes] = {}
        self.seen: set[Key] = set()
        self.numbers = count()

    def exchange(self, calls: Sequence[Call]) -> list[Answer]:
        """Send them all, and wait once. Refused, or psycopg's error where the connection was lost."""
        if len(self.names) > PREPARED_AT_MOST:
            self.names.clear()
            return self.exchange([FORGET, *calls])[1:]
        pgconn = self.raw.pgconn
        pgconn.enter_pipeline_mode()
        sent: list[Key | None] = []  # of each result, what was prepared; None for a statement's own
        for call in calls:
            self._send(pgconn, call, sent)
        results = self.raw.wait(_results(pgconn))
        pgconn.exit_pipeline_mode()
        failed = next((place for place, result in enumerate(results) if result.status == FATAL), None)
        if failed is not None:
            for key in filter(None, sent[failed:]):
                self.names.pop(key, None)
            raise Refused(psycopg.errors.error_from_result(results[failed]), sent[:failed].count(None))
        return [
            Answer(rows_of(self.raw, result), result.command_tuples or 0)
            for result, key in zip(results, sent, strict=True)
            if key is None
        ]

    def _send(self, pgconn: Any, call: Call, sent: list[Key | None]) -> None:
        """Into libpq's buffer, which grows as far as is needed."""
        sql, oids, texts, formats, once = call
        key = (sql, oids)
        name = None if once else self.names.get(key)
        if name is None and self.prepares and not once:
            if key in self.seen:
                name = self.names[key] = b"s%d" % next(self.numbers)
                pgconn.send_prepare(name, sql, oids)
                sent.append(key)
            elif len(self.seen) < SEEN_AT_MOST:
                self.seen.add(key)
            else:
                self.seen.clear()
        if name is None:
            pgconn.send_query_params(sql, texts, oids, formats)
        else:
            pgconn.send_query_prepared(name, texts, formats)
        sent.append(None)


def _results(pgconn: Any) -> PQGen[list[Any]]:
    """One a statement and one a preparation."""
    pgconn.pipeline_sync()
    # All of it, before an answer is waited for: what the socket had no room for would never be sent.
    yield from send(pgconn)
    groups: list[list[Any]] = []
    while not groups or groups[-1][-1].status != SYNC:
        found = yield from fetch_many(pgconn)
        if not found:
            raise psycopg.OperationalError("the connection was lost")
        groups.append(found)
        if found[-1].status == FATAL and pgconn.status == pq.ConnStatus.BAD:
            break
    return [group[-1] for group in groups if group[-1].status != SYNC]
