"""The landed version's database through every revision: nothing breaks, no money moves, and the end is a fresh one's schema."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import flask_migrate
import pytest
from sqlalchemy import create_engine, inspect

from wesend.database.schema import db
from wesend.database.schema_version import MIGRATIONS, bring_up_to_date, current_revision, known_revisions

from ..conftest import close, make_app
from ..support.domain import problems, recount_batch, recount_days
from .conftest import ENVIRONMENT

LANDED = "0011"
MONEY = {
    "wallets": (
        "id",
        "uid",
        "account_id",
        "currency",
        "balance_micros",
        "is_sandbox",
        "sms_rate_micros",
        "purchase_currency",
        "low_balance_micros",
    ),
    "ledger_entries": (
        "id",
        "wallet_id",
        "kind",
        "amount_micros",
        "balance_after_micros",
        "description",
        "batch_id",
        "message_id",
        "deposit_id",
        "charge_no",
        "created_at",
    ),
    "deposits": ("id", "uid", "reference", "wallet_id", "amount_micros", "currency", "gateway_ref", "status", "credited_micros"),
    "messages": (
        "id",
        "uid",
        "batch_id",
        "wallet_id",
        "recipient",
        "status",
        "cost_micros",
        "refunded_micros",
        "charges",
        "segments",
        "text",
        "gateway_ref",
        "due_at",
    ),
    "batches": (
        "id",
        "uid",
        "wallet_id",
        "state",
        "total",
        "queued",
        "submitted",
        "delivered",
        "failed",
        "cancelled",
        "cost_micros",
        "refunded_micros",
    ),
    "daily_counts": ("account_id", "wallet_id", "day", "route", "total", "delivered", "failed", "cancelled"),
    "api_keys": ("id", "account_id", "wallet_id", "api", "lookup", "secret_sha256", "scopes", "revoked_at"),
}
"""The columns of the landed version that no upgrade may change, and no row of theirs may go or come."""


def money_of(path: Path) -> dict[str, list[tuple]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2, 3").fetchall()
            for table, columns in MONEY.items()
        }


def test_every_revision_by_itself_keeps_the_database_whole_and_every_row_of_money(old_instance):
    path = old_instance / "wesend.db"
    before = money_of(path)
    assert current_revision(path) == LANDED
    app = make_app(old_instance, **ENVIRONMENT)
    with app.app_context():
        for revision in known_revisions()[known_revisions().index(LANDED) + 1 :]:
            flask_migrate.upgrade(directory=str(MIGRATIONS), revision=revision)
            db.engine.dispose()
            with closing(sqlite3.connect(path)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], revision
                assert connection.execute("PRAGMA foreign_key_check").fetchall() == [], revision
                with pytest.raises(sqlite3.IntegrityError, match="immutable"):
                    connection.execute("DELETE FROM ledger_entries")
            assert money_of(path) == before, revision
        assert bring_up_to_date() is False
        assert problems() == []
    close(app)


def test_all_of_them_at_once_come_to_the_same(upgraded_database, old_database):
    assert money_of(upgraded_database) == money_of(old_database)


def test_audit_and_every_count_hold_after_it(upgraded):
    with upgraded.app.app_context():
        assert problems() == []
        kept = {
            tuple(row)[:3]: tuple(row)[3:]
            for row in upgraded.rows(
                "SELECT account_id, wallet_id, day, sum(total), sum(delivered), sum(failed), sum(cancelled) FROM daily_counts"
                " GROUP BY 1, 2, 3"
            )
        }
        assert kept == recount_days()
        for row in upgraded.rows("SELECT * FROM batches WHERE state NOT IN ('intake', 'rejected')"):
            assert {name: row[name] for name in recount_batch(row["id"])} == recount_batch(row["id"])
    sums = upgraded.rows(
        "SELECT w.uid, w.balance_micros, sum(l.amount_micros) FROM wallets w LEFT JOIN ledger_entries l"
        " ON l.wallet_id = w.id GROUP BY w.id"
    )
    assert [row["uid"] for row in sums if row[1] != (row[2] or 0)] == []


def schema_of(path: Path) -> dict[str, object]:
    """Everything that a schema holds, without the order in which it was added to."""
    engine = create_engine(f"sqlite:///{path}")
    inspector = inspect(engine)
    found: dict[str, object] = {}
    for table in inspector.get_table_names():
        found[table] = {
            "columns": sorted(
                (column["name"], str(column["type"]), column["nullable"], column["default"], column["primary_key"])
                for column in inspector.get_columns(table)
            ),
            "keys": inspector.get_pk_constraint(table),
            "unique": sorted(inspector.get_unique_constraints(table), key=str),
            "foreign": sorted(inspector.get_foreign_keys(table), key=str),
            "checks": sorted(
                (check["name"], " ".join(check["sqltext"].split())) for check in inspector.get_check_constraints(table)
            ),
        }
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger')"):
            found[f"{kind} {name}"] = re.sub(r"\s+", " ", (sql or "").replace('"', ""))
    return found


def test_its_schema_is_a_fresh_ones(upgraded_database, migrated):
    upgraded, fresh = schema_of(upgraded_database), schema_of(migrated / "wesend.db")
    assert upgraded.keys() == fresh.keys()
    assert {name: value for name, value in upgraded.items() if value != fresh[name]} == {}


def test_the_fixture_holds_what_an_instance_may_hold(old_database):
    """So that no run of `populate.py` leaves a kind out unseen."""
    with closing(sqlite3.connect(old_database)) as connection:

        def kinds(sql: str) -> set:
            return {row[0] for row in connection.execute(sql)}

        assert kinds("SELECT status FROM messages") == {
            "scheduled",
            "dripping",
            "queued",
            "claimed",
            "submitting",
            "submitted",
            "sent",
            "delivered",
            "failed",
            "cancelled",
            "unknown",
        }
        assert kinds("SELECT status FROM deposits") == {"pending", "successful", "failed", "expired"}
        assert kinds("SELECT status FROM webhook_deliveries") == {"pending", "delivered", "exhausted"}
        assert kinds("SELECT status FROM sender_ids") == {"pending", "approved", "rejected"}
        assert kinds("SELECT state FROM batches") == {"intake", "open", "paused", "cancelled", "finished", "refused"}
        assert kinds("SELECT state FROM brought_receipts") == {"new", "matched", "unmatched"}
        assert kinds("SELECT api FROM api_keys") == {"wesendall", "wasambazie", "esms", "worldledgers"}
        tables = kinds("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert {table for table in tables if not kinds(f"SELECT count(*) FROM {table}") - {0}} == set()
