"""Triggers in migrations, for both engines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from sqlalchemy import text

BYTES = re.compile(r"length\(CAST\(([\w.]+) AS BLOB\)\)")
FUNCTION = "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$"


def create(name: str, event: str, table: str, statement: str, *, when: str | None = None) -> None:
    """Run ``statement`` after each row of an ``event`` (INSERT, DELETE, UPDATE OF …), with its NEW and OLD."""
    condition = f" WHEN {when}" if when else ""
    if on_sqlite():
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table}{condition} BEGIN {statement}; END")
        return
    op.execute(FUNCTION.format(name=name, body=in_bytes(statement)))
    op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW{condition} EXECUTE FUNCTION {name}()")


def refuse(name: str, event: str, table: str, sentence: str, *, when: str | None = None) -> None:
    """No row of ``table`` goes through ``event`` (UPDATE or DELETE), or none of which ``when`` holds."""
    condition = f" WHEN ({when})" if when else ""
    if on_sqlite():
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table}{condition} BEGIN SELECT raise(ABORT, '{sentence}'); END")
        return
    op.execute(FUNCTION.format(name=name, body=f"RAISE EXCEPTION '{sentence}'"))
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW{condition} EXECUTE FUNCTION {name}()")


def drop(name: str, table: str) -> None:
    if on_sqlite():
        op.execute(f"DROP TRIGGER {name}")
        return
    op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute(f"DROP FUNCTION {name}()")


@contextmanager
def kept() -> Iterator[None]:
    """Around the rebuilding of a table, which SQLite's loses its triggers by: they are there again afterwards."""
    if not on_sqlite():
        yield
        return
    before = _on_sqlite()
    yield
    for name in before.keys() - _on_sqlite().keys():
        op.execute(before[name])


def _on_sqlite() -> dict[str, str]:
    """Name → statement."""
    found = op.get_bind().execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    return {row[0]: row[1] for row in found}


def in_bytes(expression: str) -> str:
    """``length(CAST(x AS BLOB))`` as the engine at hand says it."""
    return expression if on_sqlite() else BYTES.sub(r"octet_length(\1)", expression)


def on_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"
