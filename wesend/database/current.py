"""The application's database, as the rest of wesend reads and writes it.

Nothing else commits. `query` and `query_one` read outside of transactions. There are two ways to write:

`write(unit)`
    for whatever happens all the time: sends, claims, settlements, receipts, and single statements. The unit shares its
    commit with those that wait beside it, so it may run in another thread, and twice; it uses nothing but ``tx`` and its
    closure.
`with atomic() as tx:`
    for what people do: it runs once, in its own thread and with a commit of its own. Use cases that are called inside it
    join it, and see what it has written.

Whoever has a ``tx`` reads through it, and hands it to what reads for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from flask import Flask

from ..core.current_app import this_app
from ..core.settings import Settings
from ..core.storage import Storage
from . import fence
from .engine import Asked, Database
from .postponed import Postponed
from .sqlite import SqliteDatabase
from .transaction import Reader, Tx

T = TypeVar("T")


def _database() -> Database:
    return this_app().extensions["wesend.database"]


def atomic() -> AbstractContextManager[Tx]:
    """A write transaction of its own: ``with atomic() as tx``. An inner one joins the outer one."""
    check = fence.current()
    return _database().atomic() if check is None else _atomic_behind(check)


@contextmanager
def _atomic_behind(check: fence.Fence) -> Iterator[Tx]:
    with _database().atomic() as tx:
        check(tx)
        yield tx


def write(unit: Callable[[Tx], T]) -> T:
    """Run a short ``unit(tx)`` in a write transaction shared with the units that wait beside it.

    The unit may run in another thread, and once more when one beside it fails: it must use nothing but ``tx`` and its
    closure, and change nothing but the database.
    """
    check = fence.current()
    return _database().write(unit if check is None else fence.behind(check, unit))


def write_surely(unit: Callable[[Tx], Any]) -> bool:
    """Write what has happened already: on a full disk it is tried again behind the caller's back (False).

    No fence holds it up: it is guarded by the token of the claim that it is about.
    """
    return this_app().extensions["wesend.postponed"].write_surely(unit)


def query(sql: str, parameters: Sequence | dict = ()) -> list[Any]:
    """All rows of a SELECT, in a read of its own (inside `atomic`: as that sees it).

    Their type is what the caller says that it returns: ``-> MessageRow`` (see `rows`), ``-> Row`` where columns of several
    tables are put together.
    """
    return _database().query(sql, parameters)


def query_one(sql: str, parameters: Sequence | dict = ()) -> Any | None:
    rows = _database().query(sql, parameters)
    return rows[0] if rows else None


def forget_deleted(*, whole: bool = False) -> bool:
    """See that the database's files hold nothing of what was replaced; whether they were written anew (`Database`)."""
    return _database().forget_deleted(whole=whole)


def check_readable() -> None:
    """sqlite3.Error where a table can't be read."""
    query("SELECT version FROM config_state")


def reading(tx: Tx | None) -> Reader:
    """What to read with: the caller's transaction, or none."""
    return tx or _database()


def snapshot() -> AbstractContextManager[None]:
    """Several reads that agree: ``with snapshot(): …``."""
    return _database().snapshot()


def query_together(*asked: Asked) -> list[list[Any]]:
    """The rows of several SELECTs, none of which needs what another finds: they agree, and cost one round trip."""
    return _database().together(asked)


def cached(key: Any, load: Callable[[Reader], T], tx: Tx | None = None) -> T:
    """``load(reader)``, kept in memory until any configuration table changes; ``tx``: as that sees it."""
    database: Database = this_app().extensions["wesend.database"]  # a send asks 17 times: no call more than it takes
    return database.configuration.cached(key, load, tx)


def orm() -> Any:
    """`schema.db`, every table as a model, for what goes through all of them. A command loads that when it first asks."""
    return this_app().extensions["wesend.schema"]


def init_app(app: Flask) -> None:
    settings: Settings = app.config["WESEND"]
    database = app.extensions["wesend.database"] = _opened(settings, app.extensions["wesend.core.storage"])
    app.extensions["wesend.postponed"] = Postponed(app, database.write)
    app.before_request(database.configuration.begin_request)
    app.teardown_request(database.configuration.end_request)


def _opened(settings: Settings, storage: Storage) -> Database:
    if not settings.database_url:
        return SqliteDatabase(settings.database, storage)
    from .postgresql.database import PostgresDatabase  # psycopg is only needed, and there, where PostgreSQL is wanted

    return PostgresDatabase(settings.database_url, settings.database_pool, storage, settings.instance)
