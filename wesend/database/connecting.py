"""Connections of sqlite3, set up alike everywhere."""

from __future__ import annotations

import sqlite3
from pathlib import Path

BUSY_TIMEOUT_MS = 15_000


def configure(connection: sqlite3.Connection) -> None:
    """Pragmas of every connection. FULL: a power cut must not lose an acknowledged message."""
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "cache_size=-16000",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    configure(connection)
    connection.row_factory = sqlite3.Row
    return connection


def connect_unchanged(path: str, error: sqlite3.Error) -> sqlite3.Connection:
    """For one read of a file that nobody can write to now: SQLite's own way to read it needs room for its index.

    ``error``, when there is a log of commits beside it: without that the file is not what was committed last.
    """
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size:
        raise error
    connection = sqlite3.connect(
        f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection
