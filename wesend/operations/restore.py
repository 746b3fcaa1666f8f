"""Restore: a backup takes the place of the database, with dispatch paused, and the old database is kept aside.

Everything is done to a copy beside the database; one rename puts it in place.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from flask import Flask

from ..coordination import hosts
from ..coordination.leadership import nobody_serves
from ..core import clock, vault
from ..core.settings import Settings
from ..database import atomic, orm, query
from ..database.schema_version import (
    DatabaseProblem,
    bring_up_to_date,
    current_revision,
    known_revisions,
    prepare_folder,
    revision_of,
)
from . import pausing, postgresql_dump, undone_erasures
from .backup import sync
from .undone_erasures import Erasure

COMPANIONS = ("-wal", "-shm")
SERVING_MS = 15 * clock.SECOND
"""A host that was seen within may serve still: it shows itself every two seconds."""
MAGIC = b"SQLite format 3\0"
"""How every database begins."""


class Restored(NamedTuple):
    """``aside``: where the old database is kept; ``waiting`` messages leave when dispatch is resumed.

    ``secrets_readable``: whether the instance's secret key opens what is encrypted in the backup. ``undone``: erasures since it was
    made, whose people and accounts are back.
    """

    bytes: int
    aside: Path | None
    waiting: int
    secrets_readable: bool
    undone: list[Erasure]


def restore(file: Path, settings: Settings, make_app: Callable[[Settings], Flask], *, actor: str) -> Restored:
    """Put a backup in the database's place; DatabaseProblem, with nothing changed, when it can't be used.

    Refused while a server runs on the database.
    """
    prepare_folder(settings)
    if settings.database_url:
        return _restore_postgresql(file, settings, make_app, actor)
    if settings.database.exists() and file.samefile(settings.database):
        raise DatabaseProblem(f"{file} is the database itself: name a backup.")
    with nobody_serves(settings):
        copy = settings.database.with_name(f"{settings.database.name}.restoring-{os.getpid()}")
        fresh = copy.with_name(f"{copy.name}-fresh")
        try:
            size = _copy(file, copy)
            _check(copy, file)
            known = _schema_of_a_fresh_database(fresh, settings, make_app)
            _require_known_triggers(copy, file, known, by_name=True)  # those would run while it is migrated
            waiting, readable = _prepare(copy, settings, make_app, file, actor)
            _require_known_triggers(copy, file, known)
            undone = undone_erasures.undone(undone_erasures.of_file(settings.database), undone_erasures.of_file(copy))
            sync(copy)
            aside = _swap(copy, settings.database)
        finally:
            for path in (copy, fresh):
                for ending in ("", *COMPANIONS, ".gate"):
                    path.with_name(path.name + ending).unlink(missing_ok=True)
    return Restored(size, aside, waiting, readable, undone)


def _copy(file: Path, copy: Path) -> int:
    """A private copy of a database's file; its bytes.

    Never of a device or a pipe, which may have no end, nor of what does not begin as a database does: a hole of a terabyte
    is a file, too.
    """
    try:
        # The very file that was looked at is read, whatever takes its name meanwhile; a pipe is not waited for.
        with open(file, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as source:
            found = os.fstat(source.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise DatabaseProblem(f"{file} is no file: name a backup.")
            if not found.st_size:
                raise DatabaseProblem(f"{file} is no backup of wesend.")
            if source.peek(len(MAGIC))[: len(MAGIC)] != MAGIC:
                raise DatabaseProblem(f"{file} is not a usable SQLite database.")
            if found.st_size > shutil.disk_usage(copy.parent).free:
                raise DatabaseProblem(f"{file} has {found.st_size} bytes: there is no room for it in {copy.parent}.")
            with open(copy, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as target:
                shutil.copyfileobj(source, target, 1024 * 1024)
    except IsADirectoryError as error:
        raise DatabaseProblem(f"{file} is no file: name a backup.") from error
    except OSError as error:
        raise DatabaseProblem(f"{file} can't be copied to {copy.parent}: {error.strerror}.") from error
    return found.st_size


Schema = dict[tuple[str, str], str]
"""(trigger or view, name) → its SQL, with single spaces."""


SCHEMA = """
    SELECT CASE type WHEN 'table' THEN 'virtual table' ELSE type END, name, sql
    FROM sqlite_master WHERE type IN ('trigger', 'view') OR sql LIKE 'CREATE VIRTUAL%'
"""


def _schema_of(path: Path) -> Schema:
    with closing(sqlite3.connect(path, timeout=15)) as connection:
        return {(kind, name): " ".join(sql.split()) for kind, name, sql in connection.execute(SCHEMA)}


def _schema_of_a_fresh_database(path: Path, settings: Settings, make_app: Callable[[Settings], Flask]) -> Schema:
    app = make_app(replace(settings, database=path))
    with app.app_context():
        try:
            bring_up_to_date()
        finally:
            app.extensions["wesend.database"].close()
            orm().engine.dispose()
    return _schema_of(path)


def _require_known_triggers(copy: Path, file: Path, known: Schema, *, by_name: bool = False) -> None:
    """DatabaseProblem for triggers and views that are not wesend's: they would go on changing what is written.

    ``by_name``: of an older backup, whose triggers a migration has yet to bring up to date.
    """
    found = _schema_of(copy)
    strange = sorted(what for what in found if what not in known or not by_name and found[what] != known[what])
    missing = [] if by_name else sorted(known.keys() - found.keys())
    if strange or missing:
        (kind, name), says = (strange[0], "is not wesend's") if strange else (missing[0], "is missing")
        raise DatabaseProblem(f"{file} is no backup that wesend made: its {kind} {' '.join(name.split())[:60]} {says}.")


def _check(copy: Path, file: Path) -> None:
    """A whole database of this version or an older one."""
    try:
        _require_a_table_of_revisions(copy, file)
        revision = current_revision(copy)
    except DatabaseProblem as error:
        if isinstance(error.__cause__, sqlite3.DatabaseError) and "malformed" in str(error.__cause__):
            raise DatabaseProblem(f"{file} is damaged: {error.__cause__}.") from error
        raise DatabaseProblem(str(error).replace(str(copy), str(file))) from error
    if revision is None:
        raise DatabaseProblem(f"{file} is no backup of wesend.")
    if revision not in known_revisions():
        raise DatabaseProblem(f"{file} was made by a newer version of wesend (revision {revision}): upgrade wesend first.")
    try:
        with closing(sqlite3.connect(copy, timeout=15)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise DatabaseProblem(f"{file} is damaged: {error}.") from error
    if found != "ok":
        raise DatabaseProblem(f"{file} is damaged: {' '.join(found.split()).rstrip('.')}.")
    if broken is not None:
        raise DatabaseProblem(f"{file} is damaged: rows that belong together are missing.")


NO_TABLE_OF_REVISIONS = """
    SELECT 1 FROM sqlite_master
    WHERE lower(name) = 'alembic_version' AND (type <> 'table' OR sql NOT LIKE 'CREATE TABLE%')
