"""Migrations make exactly the models' schema, keep its triggers, and refuse a database they do not know."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect

from wesend.core import clock
from wesend.database import atomic, query
from wesend.database.schema import db
from wesend.database.schema_version import MIGRATIONS, DatabaseProblem, bring_up_to_date, current_revision, known_revisions
from wesend.database.transaction import leaves_configuration

from ..conftest import close, make_app
from ..support.domain import NUMBERS, assert_counted, make_wallet, problems, send

CONFIGURATION = ("accounts", "api_keys", "wallets", "routes", "exchange_rates", "sender_ids", "gateways")


def triggers(path: Path) -> dict[str, str]:
    connection = sqlite3.connect(path)
    try:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
    finally:
        connection.close()


def contents(tables: tuple[str, ...]) -> dict[str, list[tuple]]:
    return {table: [tuple(row) for row in query(f"SELECT * FROM {table} ORDER BY 1")] for table in tables}


def test_the_migrations_make_the_models_schema(context):
    with db.engine.connect() as connection:
        migration = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(migration, db.metadata) == []


def test_defaults_partial_indices_and_checks_are_the_models_too(context):
    """Alembic's comparison looks neither at an index's condition nor at a check, and takes '' for no default."""
    inspector = inspect(db.engine)
    for table in db.metadata.sorted_tables:
        checks = {check["name"]: " ".join(check["sqltext"].split()) for check in inspector.get_check_constraints(table.name)}
        assert checks == {
            str(check.name): " ".join(str(check.sqltext).split())
            for check in table.constraints
            if isinstance(check, CheckConstraint)
        }, table.name
        defaults = {column["name"]: column["default"] for column in inspector.get_columns(table.name)}
        assert defaults == {
            column.name: f"'{column.server_default.arg}'" if column.server_default is not None else None for column in table.columns
        }, table.name
        made = {
            index["name"]: str(index.get("dialect_options", {}).get("sqlite_where", ""))
            for index in inspector.get_indexes(table.name)
        }
        assert made == {
            index.name: str(
                index.dialect_options["sqlite"]["where"] if index.dialect_options["sqlite"]["where"] is not None else ""
            )
            for index in table.indexes
        }, table.name


def test_every_constraint_has_a_name(context):
    inspector = inspect(db.engine)
    for table in db.metadata.tables:
        constraints = [
            *inspector.get_check_constraints(table),
            *inspector.get_unique_constraints(table),
            *inspector.get_foreign_keys(table),
            inspector.get_pk_constraint(table),
        ]
        assert [constraint for constraint in constraints if not constraint["name"]] == [], table


def test_no_foreign_key_of_any_table_cascades(context):
    """A cascade on a table of money would remove entries that are never removed."""
    inspector = inspect(db.engine)
    for table in db.metadata.tables:
        assert [key["options"] for key in inspector.get_foreign_keys(table) if key["options"]] == [], table


def test_the_triggers_keep_the_ledger_and_the_caches_honest(context):
    expected = {"ledger_entries_no_update", "ledger_entries_no_delete"} | {
        f"{table}_config_{event}" for table in CONFIGURATION for event in ("insert", "update", "delete")
    }
    assert expected <= set(triggers(context.config["WESEND"].database))


@pytest.mark.parametrize("table", CONFIGURATION)
def test_every_change_of_a_configuration_table_raises_the_version_that_caches_hold_on_to(context, table):
    def version() -> int:
        return query("SELECT version FROM config_state")[0][0]

    make_wallet("0")
    columns = [row["name"] for row in query(f"SELECT name FROM pragma_table_info('{table}')")]
    key, others = columns[0], [column for column in columns[1:] if not column.endswith("_at")]
    changed = {"wallets": "currency", "api_keys": "scopes"}.get(table, others[0])
    with atomic() as tx:
        tx.execute("PRAGMA defer_foreign_keys = ON")
        if table == "gateways":
            tx.insert("gateways", name="g", type="t", options="{}", secrets="", callback_token="c", created_at=0)
        before = version()
        assert tx.changed(f"UPDATE {table} SET {changed} = {changed}") > 0
        assert version() > before
        before = version()
        last = tx.all(f"SELECT * FROM {table} ORDER BY {key} DESC LIMIT 1")[0]
        tx.execute(f"DELETE FROM {table} WHERE {key} = ?", (last[key],))
        assert version() > before
        before = version()
        tx.insert(table, **dict(last))
        assert version() > before


def test_what_is_said_to_leave_the_configuration_has_no_trigger_that_raises_its_version(context):
    raising = {
        row["tbl_name"]
        for row in query("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%UPDATE config_state%'")
    }
    assert set(CONFIGURATION) <= raising
    said = {table for table in db.metadata.tables if leaves_configuration(f"DELETE FROM {table} WHERE id = 1")}
    assert {"messages", "margin_days"} <= said
    assert said & raising == {"gateway_health"}  # the breaker's: no transaction reads it from memory
    assert not leaves_configuration("UPDATE wallets SET currency = ?")


def test_a_balance_and_a_keys_last_use_are_no_configuration(context):
    before = query("SELECT version FROM config_state")[0][0]
    with atomic() as tx:
        tx.execute("UPDATE wallets SET balance_micros = balance_micros")
        tx.execute("UPDATE api_keys SET last_used_at = 1")
    assert query("SELECT version FROM config_state")[0][0] == before


def test_revisions_form_one_line_from_the_first_to_the_last():
    files = list((MIGRATIONS / "versions").glob("*.py"))
    assert len(known_revisions()) == len(files) > 0
    assert known_revisions()[0] == "0001"


def test_a_new_database_is_made_once_with_mode_600_in_a_folder_of_mode_700(tmp_path):
    app = make_app(tmp_path / "new")
    database = app.config["WESEND"].database
    with app.app_context():
        assert current_revision(database) is None
        assert bring_up_to_date() is True and bring_up_to_date() is False
        assert query("SELECT 1 FROM wallets") == []
    close(app)
    assert current_revision(database) == known_revisions()[-1]
    assert database.stat().st_mode & 0o777 == 0o600
    assert database.parent.stat().st_mode & 0o777 == 0o700


def test_a_newer_database_is_refused_in_one_sentence_and_left_as_it_is(context):
    path = context.config["WESEND"].database
    with atomic() as tx:
        tx.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    before = contents(("accounts", "alembic_version"))
    with pytest.raises(DatabaseProblem, match="made by a newer version of wesend .revision from_the_future"):
        bring_up_to_date()
    assert contents(("accounts", "alembic_version")) == before
    assert current_revision(path) == "from_the_future"


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "wesend.db"
    path.write_bytes(content)
    app = make_app(tmp_path)
    with app.app_context(), pytest.raises(DatabaseProblem, match="wesend.db"):
        bring_up_to_date()
    assert path.read_bytes() == content
    close(app)


REBUILD = '''
"""Rebuilds the tables of money and their parents, as a later migration might."""
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{last}"


def upgrade():
    for table in ("wallets", "messages", "batches", "ledger_entries", "accounts"):
        with op.batch_alter_table(table, recreate="always") as batch:
            batch.add_column(sa.Column("added", sa.Integer()))
    {more}
'''


@pytest.fixture
def later(tmp_path):
    """Adds a migration to a copy of the migrations; the copy's folder."""

    def make(more: str = "") -> str:
        folder = tmp_path / "migrations"
        shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "9999_later.py").write_text(REBUILD.format(last=known_revisions()[-1], more=more))
        return str(folder)

    return make


