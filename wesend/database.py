"""The database: one SQLite file, one way to read (`query`), two ways to write (`atomic`, `write`).

Nothing else commits. Every write waits in the fair queue of a gate file, begins IMMEDIATE and is one
transaction; `write` merges the transactions that wait together into one commit (group commit).
Source of the pragmas and of the gate: measured on this stack, see docs in README "How it is built".
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, current_app
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Integer, MetaData, String, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Session

T = TypeVar("T")
Row = sqlite3.Row

BUSY_TIMEOUT_MS = 15_000
BUSY_SECONDS = 0.001  # a wait for the gate that is worth counting
GROUP_LIMIT = 64  # units merged into one commit: keeps the write lock well under 50 ms


class Base(DeclarativeBase):
    # Every constraint has a name, so that Alembic's batch mode can find it again.
    metadata = MetaData(naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    })


db = SQLAlchemy(model_class=Base)
migrate = Migrate(render_as_batch=True, compare_type=True)


class ConfigState(db.Model):  # type: ignore[name-defined]
    """One row, whose version rises with every change of a configuration table (triggers): caches hold on to it.

    ``paused_at``: since when dispatch is paused (`pause`).
    """

    __tablename__ = "config_state"
    id = db.mapped_column(Integer, primary_key=True)
    version = db.mapped_column(Integer, nullable=False)
    paused_at = db.mapped_column(BigInteger)
    paused_reason = db.mapped_column(String)


class StrayWrite(RuntimeError):
    """Something tried to write outside `atomic`: a programming error."""


class Tx:
    """An open write transaction. Values go in as SQL parameters; rows come out as `sqlite3.Row`."""

    __slots__ = ("connection", "_after")

    def __init__(self, connection: sqlite3.Connection):
        self.connection = connection
        self._after: list[Callable[[], None]] = []

    def execute(self, sql: str, parameters: Sequence | dict = ()) -> sqlite3.Cursor:
        cursor = self.connection.cursor()
        cursor.row_factory = Row
        return cursor.execute(sql, parameters)

    def executemany(self, sql: str, rows) -> None:
        # Closed here: a cursor that another thread drops later resets the statement that the next writer is using.
        self.connection.executemany(sql, rows).close()

    def all(self, sql: str, parameters: Sequence | dict = ()) -> list[Row]:
        return self.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Sequence | dict = ()) -> Row | None:
        return self.execute(sql, parameters).fetchone()

    def changed(self, sql: str, parameters: Sequence | dict = ()) -> int:
        """Run an UPDATE or DELETE and tell how many rows it changed."""
        return self.connection.execute(sql, parameters).rowcount

    def insert(self, table: str, **values) -> int:
        """Insert one row; its integer primary key comes back."""
        row_id = self.connection.execute(_insert_sql(table, tuple(values)), tuple(values.values())).lastrowid
        assert row_id is not None
        return row_id

    def insert_many(self, table: str, columns: tuple[str, ...], rows) -> None:
        self.connection.executemany(_insert_sql(table, columns), rows)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Run ``call`` once the transaction is committed; never when it is rolled back."""
        if call not in self._after:
            self._after.append(call)


@lru_cache(maxsize=256)
def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def marks(values: Sequence) -> str:
    """``?, ?, ?`` for an IN list."""
    return ", ".join("?" * len(values))


class _Local(threading.local):
    connection: sqlite3.Connection | None = None
    gate: int | None = None
    tx: Tx | None = None
    in_request = False
    version: int | None = None  # of the configuration, as this request has seen it


