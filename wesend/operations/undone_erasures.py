"""What an older backup brings back: people who were erased, and accounts that were closed, since it was made."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from flask import Flask

from ..database import query

ENTRIES = "SELECT at, action, subject, account_id FROM audit_log WHERE action IN ('person.erase', 'account.close') ORDER BY id"


class Erasure(NamedTuple):
    """An entry of the audit log: of a person by their hash alone, of an account by its name."""

    at: int
    action: str
    subject: str | None
    account_id: int | None


def of_file(database: Path) -> list[Erasure]:
    """Of an SQLite database; none where it can't be read, or is of a version that knew of none."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=15)) as connection:
            return [Erasure(*row) for row in connection.execute(ENTRIES)]
    except sqlite3.Error:
        return []


def of_app(app: Flask) -> list[Erasure]:
    with app.app_context():
        return [Erasure(*row) for row in query(ENTRIES)]


def undone(before: list[Erasure], restored: list[Erasure]) -> list[Erasure]:
    """Those of the database that was there which the restored one does not know of."""
    known = set(restored)
    return [erasure for erasure in before if erasure not in known]
