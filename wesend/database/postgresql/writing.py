"""Write transactions: one at a time over all hosts, and never in doubt for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ...core.errors import DatabaseUnavailable
from ..errors import PostgresError
from .connection import Connection
from .pool import Pool
from .transaction import PostgresTx

GATE = 0x776573656E640001
"""Number of the advisory lock that every write transaction of a database holds."""
BEGIN = f"""
    BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL lock_timeout = '2s';
    SET LOCAL idle_in_transaction_session_timeout = '3s';
    SELECT pg_advisory_xact_lock({GATE});
    SELECT CAST(pg_current_xact_id() AS text)
"""
"""A host that stands still with the lock in its hands loses it, and what it had not committed, after three seconds."""
FREE = f"""
    SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.database = a.datid AND l.objsubid = 1
        AND l.classid = {GATE >> 32} AND l.objid = {GATE & 0xFFFFFFFF}
        AND a.state LIKE 'idle in transaction%' AND a.state_change < clock_timestamp() - INTERVAL '3 seconds'
"""
"""The same by whoever waits for it: PostgreSQL counts no idle time after a pipeline, whose last word is a Flush."""
OUTCOME = "SELECT pg_xact_status(CAST(? AS xid8))"
LOOK_EVERY, LOOK_FOR = 0.1, 2.0  # seconds


class Writer:
    def __init__(self, pool: Pool, patience: Callable[[], float]):
        self.pool, self.patience = pool, patience

    tx = PostgresTx

    def close(self) -> None:
        """A connection is the writer's for one transaction only."""

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begun, and committed or rolled back."""
        connection = self._begun()
        try:
            yield connection
            self._commit(connection)
        except BaseException:
            if connection.in_transaction:
                connection.say("ROLLBACK")
            elif not connection.is_usable:
                self.pool.forget()
            raise
        finally:
            self.pool.give_back(connection)

    def _begun(self) -> Connection:
        """On a connection that was idle while PostgreSQL started anew, BEGIN fails: nothing was lost with it."""
        patience = self.patience()
        until = time.monotonic() + patience
        while True:
            connection = self.pool.take(patience)
            try:
                self.begin(connection)
            except BaseException as error:
                was_usable = connection.is_usable
                self._free_gate(connection)
                self.pool.give_back(connection)
                if not isinstance(error, DatabaseUnavailable) or was_usable or time.monotonic() > until:
                    raise
                if not connection.is_usable:
                    self.pool.forget()
            else:
                return connection

    def _free_gate(self, connection: Connection) -> None:
        """After a wait that was too long, on the connection that waited: it is in a transaction that failed."""
        if connection.in_transaction:
            with suppress(DatabaseUnavailable, PostgresError):
                connection.say("ROLLBACK")
                connection.execute(FREE)

    def begin(self, connection: Connection) -> None:
        cursor = connection.say(BEGIN)
        while cursor.nextset():
            pass
        [(connection.number,)] = cursor.fetchall()

    def _commit(self, connection: Connection) -> None:
        try:
            done = connection.say("COMMIT").statusmessage
        except DatabaseUnavailable:
            self.pool.forget()
            if not self._was_committed(connection.number):
                raise
        else:
            if done != "COMMIT":  # PostgreSQL rolls back, and calls that no error, where a statement had failed
                raise PostgresError("a statement of the transaction had failed: nothing of it was done")

    def _was_committed(self, number: str) -> bool:
        """The outcome of a COMMIT that was not answered; DatabaseUnavailable where it can't be found out in time."""
        until = time.monotonic() + LOOK_FOR
        while True:
            outcome = self._outcome(number)
            if outcome in ("committed", "aborted"):
                return outcome == "committed"
            if time.monotonic() > until:
                raise DatabaseUnavailable("whether it was committed can't be found out now")
            time.sleep(LOOK_EVERY)

    def _outcome(self, number: str) -> str | None:
        """None where nobody answers. In place of the connection that was lost: the pool may lend no other one."""
        try:
            connection = self.pool.connect()
        except DatabaseUnavailable:
            return None
        try:
            row = connection.execute(OUTCOME, (number,)).fetchone()
            return row[0] if row is not None else None
        except (DatabaseUnavailable, PostgresError):  # a standby that took over without it knows no such number
            return None
        finally:
            connection.close()