MONEY = ("wallets", "ledger_entries", "batches", "messages", "message_events", "daily_counts")


@pytest.fixture
def populated(context):
    """Sends, refunds and their timelines."""
    wallet = make_wallet("100000", is_sandbox=True)
    send(wallet, *NUMBERS[:3], "+256700000077", in_request=True)
    send(wallet, *NUMBERS[:150])
    return wallet


def test_a_migration_that_rebuilds_the_tables_of_money_keeps_every_row_and_every_trigger(context, populated, later):
    path = context.config["WESEND"].database
    rows, kept = contents(MONEY), triggers(path)
    flask_migrate.upgrade(directory=later())
    db.engine.dispose()
    assert current_revision(path) == "9999"
    assert {
        table: [row[:-1] if table in ("wallets", "messages", "batches", "ledger_entries") else row for row in found]
        for table, found in contents(MONEY).items()
    } == rows
    assert triggers(path) == kept
    with pytest.raises(sqlite3.IntegrityError, match="immutable"), atomic() as tx:
        tx.execute("DELETE FROM ledger_entries")
    assert query("PRAGMA foreign_keys")[0][0] == 1
    assert problems() == []
    assert_counted()


def test_a_migration_that_would_break_a_foreign_key_is_undone_as_a_whole(context, populated, later, caplog):
    path = context.config["WESEND"].database
    rows, kept = contents(MONEY), triggers(path)
    with pytest.raises(SystemExit):  # flask_migrate logs the error and ends
        flask_migrate.upgrade(directory=later('op.execute("DELETE FROM batches")'))
    assert "would break foreign keys" in caplog.text
    db.engine.dispose()
    assert current_revision(path) == known_revisions()[-1]
    assert contents(MONEY) == rows and triggers(path) == kept


def test_rows_that_a_migration_writes_carry_a_moment(context):
    created = query("SELECT min(created_at) FROM routes")[0][0]
    assert isinstance(created, int) and 0 < created <= clock.now_ms()
