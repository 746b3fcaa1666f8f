"""Alembic's environment. Batch migrations rebuild tables: with foreign keys on, a rebuild can empty its children,
and it drops the table's triggers. So foreign keys are off for the run, are checked after it, and every trigger that
was there before is there again."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from wesend.database.schema_version import MIGRATING

target_metadata = current_app.extensions["migrate"].db.metadata


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect().execution_options(write=True) as connection:
        context.configure(
            connection=connection, target_metadata=target_metadata, render_as_batch=True, compare_type=True, transactional_ddl=True
        )
        if engine.dialect.name == "sqlite":
            _run_on_sqlite(connection)
        else:
            _run_on_postgresql(connection)


def _run_on_sqlite(connection: Connection) -> None:
    raw: Any = connection.connection.driver_connection
    try:
        raw.execute("PRAGMA foreign_keys=OFF")
        before = dict(raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
        with context.begin_transaction():
            context.run_migrations()
            _restore_triggers(connection, before)
            broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
            if broken:
                raise RuntimeError(f"the migration would break foreign keys: {[tuple(row) for row in broken[:5]]}")
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _run_on_postgresql(connection: Connection) -> None:
    """Of hosts that start at the same moment one migrates, and the others find it done."""
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATING})"))
        context.run_migrations()


def _restore_triggers(connection: Connection, before: dict[str, str]) -> None:
    """Make again what a rebuilt table lost; a trigger that a migration drops on purpose says so in `info`."""
    dropped = connection.info.get("dropped_triggers", ())
    now = {row[0] for row in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))}
    for name, sql in before.items():
        if name not in now and name not in dropped:
            connection.exec_driver_sql(sql)


run()
