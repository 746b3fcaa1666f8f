"""Files that accounts have uploaded and that wait for what comes next: in the instance folder, or in the database that hosts share.

An upload made at one host is used at another. Each is found by its account and a token, and is whole or not there.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from flask import current_app

from ..core import clock
from ..database import Tx, query, query_one, write
from . import cluster

FOLDER = "uploads"
CHUNK = 256 * 1024
"""Bytes a row, and a transaction: nobody else's send waits for a large file."""


def keep(account_id: int, token: str, fill: Callable[[IO[bytes]], None]) -> None:
    """Keep what ``fill`` writes to the file that it is given; nothing when it raises."""
    if cluster.is_shared():
        with tempfile.TemporaryFile() as file:
            fill(file)
            file.seek(0)
            _insert(account_id, token, file)
        return
    path = _path(account_id, token)
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            fill(file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def open_kept(account_id: int, token: str) -> IO[bytes] | None:
    """The file, to be closed by the caller; None when there is none."""
    if cluster.is_shared():
        return _load(account_id, token)
    try:
        return _path(account_id, token).open("rb")
    except FileNotFoundError:
        return None


def forget(account_id: int, token: str) -> None:
    if cluster.is_shared():
        _delete("account_id = ? AND token = ?", (account_id, token))
    else:
        _path(account_id, token).unlink(missing_ok=True)


def sizes(account_id: int) -> list[int]:
    """In bytes, of all that an account has waiting."""
    if cluster.is_shared():
        return [row["size"] for row in query("SELECT size FROM uploads WHERE account_id = ? AND size IS NOT NULL", (account_id,))]
    found = []
    for path in _folder().glob(f"{account_id}-*.csv"):
        with suppress(FileNotFoundError):  # another process was first
            found.append(path.stat().st_size)
    return found


def names(account_id: int | None = None) -> list[tuple[int, str]]:
    """Account and token of every file that is kept, or of one account's."""
    if cluster.is_shared():
        rows = query("SELECT account_id, token FROM uploads WHERE size IS NOT NULL ORDER BY id")
        found = [(row["account_id"], row["token"]) for row in rows]
    else:
        stems = [path.stem.partition("-") for path in _folder().glob("*.csv")]
        found = [(int(owner), token) for owner, _, token in stems if owner.isdigit()]
    return [name for name in found if account_id in (None, name[0])]


def forget_older(seconds: float) -> None:
    if cluster.is_shared():
        _delete("created_at < ?", (clock.now_ms() - round(seconds * 1000),))
        return
    for path in _folder().glob("*.csv"):
        with suppress(FileNotFoundError):  # another process was first
            if path.stat().st_mtime < time.time() - seconds:
                path.unlink(missing_ok=True)


# -- in the instance folder ------------------------------------------------


def _folder() -> Path:
    folder = current_app.config["WESEND"].instance / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _path(account_id: int, token: str) -> Path:
    return _folder() / f"{account_id}-{token}.csv"


# -- in the database -------------------------------------------------------


def _insert(account_id: int, token: str, file: IO[bytes]) -> None:
    """A chunk a transaction; only with its size, at the end, is it there."""
    now = clock.now_ms()
    upload_id = write(lambda tx: tx.insert("uploads", account_id=account_id, token=token, created_at=now))
    size = 0
    for number, data in enumerate(iter(lambda: file.read(CHUNK), b"")):
        size += len(data)
        write(lambda tx, row=(upload_id, number, data): tx.insert_many("upload_chunks", ("upload_id", "number", "data"), [row]))  # type: ignore[misc]  # mypy can't infer a lambda's defaults
    write(lambda tx: tx.changed("UPDATE uploads SET size = ? WHERE id = ?", (size, upload_id)))


def _load(account_id: int, token: str) -> IO[bytes] | None:
    """A copy in a temporary file, which has no name."""
    row = query_one("SELECT id FROM uploads WHERE account_id = ? AND token = ? AND size IS NOT NULL", (account_id, token))
    if row is None:
        return None
    file = tempfile.TemporaryFile()
    for data in _chunks(row["id"]):
        file.write(data)
    file.seek(0)
    return file


def _chunks(upload_id: int) -> Iterator[bytes]:
    number = 0
    while (row := query_one("SELECT data FROM upload_chunks WHERE upload_id = ? AND number = ?", (upload_id, number))) is not None:
        yield row["data"]
        number += 1


def _delete(condition: str, values: tuple) -> None:
    def unit(tx: Tx) -> None:
        tx.execute(f"DELETE FROM upload_chunks WHERE upload_id IN (SELECT id FROM uploads WHERE {condition})", values)
        tx.execute(f"DELETE FROM uploads WHERE {condition}", values)

    if query(f"SELECT 1 FROM uploads WHERE {condition} LIMIT 1", values):
        write(unit)