"""


def _require_a_table_of_revisions(copy: Path, file: Path) -> None:
    """DatabaseProblem where a view stands in its place: it may have no end, and it is asked before anything is known."""
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(copy, timeout=15)) as connection:
        if connection.execute(NO_TABLE_OF_REVISIONS).fetchone():
            raise DatabaseProblem(f"{file} is no backup that wesend made: its alembic_version is no table.")


def _prepare(copy: Path, settings: Settings, make_app: Callable[[Settings], Flask], file: Path, actor: str) -> tuple[int, bool]:
    """Migrate the copy and pause its dispatch; how many messages wait in it, and whether its secrets can be read."""
    app = make_app(replace(settings, database=copy))
    with _closed_after(app):
        return _pause_restored(app, file, actor)


def _pause_restored(app: Flask, file: Path, actor: str) -> tuple[int, bool]:
    with app.app_context():
        bring_up_to_date()
        pausing.pause(f"Restored from {file.name}: what was queued then may have been sent since", actor=actor, anew=True)
        waiting = query("SELECT count(*) FROM messages WHERE status IN ('scheduled', 'dripping', 'queued', 'claimed')")
        return waiting[0][0], _secrets_readable()


@contextmanager
def _closed_after(app: Flask) -> Iterator[None]:
    try:
        yield
    finally:
        with app.app_context():
            app.extensions["wesend.database"].close()
            orm().engine.dispose()


def _restore_postgresql(file: Path, settings: Settings, make_app: Callable[[Settings], Flask], actor: str) -> Restored:
    """By PostgreSQL's own programs: all of it or nothing, and what was there is dumped to the instance folder before."""
    _require_archive(file, settings)
    app = make_app(settings)
    with nobody_serves(settings), _closed_after(app):
        aside = _dump_aside(app, settings)
        before = undone_erasures.of_app(app) if aside is not None else []
        postgresql_dump.restore(settings, file)
        waiting, readable = _pause_restored(app, file, actor)  # before all else: an older one lacks tables that are asked below
        with app.app_context(), atomic() as tx:  # who served when it was made serves no more
            for table in ("hosts", "slot_shares", "leases"):
                tx.execute(f"DELETE FROM {table}")
        undone = undone_erasures.undone(before, undone_erasures.of_app(app))
    return Restored(file.stat().st_size, aside, waiting, readable, undone)


def _require_archive(file: Path, settings: Settings) -> None:
    revision, here = postgresql_dump.revision_in(file), revision_of(settings)
    if revision is None:
        raise DatabaseProblem(f"{file} is no backup of wesend.")
    if revision not in known_revisions():
        raise DatabaseProblem(f"{file} was made by a newer version of wesend (revision {revision}): upgrade wesend first.")
    if here not in (None, revision):
        raise DatabaseProblem(f"{file} is of another version (revision {revision}): restore it to a new, empty database.")


def _dump_aside(app: Flask, settings: Settings) -> Path | None:
    """Where what is in the database is kept; None when nothing is. DatabaseProblem while any host serves."""
    if revision_of(settings) is None:
        return None
    with app.app_context():
        serving = [host.host for host in hosts.list_hosts() if host.is_seen() and clock.now_ms() - host.last_seen < SERVING_MS]
    if serving:
        raise DatabaseProblem(f"A server runs on the database at {', '.join(serving)}: stop it first.")
    moment = clock.to_datetime(clock.now_ms()).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = settings.instance / f"before-restore-{moment}.dump"
    postgresql_dump.dump(settings, aside)
    return aside


def _secrets_readable() -> bool:
    sealed = query("SELECT secret FROM webhook_endpoints UNION ALL SELECT secrets FROM gateways WHERE secrets <> ''")
    try:
        for (text,) in sealed[:1]:
            vault.unseal(text)
    except vault.Unreadable:
        return False
    return True


def _swap(copy: Path, database: Path) -> Path | None:
    """The copy in the database's place, at no moment without a database; where the old one is."""
    gate = os.open(f"{database}.gate", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)  # no command writes to the old one meanwhile
        aside = _keep_aside(database) if database.exists() else None
        os.replace(copy, database)
        sync(database.parent)
        return aside
    finally:
        os.close(gate)


def _keep_aside(database: Path) -> Path:
    moment = clock.to_datetime(clock.now_ms()).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = database.with_name(f"{database.name}.before-restore-{moment}")
    with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=15)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.link(database, aside)
    for ending in COMPANIONS:  # a damaged database's are still there; the restored one must not read them
        with suppress(FileNotFoundError):
            os.rename(f"{database}{ending}", f"{aside}{ending}")
    return aside
