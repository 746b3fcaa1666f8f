"""Backups: a consistent copy of the database while it is written to, by hand or every few hours.

A backup holds no key: what is encrypted in it (gateways' and webhooks' secrets) is of use only with the instance's
secret key, which has to be kept elsewhere.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from flask import current_app

from ..coordination import cluster, leadership
from ..core import clock
from ..core.settings import Settings
from ..database import query
from ..database.schema_version import DatabaseProblem
from . import postgresql_dump

NAME = re.compile(r"wesend-(\d{8}T\d{6})Z\.(?:db|dump)")
STAMP = "%Y%m%dT%H%M%S"
PARTIAL = ".partial"
AGAIN_MS = 5 * clock.MINUTE
FAILED_AT = "wesend.backup_failed_at"


def back_up(target: Path) -> int:
    """Write a copy of the database to a new file of mode 600; its size in bytes.

    DatabaseProblem when the file is there already or can't be written. Readers and writers go on meanwhile.
    """
    if target.exists():
        raise DatabaseProblem(f"{target} is there already: name a new file.")
    partial = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
        settings: Settings = current_app.config["WESEND"]
        if settings.database_url:
            postgresql_dump.dump(settings, partial)
            sync(partial)
        else:
            _copy(settings.database, partial)
        size = partial.stat().st_size
        os.rename(partial, target)
        sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DatabaseProblem(f"The backup {target} can't be written: {reason}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return size


def ending() -> str:
    """Of a backup's name: a SQLite file, or an archive of `pg_dump`."""
    return ".dump" if current_app.config["WESEND"].database_url else ".db"


def database_bytes() -> int:
    settings: Settings = current_app.config["WESEND"]
    if settings.database_url:
        return query("SELECT pg_database_size(current_database())")[0][0]
    return settings.database.stat().st_size


def _copy(database: Path, partial: Path) -> None:
    # One read transaction: VACUUM INTO sees the database as it is at its start (a copied file loses what is in the
    # WAL).
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=15)) as connection:
        connection.execute("VACUUM INTO ?", (str(partial),))
    sync(partial)


def sync(path: Path) -> None:
    """Have a file or a folder on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def kept(folder: Path) -> list[Path]:
    """The backups that were made by the clock, oldest first."""
    return sorted(path for path in folder.glob("wesend-*") if NAME.fullmatch(path.name))


def made_at(path: Path) -> int:
    """When a backup was made, in milliseconds since 1970."""
    match = NAME.fullmatch(path.name)
    assert match is not None
    return clock.from_datetime(datetime.strptime(match[1], STAMP).replace(tzinfo=UTC))


def age_ms() -> int | None:
    """Milliseconds since the newest backup that was made by the clock; None without one or when none are made."""
    folder, now = current_app.config["WESEND"].backup_dir, clock.now_ms()
    made = [made_at(path) for path in (kept(folder) if folder is not None and folder.is_dir() else [])]
    # One of the future was made before the clock was put right: who knows when.
    return now - max(past) if (past := [moment for moment in made if moment <= now]) else None


def is_late(age: int) -> bool:
    """Whether the newest is so old (milliseconds) that something must be wrong with those who make them."""
    return age > (2 * current_app.config["WESEND"].backup_hours + 1) * clock.HOUR


def is_overdue() -> bool:
    """Whether one that is to be made by the clock is late, or there is none at all: the first is made at the start."""
    settings: Settings = current_app.config["WESEND"]
    if settings.backup_dir is None or not _are_made_here(settings):
        return False
    age = age_ms()
    return age is None or is_late(age)


def _are_made_here(settings: Settings) -> bool:
    """Of several hosts the one that runs the jobs makes them, into its own folder."""
    if not cluster.is_shared():
        return True
    found = leadership.running(settings)
    return found is not None and found.host == cluster.host_id(settings)


def back_up_when_due() -> Path | None:
    """The next backup when it is due; one that failed is not tried again at once."""
    now, seen = clock.now_ms(), current_app.extensions
    if 0 <= now - seen.get(FAILED_AT, -AGAIN_MS) < AGAIN_MS:
        return None
    try:
        return _back_up_when_due()
    except (OSError, DatabaseProblem):
        seen[FAILED_AT] = now
        raise


def _back_up_when_due() -> Path | None:
    """Make the next backup when the newest is old enough, and remove those beyond the number that is kept."""
    settings = current_app.config["WESEND"]
    if settings.backup_dir is None or settings.database_url and not postgresql_dump.is_here(postgresql_dump.DUMP):
        return None
    settings.backup_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    age = age_ms()
    if age is not None and age < settings.backup_hours * clock.HOUR:
        return None
    for stale in settings.backup_dir.glob(f".wesend-*{PARTIAL}"):
        stale.unlink(missing_ok=True)  # of a scheduler that was killed: only one runs at a time
    made = settings.backup_dir / f"wesend-{clock.to_datetime(clock.now_ms()):{STAMP}}Z{ending()}"
    if not settings.database_url:  # an archive is smaller than its database, nobody knows by how much
        _require_room(settings, settings.backup_dir)
    back_up(made)
    _remove_oldest(made, settings.backup_keep)
    return made


def _require_room(settings: Settings, folder: Path) -> None:
    """A copy that does not fit would take what is left for messages from them, each time that it is tried."""
    needed = database_bytes()
    if folder.stat().st_dev == settings.database.parent.stat().st_dev:
        needed += settings.disk_reserve_mb * 2**20
    found = os.statvfs(folder)
    free = found.f_frsize * found.f_bavail
    if free < needed:
        raise DatabaseProblem(f"No backup is made in {folder}: {free // 2**20} MB are free, {needed // 2**20} MB are needed.")


def _remove_oldest(made: Path, keep: int) -> None:
    """Those of the future count as the oldest, else they would push out every other."""
    old = sorted((path for path in kept(made.parent) if path != made), key=lambda path: (path.name < made.name, path.name))
    for path in old[: max(0, len(old) - keep + 1)]:
        path.unlink(missing_ok=True)
