"""Where the database stands against the migrations, and bringing it up to date."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from flask import current_app

from ..core import storage
from ..core.settings import PROJECT, Settings
from .connecting import connect_unchanged
from .current import orm
from .errors import DatabaseProblem as DatabaseProblem
from .migrations_folder import MIGRATIONS

MIGRATING = 0x776573656E640002
"""Number of the advisory lock of PostgreSQL that one who migrates holds."""
REVISION = re.compile(r"^revision = ['\"](\w+)['\"]", re.MULTILINE)
DOWN = re.compile(r"^down_revision = ['\"](\w+)['\"]", re.MULTILINE)


def known_revisions() -> list[str]:
    """Every revision of this version, oldest first."""
    after: dict[str | None, str] = {}
    for path in (MIGRATIONS / "versions").glob("*.py"):
        text = path.read_text()
        revision, down = REVISION.search(text), DOWN.search(text)
        if revision:
            after[down[1] if down else None] = revision[1]
    found: list[str] = []
    while (following := after.get(found[-1] if found else None)) is not None:
        found.append(following)
    return found


def current_revision(path: Path) -> str | None:
    """The database's revision; None when there is no database yet."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=15)
    try:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as error:
            if storage.cause_of(error) is None:
                raise
            connection.close()
            connection = connect_unchanged(str(path), error)
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return row[0] if row else None
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise DatabaseProblem(f"The database {path} can't be read: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise DatabaseProblem(f"{path} is not a usable SQLite database: {error}.") from error
    finally:
        connection.close()


def revision_of(settings: Settings, *, of_a_move: bool = False) -> str | None:
    """The same for the engine of these settings; ``of_a_move``: of a database that is being copied into, too."""
    if not settings.database_url:
        return current_revision(settings.database)
    from .postgresql.revision import current_revision as current_of_postgresql

    return current_of_postgresql(settings.database_url, of_a_move=of_a_move)


def prepare_folder(settings: Settings) -> None:
    """Make the instance folder (mode 700); DatabaseProblem when it can't be written."""
    os.umask(0o077)
    for folder in (settings.instance, settings.database.parent):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = folder / f".write-{os.getpid()}"
            probe.touch(mode=0o600)
            probe.unlink()
        except OSError as error:
            if storage.cause_of(error) is not None and revision_of(settings) is not None:
                continue  # what is there can be read
            raise DatabaseProblem(f"The folder {folder} can't be written: {error.strerror}.") from error
    if settings.instance.stat().st_uid == os.getuid() and settings.instance != PROJECT:
        with suppress(OSError):  # of a file system that is read-only; doctor tells who can read it
            settings.instance.chmod(0o700)


def bring_up_to_date(*, of_a_move: bool = False) -> bool:
    """Migrate the database to this version; True when something was done. One process at a time.

    ``of_a_move``: one that is being copied into, which nobody else may use.
    """
    settings: Settings = current_app.config["WESEND"]
    prepare_folder(settings)
    revisions = known_revisions()
    if revision_of(settings, of_a_move=of_a_move) == revisions[-1]:
        return False
    with alone(settings.instance / "migrate.lock"):
        current = revision_of(settings, of_a_move=of_a_move)
        if current == revisions[-1]:
            return False
        if current is not None and current not in revisions:
            raise DatabaseProblem(
                f"The database {settings.database_shown} was made by a newer version of wesend (revision {current}): "
                "upgrade wesend, or restore a backup of this version."
            )
        engine = orm().engine
        import flask_migrate  # these two take longer to load than most commands take
        from sqlalchemy.exc import DBAPIError

        logging.getLogger("alembic").setLevel(logging.WARNING)
        try:
            flask_migrate.upgrade(directory=str(MIGRATIONS))
        except (DBAPIError, sqlite3.Error) as error:
            _raise_where_not_allowed(error)
            cause = storage.cause_of(error)
            if cause is None:
                raise
            raise DatabaseProblem(
                f"The database {settings.database_shown} can't be brought up to date, {cause}: it is as it was."
            ) from error
        engine.dispose()
        if not settings.database_url:
            settings.database.chmod(0o600)
    return True


def _raise_where_not_allowed(error: Exception) -> None:
    """DatabaseProblem where the role may make no tables: since PostgreSQL 15 a database's owner alone may."""
    cause: Any = getattr(error, "orig", None)
    if getattr(cause, "sqlstate", None) is not None:
        from .postgresql.revision import NOT_ALLOWED, not_allowed

        if cause.sqlstate == NOT_ALLOWED:
            raise DatabaseProblem(not_allowed(cause.diag.message_primary)) from error


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time, and one thread: each opens the file for itself."""
    descriptor = storage.open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
