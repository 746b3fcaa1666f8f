"""Write transactions: one at a time over all hosts, in few round trips, and never in doubt for long."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ...core import clock
from ...core.errors import DatabaseUnavailable
from ..errors import NothingDone, PostgresError
from ..transaction import RowKey, Tx
from .calls import Call, PutOff, call_of
from .connection import Connection
from .once import Once
from .pool import Pool
from .seen_version import SeenVersion
from .transaction import PostgresTx, StepByStep

GATE = 0x776573656E640001
"""Number of the advisory lock that every write transaction of a database holds."""
BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
LOCK = f"""
    SELECT set_config('lock_timeout', '2s', true), set_config('idle_in_transaction_session_timeout', '3s', true),
        pg_advisory_xact_lock({GATE})
"""
"""A host that stands still with the lock in its hands loses it, and what it had not committed, after three seconds."""
FREE = f"""
    SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.database = a.datid AND l.objsubid = 1
        AND l.classid = {GATE >> 32} AND l.objid = {GATE & 0xFFFFFFFF}
        AND a.state LIKE 'idle in transaction%' AND a.state_change < clock_timestamp() - INTERVAL '3 seconds'
"""
"""The same by whoever waits for it, should the server not have looked at its clock."""
RAISE = """
    INSERT INTO commits AS known (writer, number, at) VALUES (?, ?, ?)
    ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at WHERE known.number < ?
"""
MARK = f"""
    WITH raised AS ({RAISE} RETURNING 1)
    SELECT 1 / count(*) AS done, (SELECT version FROM config_state) AS version FROM raised
"""
"""The last statement of every transaction: its number, which must be higher than what stands there."""
NUMBER = "SELECT number FROM commits WHERE writer = ?"
FORGET = "DELETE FROM commits WHERE at < ?"
KEPT_MS = clock.DAY
COMMIT = Call(b"COMMIT", once=True)
LOOK_EVERY, LOOK_FOR = 0.1, 2.0  # seconds


class Doubtful(DatabaseUnavailable):
    """Nobody knows now whether the transaction was committed."""


class Writer:
    """A process's transactions have numbers, all of them even, and each leaves its own in the row of its writer.

    Where a COMMIT is not answered, the row is raised to the next odd number, on another connection: either it shows the
    transaction's own, and it was committed, or it can't be any more, for its own is no longer higher than what stands
    there. So whatever still lies in a socket or a pooler, the answer stays true.
    """

    def __init__(self, pool: Pool, patience: Callable[[], float], seen: SeenVersion):
        self.pool, self.patience, self.seen = pool, patience, seen
        self.name = secrets.token_hex(8)
        self.number = 0

    def tx(self, connection: Connection) -> Tx:
        return PostgresTx(connection, self.seen)

    def tx_step_by_step(self, connection: Connection) -> Tx:
        return StepByStep(connection, self.seen)

    def tx_once(self, connection: Connection) -> Tx:
        return Once(connection, self.seen, self.begin_again)

    def close(self) -> None:
        """A connection is the writer's for one transaction only."""

    @contextmanager
    def transaction(self, *, once: bool = False) -> Iterator[Connection]:
        """Begun, and committed or rolled back. ``once``: begun surely, before anything is done in it."""
        clock.now_ms()  # the first look at the database's clock takes a connection, and this one may be the only one
        connection = self._begun() if once else self._begun_later()
        try:
            yield connection
            self._commit(connection)
        except BaseException as error:
            self._give_up(connection, error)
            if isinstance(error, DatabaseUnavailable) and not isinstance(error, Doubtful):
                raise NothingDone(str(error)) from None
            raise
        finally:
            self.pool.give_back(connection)

    def _begun_later(self) -> Connection:
        """With the first round trip."""
        connection = self.pool.take(self.patience())
        self.begin(connection)
        return connection

    def _begun(self) -> Connection:
        """On a connection that was idle while PostgreSQL started anew, BEGIN fails: nothing was lost with it."""
        patience = self.patience()
        until = time.monotonic() + patience
        while True:
            connection = self.pool.take(patience)
            try:
                self.begin(connection)
                connection.ask([])
            except BaseException as error:
                was_usable = connection.is_usable
                self._give_up(connection, error)
                self.pool.give_back(connection)
                if not isinstance(error, DatabaseUnavailable) or was_usable or time.monotonic() > until:
                    raise
            else:
                return connection

    def begin(self, connection: Connection) -> None:
        connection.put_off_beginning(BEGIN, LOCK)
        connection.version, connection.changes_configuration = None, False

    def begin_again(self, connection: Connection) -> None:
        connection.roll_back()
        self.begin(connection)

    def say(self, connection: Connection, sql: str) -> None:
        connection.put_off(sql)

    def carry_out(self, connection: Connection) -> None:
        connection.ask([])

    def _give_up(self, connection: Connection, error: BaseException) -> None:
        """Roll back. After a wait that was too long, whoever stands still with the lock loses it."""
        waited_in_vain = isinstance(error, DatabaseUnavailable) and not connection.is_lost
        with suppress(DatabaseUnavailable, PostgresError):
            connection.roll_back()
            if waited_in_vain:
                connection.execute(FREE)
        if connection.is_lost:
            self.pool.forget()

    def _commit(self, connection: Connection) -> None:
        self.number += 2
        if self.number == 2:
            connection.put_off(FORGET, (clock.now_ms() - KEPT_MS,))
        unanswered, look = connection.waiting, self.seen.look()
        mark = call_of(MARK, (self.name, self.number, clock.now_ms(), self.number))
        try:
            marked, _ = connection.ask([mark, COMMIT])
        except DatabaseUnavailable:
            if not connection.is_lost or not self._was_committed(unanswered):
                raise
            self.pool.forget()
        else:
            self.seen.committed(marked.rows[0]["version"], look)

    def _was_committed(self, unanswered: list[PutOff]) -> bool:
        """The outcome of a COMMIT that was not answered; DatabaseUnavailable where it can't be found out in time."""
        until = time.monotonic() + LOOK_FOR
        while (found := self._found(unanswered)) is None:
            if time.monotonic() > until:
                raise Doubtful("whether it was committed can't be found out now")
            time.sleep(LOOK_EVERY)
        return found

    def _found(self, unanswered: list[PutOff]) -> bool | None:
        """None where nobody answers. In place of the connection that was lost: the pool may lend no other one."""
        try:
            connection = self.pool.connect()
        except DatabaseUnavailable:
            return None
        connection.raw.patience = LOOK_FOR
        try:
            connection.execute(RAISE, (self.name, self.number + 1, clock.now_ms(), self.number))
            committed = connection.execute(NUMBER, (self.name,)).rows[0]["number"] == self.number
            for one in unanswered if committed else ():
                if isinstance(one.later, RowKey):
                    key = one.later
                    key.answer(connection.execute(f"SELECT id FROM {key.table} WHERE uid = ?", (key.uid,)).rows)
            return committed
        except (DatabaseUnavailable, PostgresError):
            return None
        finally:
            connection.close()
