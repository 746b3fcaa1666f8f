"""A backup to download: read from an open file that has lost its name, so that nothing of it stays on the disk."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from io import BufferedReader, FileIO
from pathlib import Path
from typing import NamedTuple

from flask import current_app

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..core import clock, storage, thread_slots
from ..core.errors import Conflict, NotFound
from ..core.languages import sentence
from ..database.schema_version import DatabaseProblem
from . import backup

PREFIX = ".wesend-download-"
STALE_SECONDS = 3600


class HeldFile(BufferedReader):
    """A file that holds one of the threads for downloads until it is closed."""

    def __init__(self, path: Path, slot: thread_slots.Held):
        super().__init__(FileIO(path))
        self.slot = slot

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.slot.release()


class Copy(NamedTuple):
    """``file`` is the caller's to close; ``size`` in bytes."""

    file: HeldFile
    name: str
    size: int


class Kept(NamedTuple):
    """A backup that the clock made; ``size`` in bytes."""

    name: str
    made_at: int
    size: int


def make_copy(*, actor: Actor) -> Copy:
    """A backup as the database is now; TooManyExports, Conflict when it can't be made. Readers and writers go on meanwhile."""
    roles.require(actor, OPERATE)
    folder = current_app.config["WESEND"].instance
    _remove_stale(folder)
    with thread_slots.held_for_export() as slot:
        copy = _copy(folder, slot)
    _record(actor, f"made, {copy.size} bytes")
    return copy


def _copy(folder: Path, slot: thread_slots.Held) -> Copy:
    storage.here().require_room(backup.database_bytes())
    target = folder / f"{PREFIX}{secrets.token_hex(8)}{backup.ending()}"
    try:
        size = backup.back_up(target)
        file = HeldFile(target, slot)
    except (DatabaseProblem, OSError) as error:
        raise Conflict(str(error)) from error
    finally:
        target.unlink(missing_ok=True)
    return Copy(file, f"wesend-{clock.to_datetime(clock.now_ms()):{backup.STAMP}}Z{backup.ending()}", size)


def open_kept(name: str, *, actor: Actor) -> Copy:
    """One that the clock made; NotFound when there is none of that name, TooManyExports."""
    roles.require(actor, OPERATE)
    if name not in {one.name for one in list_kept(actor=actor)}:
        raise NotFound("This backup is not kept any more")
    path = current_app.config["WESEND"].backup_dir / name
    try:
        with thread_slots.held_for_export() as slot:
            file = HeldFile(path, slot)
    except OSError as error:
        raise Conflict(sentence("%(path)s can't be read: %(strerror)s.", path=path, strerror=error.strerror)) from error
    size = path.stat().st_size
    _record(actor, f"{name}, {size} bytes")
    return Copy(file, name, size)


def list_kept(*, actor: Actor) -> list[Kept]:
    """Those that the clock made, newest first; none without a folder for them."""
    roles.require(actor, OPERATE)
    folder = current_app.config["WESEND"].backup_dir
    found = []
    for path in reversed(backup.kept(folder)) if folder is not None and folder.exists() else ():
        with suppress(FileNotFoundError):  # the oldest may go at any moment
            found.append(Kept(path.name, backup.made_at(path), path.stat().st_size))
    return found


def _record(actor: Actor, detail: str) -> None:
    audit_log.note(actor=actor, action="backup.download", subject="backup", detail=detail)


def _remove_stale(folder: Path) -> None:
    """What was left by processes that were killed while they copied."""
    for path in (*folder.glob(f"{PREFIX}*"), *folder.glob(f".{PREFIX}*")):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - STALE_SECONDS:
                path.unlink()
