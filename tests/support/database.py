"""What lies in the database: for tests that say that nothing, or exactly one thing, was written."""

from __future__ import annotations

from flask import Flask

from wesend.database import db, query


def written(app: Flask) -> dict[str, int]:
    """Rows of every table and micro-units of every wallet; equal before and after when nothing was written."""
    with app.app_context():
        found = {name: query(f"SELECT count(*) FROM {name}")[0][0] for name in db.metadata.tables}
        found.update(
            {f"balance of {row['uid']}": row["balance_micros"] for row in query("SELECT uid, balance_micros FROM wallets")}
        )
    return found


def batches(app: Flask) -> int:
    """Sends that were accepted."""
    return written(app)["batches"]
