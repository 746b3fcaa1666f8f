"""The ceiling: a send's transaction in bare sqlite3, synchronous=FULL, one commit a send.

The statements are not written down here: two real sends are recorded, and what differs between them is what a replay
has to fill in. So it is always the transaction that wesend makes today.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from wesend import create_app, database
from wesend.accounts.service import get_account
from wesend.core import settings
from wesend.core.ids import new_id
from wesend.database.sqlite import SqliteWriter
from wesend.messages.reporting.sent import Sent
from wesend.messages.sending import send
from wesend.messages.sending.compose import Composer, read_recipients
from wesend.messages.sending.options import Origin
from wesend.wallets.service import find_wallet

from ..support.published import WALLETS
from .load import Load, summary

NEW = ("batch_id", "batch_uid", "message_id", "message_uid")


class Statement(NamedTuple):
    """``slots``: place of a parameter → which of NEW stands there."""

    sql: str
    parameters: list[Any]
    many: bool
    slots: dict[int, str]


class _Cursor(sqlite3.Cursor):
    log: list[tuple[str, list, bool]]

    def execute(self, sql, parameters=()):
        self.log.append((sql, list(parameters), False))
        return super().execute(sql, parameters)

    def executemany(self, sql, rows):
        (row,) = rows
        self.log.append((sql, list(row), True))
        return super().executemany(sql, [row])


class _Recorded:
    """Stands where a transaction expects its connection."""

    def __init__(self, connection: sqlite3.Connection, log: list):
        self.connection, self.log = connection, log

    def cursor(self) -> _Cursor:
        cursor = _Cursor(self.connection)
        cursor.log = self.log
        return cursor

    def execute(self, sql, parameters=()):
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql, rows):
        return self.cursor().executemany(sql, rows)


@contextmanager
def _recording(log: list) -> Iterator[None]:
    def recorded(connection: sqlite3.Connection) -> database.Tx:
        return database.Tx(_Recorded(connection, log))  # type: ignore[arg-type]

    SqliteWriter.tx = staticmethod(recorded)  # type: ignore[assignment]
    try:
        yield
    finally:
        SqliteWriter.tx = database.Tx


def record(instance: Path) -> list[Statement]:
    """The statements of one send from the sandbox's wallet, with their slots."""
    app = create_app(settings.load({"WESEND_INSTANCE": str(instance)}))
    with app.app_context():
        # Not recorded: it warms caches, and after its two messages no batch has the id of its message.
        _send("+256772000001", "+256772000002")
        (first, first_new), (second, second_new) = _recorded_send("+256772000001"), _recorded_send("+256772000002")
        app.extensions["wesend.database"].close()
        database.orm().engine.dispose()
    assert [entry[0] for entry in first] == [entry[0] for entry in second], "two sends are not the same transaction"
    return [
        Statement(sql, parameters, many, _slots(parameters, first_new, others, second_new))
        for (sql, parameters, many), (_, others, _) in zip(first, second, strict=True)
    ]


def _recorded_send(to: str) -> tuple[list[tuple[str, list, bool]], dict[str, Any]]:
    """Its statements, and what was new in them."""
    log: list[tuple[str, list, bool]] = []
    with _recording(log):
        sent = _send(to)
    (message,) = sent.messages
    assert any(sql.startswith("INSERT INTO batches") for sql, _, _ in log), "its transaction was not seen"
    return log, dict(zip(NEW, (sent.batch["id"], sent.batch["uid"], message["id"], message["uid"]), strict=True))


def _send(*recipients: str) -> Sent:
    wallet = find_wallet(WALLETS["wesendall"][0], actor="test")
    composer = Composer(get_account(wallet.account_id), wallet, "Hello")
    return send.send(composer, read_recipients(recipients, "UG"), actor="test", origin=Origin("cli"))


def _slots(parameters: list, new: dict, others: list, other_new: dict) -> dict[int, str]:
    return {
        place: name
        for place, (value, other) in enumerate(zip(parameters, others, strict=True))
        for name in NEW
        if value == new[name] and other == other_new[name]
    }


def replay(connection: sqlite3.Connection, statements: list[Statement]) -> None:
    """One transaction; the caller's ``with connection`` commits it."""
    new: dict[str, Any] = {"batch_uid": new_id(), "message_uid": new_id()}
    connection.execute("BEGIN IMMEDIATE")
    for sql, parameters, many, slots in statements:
        values = parameters.copy()
        for place, name in slots.items():
            values[place] = new[name]
        if many:
            connection.executemany(sql, [values])
            continue
        cursor = connection.execute(sql, values)
        if sql.startswith("INSERT INTO batches"):
            new["batch_id"] = cursor.lastrowid
        elif sql.startswith("INSERT INTO messages"):
            new["message_id"] = cursor.lastrowid
        elif cursor.description:
            cursor.fetchall()


def run(instance: Path, statements: list[Statement], concurrency: int, seconds: float) -> Load:
    """Replay from as many threads, one transaction at a time, as a server must."""
    turn = threading.Lock()
    taken: list[list[float]] = [[] for _ in range(concurrency)]
    end = time.perf_counter() + seconds

    def work(own: list[float]) -> None:
        connection = sqlite3.connect(instance / "wesend.db", isolation_level=None, timeout=15, cached_statements=512)
        with closing(connection):
            database.configure(connection)
            while (started := time.perf_counter()) < end:
                with turn, connection:
                    replay(connection, statements)
                own.append(time.perf_counter() - started)

    with ThreadPoolExecutor(concurrency) as pool:
        for done in [pool.submit(work, own) for own in taken]:
            done.result()
    return summary([each for own in taken for each in own], seconds, errors=0)
