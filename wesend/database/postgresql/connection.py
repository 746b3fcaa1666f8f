"""A connection to PostgreSQL with the methods of sqlite3's that wesend uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.abc import PQGen

from ...core.errors import DatabaseUnavailable, StorageFull
from ...core.storage import FULL
from ..errors import NotBegun, PostgresBusy, PostgresError, PostgresIntegrityError, Unexpected
from ..transaction import Later, Refuse, leaves_configuration
from .calls import Call, PutOff, call_of, required
from .exchange import Answer, Refused, Session
from .many_rows import calls_of
from .values import adapt

CONNECT_SECONDS = 2
PATIENCE, PATIENCE_OF_JOBS = 2.3, 60.0
"""Seconds that an answer is waited for: in a request, which has to be refused within 5, and elsewhere."""
GONE = ("08", "57P01", "57P02", "57P03", "57P05", "25P03", "53300", "25006", "55P03")
"""What PostgreSQL says when it ends or refuses a connection, is a standby, or has a lock that nobody lets go of."""
NOTHING_CHANGED = "22012"


class Raw(psycopg.Connection[Any]):
    """psycopg's connection, which waits for no answer for ever."""

    patience: float = PATIENCE_OF_JOBS

    def __del__(self, __warn: Any = None) -> None:
        """No warning: a pool that nobody knows any more takes its connections with it, and libpq closes them."""

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except errors._WaitTimeout:
            if timeout is None:
                self.pgconn.finish()
            raise


class Connection:
    """In PostgreSQL's autocommit: what begins and ends a transaction is said."""

    __slots__ = ("raw", "session", "waiting", "version", "changes_configuration")

    def __init__(self, raw: Raw, *, prepares: bool):
        self.raw = raw
        self.session = Session(raw, prepares=prepares)
        self.waiting: list[PutOff] = []
        """What goes out before whatever is asked next."""
        self.version: int | None = None
        """Of the configuration, as the write transaction that is open sees it, until it changes any itself."""
        self.changes_configuration = False

    @property
    def in_transaction(self) -> bool:
        """Or it is said with what is asked next."""
        return bool(self.waiting) or self._is_begun

    @property
    def _is_begun(self) -> bool:
        return self.raw.pgconn.transaction_status in (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR)

    @property
    def is_usable(self) -> bool:
        return self.raw.pgconn.transaction_status == pq.TransactionStatus.IDLE

    @property
    def is_lost(self) -> bool:
        return self.raw.closed or self.raw.broken

    def execute(self, sql: str, parameters: Sequence | Mapping = ()) -> Answer:
        """What was put off, then this, in one round trip."""
        answer = self.ask([call_of(sql, parameters)])[0]
        self._note(sql)
        return answer

    def executemany(self, sql: str, rows: Iterable[Sequence | Mapping]) -> int:
        """How many rows it changed in all."""
        return sum(answer.rowcount for answer in self.execute_each(sql, rows))

    def execute_each(self, sql: str, rows: Iterable[Sequence | Mapping]) -> list[Answer]:
        """The statement for each row of parameters, all in one round trip."""
        calls = [call_of(sql, row) for row in rows]
        answers = self.ask(calls) if calls else []
        self._note(sql)
        return answers

    def put_off(self, sql: str, parameters: Sequence | Mapping = (), later: Later | None = None) -> None:
        self.waiting.append(PutOff(call_of(sql, parameters), later))
        self._note(sql)

    def put_off_beginning(self, *statements: str) -> None:
        """Of a transaction. NotBegun where it has to wait for too long."""
        self.waiting += [PutOff(call_of(sql), begins=True) for sql in statements]

    def put_off_each(self, sql: str, rows: Iterable[Sequence]) -> None:
        """For each row of parameters; in which order is not said."""
        self.waiting += map(PutOff, calls_of(sql, rows))
        self._note(sql)

    def put_off_required(self, sql: str, parameters: Sequence | Mapping, later: Later, refuse: Refuse) -> None:
        """It is an error where it changes nothing: Unexpected, with what the unit has to say to that."""
        self.waiting.append(PutOff(call_of(required(sql), parameters), later, refuse))
        self._note(sql)

    def _note(self, sql: str) -> None:
        if not self.changes_configuration and not leaves_configuration(sql):
            self.changes_configuration = True

    def ask(self, calls: list[Call]) -> list[Answer]:
        """Their answers, after everything that was put off. Unexpected where something of that went wrong."""
        waiting, self.waiting = self.waiting, []
        try:
            answers = self.session.exchange([*(one.call for one in waiting), *calls])
        except Refused as refused:
            raise self._why(refused, waiting) from None
        except psycopg.Error as error:
            raise _plain(error, self.raw) from None
        for one, answer in zip(waiting, answers, strict=False):
            if one.later is not None:
                one.later.answer(answer.rows)
        return answers[len(waiting) :]

    def _why(self, refused: Refused, waiting: list[PutOff]) -> Exception:
        plain = _plain(refused.error, self.raw)
        if refused.place < len(waiting) and waiting[refused.place].begins and isinstance(plain, DatabaseUnavailable):
            return NotBegun(plain.cause)
        if refused.place >= len(waiting) or not isinstance(plain, PostgresError) or isinstance(plain, PostgresBusy):
            return plain
        return Unexpected(plain, waiting[refused.place].refuse if plain.sqlstate == NOTHING_CHANGED else None)

    def roll_back(self) -> None:
        """Whatever was begun, or was to be, is not done."""
        self.waiting = []
        if self._is_begun:
            self.ask([Call(b"ROLLBACK")])

    def close(self) -> None:
        with suppress(psycopg.Error):
            self.raw.close()


def connect(url: str) -> Connection:
    """DatabaseUnavailable where nobody answers."""
    try:
        raw = Raw.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS, client_encoding="utf8", **LIVELY)
    except psycopg.Error as error:
        raise DatabaseUnavailable(why_no_connection(error)) from None
    adapt(raw)
    connection = Connection(raw, prepares=False)
    # A pooler between us has a process number of its own, and its sessions know nothing of each other's statements.
    through_a_pooler = connection.execute("SELECT pg_backend_pid()").fetchall()[0][0] != raw.info.backend_pid
    connection.session.prepares = not through_a_pooler
    return connection


LIVELY: dict[str, Any] = {
    "application_name": "wesend",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A connection whose other end went without a word is found out by the kernel."""


def why_no_connection(error: psycopg.Error) -> str:
    """One sentence. What libpq can't read of a URL it quotes, and that may be of the password."""
    if isinstance(error, psycopg.ProgrammingError):
        return "its URL can't be read: percent-encode what is no letter or digit of the password, and look at what follows ?"
    return _first_line(error)


def _plain(error: psycopg.Error, raw: Raw) -> Exception:
    """This error as wesend knows it: without the values that were to be stored, and without the URL."""
    state = error.sqlstate or ""
    sentence = error.diag.message_primary or _first_line(error)
    if raw.closed or raw.broken or state.startswith(GONE):
        return DatabaseUnavailable(sentence)
    if isinstance(error, errors.DiskFull):
        return StorageFull(FULL)
    if isinstance(error, (errors.DeadlockDetected, errors.SerializationFailure)):
        return PostgresBusy(sentence, state)
    # A trigger's `RAISE EXCEPTION` is what SQLite calls a violated constraint, too.
    if isinstance(error, (psycopg.IntegrityError, errors.RaiseException)):
        return PostgresIntegrityError(sentence, state)
    return PostgresError(sentence, state)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
