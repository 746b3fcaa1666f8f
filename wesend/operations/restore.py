"""Restore: a backup takes the place of the database, with dispatch paused, and the old database is kept aside.

Everything is done to a copy beside the database; one rename puts it in place.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from flask import Flask

from .. import clock, vault
from ..database import db, query
from ..locks import nobody_serves
from ..schema_version import (
    DatabaseProblem,
    bring_up_to_date,
    current_revision,
    known_revisions,
    prepare_folder,
)
from ..settings import Settings
from . import pausing
from .backup import sync

COMPANIONS = ("-wal", "-shm")


class Restored(NamedTuple):
    """``aside``: where the old database is kept; ``waiting`` messages leave when dispatch is resumed.

    ``secrets_readable``: whether the instance's secret key opens what is encrypted in the backup.
    """

    bytes: int
    aside: Path | None
    waiting: int
    secrets_readable: bool


def restore(file: Path, settings: Settings, make_app: Callable[[Settings], Flask], *, actor: str) -> Restored:
    """Put a backup in the database's place; DatabaseProblem, with nothing changed, when it can't be used.

    Refused while a server runs on the database.
    """
    prepare_folder(settings)
    if settings.database.exists() and file.samefile(settings.database):
        raise DatabaseProblem(f"{file} is the database itself: name a backup.")
    with nobody_serves(settings):
        copy = settings.database.with_name(f"{settings.database.name}.restoring-{os.getpid()}")
        try:
            shutil.copyfile(file, copy)
            copy.chmod(0o600)
            size = copy.stat().st_size
            _check(copy, file)
            waiting, readable = _prepare(copy, settings, make_app, file, actor)
            sync(copy)
            aside = _swap(copy, settings.database)
        finally:
            for ending in ("", *COMPANIONS, ".gate"):
                copy.with_name(copy.name + ending).unlink(missing_ok=True)
    return Restored(size, aside, waiting, readable)


def _check(copy: Path, file: Path) -> None:
    """A whole database of this version or an older one."""
    try:
        revision = current_revision(copy)
    except DatabaseProblem as error:
        if isinstance(error.__cause__, sqlite3.DatabaseError) and "malformed" in str(error.__cause__):
            raise DatabaseProblem(f"{file} is damaged: {error.__cause__}.") from error
        raise DatabaseProblem(str(error).replace(str(copy), str(file))) from error
    if revision is None:
        raise DatabaseProblem(f"{file} is no backup of wesend.")
    if revision not in known_revisions():
        raise DatabaseProblem(f"{file} was made by a newer version of wesend (revision {revision}): upgrade wesend"
                              f" first.")
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


def _prepare(copy: Path, settings: Settings, make_app: Callable[[Settings], Flask], file: Path,
             actor: str) -> tuple[int, bool]:
    """Migrate the copy and pause its dispatch; how many messages wait in it, and whether its secrets can be read."""
    app = make_app(replace(settings, database=copy))
    with app.app_context():
        try:
            bring_up_to_date()
            pausing.pause(f"Restored from {file.name}: what was queued then may have been sent since", actor=actor,
                          anew=True)
            waiting = query("SELECT count(*) FROM messages WHERE status IN ('scheduled', 'dripping', 'queued',"
                            " 'claimed')")
            return waiting[0][0], _secrets_readable()
        finally:
            app.extensions["wesend.database"].close()
            db.engine.dispose()


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
