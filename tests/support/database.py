"""What lies in the database: for tests that say that nothing, or exactly one thing, was written."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from flask import Flask

from wesend.core.current_app import this_app
from wesend.database import Tx, query
from wesend.database.schema import db

COUNTING = ("rate_windows", "api_calls", "commits")
"""Where requests are counted by hosts that share a database (on one host that is a file), and noted a moment after their
answer: those that are refused, too; and where each process notes its last commit, be it that a key was used.
"""


def written(app: Flask) -> dict[str, int]:
    """Rows of every table and micro-units of every wallet; equal before and after when nothing was written."""
    with app.app_context():
        found = {name: query(f"SELECT count(*) FROM {name}")[0][0] for name in db.metadata.tables if name not in COUNTING}
        found.update(
            {f"balance of {row['uid']}": row["balance_micros"] for row in query("SELECT uid, balance_micros FROM wallets")}
        )
    return found


def batches(app: Flask) -> int:
    """Sends that were accepted."""
    return written(app)["batches"]


def seen_from_outside(app: Flask, sql: str) -> list[tuple]:
    """What is committed, as another program reads it."""
    settings = app.config["WESEND"]
    if settings.database_url:
        import psycopg

        with psycopg.connect(settings.database_url) as connection:
            return connection.execute(sql.encode()).fetchall()
    with closing(sqlite3.connect(f"file:{settings.database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def let_anything_be_written(tx: Tx) -> None:
    """What triggers and foreign keys refuse, too: to tamper with it."""
    if this_app().config["WESEND"].database_url:
        tx.execute("SET LOCAL session_replication_role = replica")
        return
    tx.execute("PRAGMA defer_foreign_keys = ON")
    for (name,) in tx.all("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger%'"):
        tx.execute(f"DROP TRIGGER {name}")