class Database:
    """The file's connections: one a thread for the hot paths, SQLAlchemy's pool for the rest."""

    def __init__(self, path: Path):
        self.path = str(path)
        self.gate_path = f"{path}.gate"
        self.local = _Local()
        self.group = _CommitGroup(self)
        os.register_at_fork(after_in_child=self._after_fork)
        self.cache: dict[Any, tuple[int, Any]] = {}
        self.cache_lock = threading.Lock()
        self.waited_seconds = 0.0
        self.on_busy: Callable[[float], None] | None = None
        """Told of every wait for the gate of at least BUSY_SECONDS, once the gate is free again."""

    # -- connections ------------------------------------------------------

    def connection(self) -> sqlite3.Connection:
        local = self.local
        if local.connection is None:
            local.connection = self.connect()
        return local.connection

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None,
                                     check_same_thread=False, cached_statements=512)
        configure(connection)
        connection.row_factory = Row
        return connection

    def _after_fork(self) -> None:
        # A connection, an open transaction and a held lock must not cross a fork.
        self.local = _Local()
        self.group = _CommitGroup(self)
        self.cache_lock = threading.Lock()

    def tx(self) -> Tx | None:
        return self.local.tx

    def close(self) -> None:
        """Close this thread's connection and the process's writing one: nothing open may cross a fork."""
        with self.gate():  # whoever leads a commit holds it
            self.group.close()
        self.close_thread()

    def close_thread(self) -> None:
        """Close this thread's connection, when the thread ends."""
        if self.local.connection is not None:
            self.local.connection.close()
        if self.local.gate is not None:
            os.close(self.local.gate)
        self.local.connection = self.local.gate = None

    # -- writing ----------------------------------------------------------

    @contextmanager
    def gate(self) -> Iterator[None]:
        """The fair queue of writers, over all processes; a descriptor a thread, so threads exclude each other too."""
        if self.local.gate is None:
            self.local.gate = os.open(self.gate_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        started = time.perf_counter()
        fcntl.flock(self.local.gate, fcntl.LOCK_EX)
        waited = time.perf_counter() - started
        self.waited_seconds += waited
        try:
            yield
        finally:
            fcntl.flock(self.local.gate, fcntl.LOCK_UN)
            if waited >= BUSY_SECONDS and self.on_busy is not None:
                self.on_busy(waited)

    def write(self, unit: Callable[[Tx], T]) -> T:
        tx = self.tx()
        if tx is not None:
            return unit(tx)
        try:
            return self.group.run(unit)
        finally:
            self.local.version = None

    @contextmanager
    def atomic(self) -> Iterator[Tx]:
        outer = self.tx()
        if outer is not None:
            yield outer
            return
        if db.session.registry.has() and db.session().in_transaction():
            raise StrayWrite("a read transaction is still open: a snapshot can't be upgraded to a write")
        with self.gate():
            session = db.session()
            try:
                connection = session.connection(execution_options={"write": True})
                raw = connection.connection.driver_connection
                assert raw is not None
                tx = self.local.tx = Tx(raw)
                yield tx
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                self.local.tx = self.local.version = None
        for call in tx._after:
            call()

    # -- reading ----------------------------------------------------------

    def query(self, sql: str, parameters: Sequence | dict = ()) -> list[Row]:
        local = self.local
        if local.tx is not None:
            return local.tx.all(sql, parameters)
        return (local.connection or self.connection()).execute(sql, parameters).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Several reads that agree with each other."""
        if self.tx() is not None or self.connection().in_transaction:
            yield
            return
        connection = self.connection()
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")

    # -- configuration that is read on every request ----------------------

    def begin_request(self) -> None:
        self.local.in_request, self.local.version = True, None

    def end_request(self, _error: BaseException | None = None) -> None:
        self.local.in_request, self.local.version = False, None

    def cached(self, key: Any, load: Callable[[], T]) -> T:
        """``load()``, kept until any configuration table changes (triggers raise config_state.version).

        A request looks at the version once: what it starts with holds until it writes.
        """
        local = self.local
        version = local.version if local.tx is None else None
        if version is None:
            version = self.query("SELECT version FROM config_state")[0][0]
            if local.in_request and local.tx is None:
                local.version = version
        kept = self.cache.get(key)
        if kept is not None and kept[0] == version:
            return kept[1]
        value = load()
        if local.tx is None or self._is_committed(version):
            with self.cache_lock:
                if len(self.cache) > 50_000:
                    self.cache.clear()
                self.cache[key] = (version, value)
        return value

    def _is_committed(self, version: int) -> bool:
        """Whether the open transaction sees the configuration as all others do: its own changes may be rolled back."""
        return self.connection().execute("SELECT version FROM config_state").fetchall()[0][0] == version


class _Job:
    __slots__ = ("unit", "wake", "result", "error", "done", "after")

    def __init__(self, unit: Callable[[Tx], Any]):
        self.unit = unit
        self.wake = threading.Lock()
        self.wake.acquire()
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False
        self.after: tuple[Callable[[], None], ...] = ()


class _CommitGroup:
    """Group commit: the first waiting thread leads, runs all waiting units in one transaction, and hands over.

    A unit that raises is undone alone (savepoint); a failed commit is everybody's error.
    """

    def __init__(self, database: Database):
        self.database = database
        # One connection for all leaders: SQLite throws a connection's page cache away when another one has written.
        self.connection: sqlite3.Connection | None = None
        self.lock = threading.Lock()
        self.waiting: deque[_Job] = deque()
        self.leading = False

    def close(self) -> None:
        # Behind the gate: SQLite crashes when a connection is closed under a thread that is using it.
        with self.database.gate():
            if self.connection is not None:
                self.connection.close()
                self.connection = None

    def run(self, unit: Callable[[Tx], T]) -> T:
        job = _Job(unit)
        with self.lock:
            self.waiting.append(job)
            lead = not self.leading
            self.leading = True
        if not lead:
            job.wake.acquire()
        if not job.done:
            self._lead()
        if job.error is not None:
            raise job.error
        for call in job.after:
            call()
        return job.result

    def _lead(self) -> None:
        jobs: list[_Job] = []
        try:
            with self.database.gate():
                with self.lock:
                    while self.waiting and len(jobs) < GROUP_LIMIT:
                        jobs.append(self.waiting.popleft())
                self._carry_out(jobs)
        except BaseException as error:
            if not jobs:
                with self.lock:
                    jobs = list(self.waiting)
                    self.waiting.clear()
            for job in jobs:
                job.error, job.result = error, None
        finally:
            with self.lock:
                heir = self.waiting[0] if self.waiting else None
                self.leading = heir is not None
            for job in jobs:
                job.done = True
                job.wake.release()
            if heir is not None:
                heir.wake.release()

    def _carry_out(self, jobs: list[_Job]) -> None:
        connection = self.connection = self.connection or self.database.connect()
        connection.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                tx = self.database.local.tx = Tx(connection)
                if len(jobs) == 1:
                    # Alone: rolling the transaction back is enough, and cheaper than a savepoint.
                    job.result = job.unit(tx)
                else:
                    self._carry_out_one(connection, tx, job)
                job.after = tuple(tx._after)
            self.database.local.tx = None
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            self.database.local.tx = None

    @staticmethod
    def _carry_out_one(connection: sqlite3.Connection, tx: Tx, job: _Job) -> None:
        connection.execute("SAVEPOINT unit")
        try:
            job.result = job.unit(tx)
        except Exception as error:
            connection.execute("ROLLBACK TO unit")
            connection.execute("RELEASE unit")
            job.error = error
            tx._after.clear()
        else:
            connection.execute("RELEASE unit")


# -- what the rest of wesend calls -----------------------------------------

def _database() -> Database:
    return current_app.extensions["wesend.database"]


def atomic():
    """The write transaction: ``with atomic() as tx``. An inner one joins the outer one."""
    return _database().atomic()


def write(unit: Callable[[Tx], T]) -> T:
    """Run a short ``unit(tx)`` in a write transaction shared with the units that wait beside it.

    The unit may run in another thread: it must use nothing but ``tx`` and its closure.
    """
    return _database().write(unit)


def query(sql: str, parameters: Sequence | dict = ()) -> list[Row]:
    """All rows of a SELECT, in a read of its own (inside a transaction: as that sees it)."""
    return _database().query(sql, parameters)


def query_one(sql: str, parameters: Sequence | dict = ()) -> Row | None:
    rows = _database().query(sql, parameters)
    return rows[0] if rows else None


def snapshot():
    """Several reads that agree: ``with snapshot(): …``."""
    return _database().snapshot()


def cached(key: Any, load: Callable[[], T]) -> T:
    """Configuration kept in memory until any configuration table changes."""
    return _database().cached(key, load)


# -- connection set-up -------------------------------------------------------

def configure(connection: sqlite3.Connection) -> None:
    """Pragmas of every connection. FULL: a power cut must not lose an acknowledged message."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}",
                   "cache_size=-16000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _on_connect(connection, _record) -> None:
    connection.isolation_level = None
    configure(connection)


def _on_begin(connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("write") else "BEGIN")


def _before_flush(session: Session, _context, _instances) -> None:
    if not session.connection().get_execution_options().get("write"):
        raise StrayWrite("a write outside atomic()")


event.listen(Session, "before_flush", _before_flush)


def init_app(app: Flask) -> None:
    path = app.config["WESEND"].database
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{path}"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        # Without parameters in an error's text: they are message bodies, and errors are logged.
        "pool_size": 32, "hide_parameters": True,
        "connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}}
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(__file__).resolve().parent.parent / "migrations"))
    database = app.extensions["wesend.database"] = Database(path)
    app.before_request(database.begin_request)
    app.teardown_request(database.end_request)
    with app.app_context():
        engine: Engine = db.engine
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
