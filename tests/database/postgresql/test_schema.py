"""The same revisions make the same schema on both engines: columns, keys, indexes and what triggers do."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sqlalchemy as sa

from wesend.core.settings import PROJECT
from wesend.database import atomic, query
from wesend.database.errors import INTEGRITY_ERRORS
from wesend.database.postgresql.revision import current_revision
from wesend.database.schema import db
from wesend.database.schema_version import bring_up_to_date, known_revisions

from ...conftest import make_app


def shape(app) -> dict[str, tuple]:
    """Of each table: columns with whether they may be empty, keys, unique and foreign ones, indexes with their conditions."""
    with app.app_context():
        inspector = sa.inspect(db.engine)
        return {
            name: (
                sorted((column["name"], column["nullable"], kind(column["type"])) for column in inspector.get_columns(name)),
                inspector.get_pk_constraint(name)["constrained_columns"],
                sorted(key["name"] for key in inspector.get_foreign_keys(name)),
                sorted((found["name"], *found["column_names"]) for found in inspector.get_unique_constraints(name)),
                sorted(check["name"] for check in inspector.get_check_constraints(name)),
                sorted(
                    (found["name"], *found["column_names"], bool(found["unique"]), is_partial(found))
                    for found in inspector.get_indexes(name)
                    if not found.get("duplicates_constraint")
                ),
            )
            for name in inspector.get_table_names()
        }


def kind(column: sa.types.TypeEngine) -> str:
    if isinstance(column, sa.Integer):
        return "number"
    return "bytes" if isinstance(column, sa.types._Binary) else "text" if isinstance(column, sa.String) else repr(column)


def is_partial(index) -> bool:
    return any(name.endswith("_where") for name in index.get("dialect_options", {}))


def test_tables_columns_keys_and_indexes_are_the_same(app, tmp_path):
    on_sqlite = make_app(tmp_path / "sqlite")
    with on_sqlite.app_context():
        bring_up_to_date()
    assert shape(app) == shape(on_sqlite)


def test_the_triggers_are_the_same_and_do_the_same(context, tmp_path):
    on_sqlite = make_app(tmp_path / "sqlite")
    with on_sqlite.app_context():
        bring_up_to_date()
        names = {row[0] for row in query("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    assert {row[0] for row in query("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")} == names

    def version() -> int:
        return query("SELECT version FROM config_state")[0][0]

    before = version()
    with atomic() as tx:
        tx.execute("UPDATE wallets SET balance_micros = balance_micros + 1")
    assert version() == before
    with atomic() as tx:
        tx.execute("UPDATE routes SET price_micros = price_micros + 1")
    assert version() > before
    with pytest.raises(INTEGRITY_ERRORS, match="immutable"), atomic() as tx:
        tx.execute("DELETE FROM ledger_entries")
    stored = "SELECT contacts FROM account_storage WHERE account_id = ?"
    group = query("SELECT * FROM groups ORDER BY id LIMIT 1")[0]
    had = query(stored, (group["account_id"],))[0][0]
    with atomic() as tx:
        tx.execute("UPDATE groups SET description = ? WHERE id = ?", ("é" * 10, group["id"]))
    assert query(stored, (group["account_id"],))[0][0] == had + 20 - len((group["description"] or "").encode())


def test_texts_are_ordered_by_their_bytes_and_as_long_as_they_are(context):
    with atomic() as tx:
        for name in ("b", "B", "é", "a" * 300):
            tx.insert("sign_in_attempts", email=name, address="x", at=1)
    found = [row[0] for row in query("SELECT email FROM sign_in_attempts ORDER BY email")]
    assert found == sorted(found, key=str.encode) and len(found) == 4


START = """
import sys
from pathlib import Path
from tests.conftest import make_app
from wesend.database.schema_version import bring_up_to_date
app = make_app(Path(sys.argv[1]), WESEND_DATABASE_URL=sys.argv[2], WESEND_SECRET_KEY="k")
with app.app_context():
    bring_up_to_date()
"""


def test_of_hosts_that_start_at_the_same_moment_one_migrates(a_postgresql_server, tmp_path):
    url = a_postgresql_server.create()
    hosts = [subprocess.Popen([sys.executable, "-c", START, str(tmp_path / f"host{n}"), url], cwd=PROJECT) for n in range(3)]
    assert [host.wait() for host in hosts] == [0, 0, 0]
    assert current_revision(url) == known_revisions()[-1]
    a_postgresql_server.drop(url)
