"""An older database: what is there goes on serving every send that it served, and what only one side can have made is its."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import flask_migrate
import pytest

from wesend.database import query
from wesend.database.schema import db
from wesend.database.schema_version import MIGRATIONS, bring_up_to_date

from ..conftest import close, make_app


def revision_before() -> str:
    """The one that knew no sides."""
    (path,) = Path(MIGRATIONS, "versions").glob("*_sides.py")
    (line,) = (line for line in path.read_text().splitlines() if line.startswith("down_revision"))
    return line.split("=")[1].strip(" '\"")


ACCOUNTS = {1: ("published", 1, (1,)), 2: ("only tests", 0, (1,)), 3: ("both", 0, (0, 1)), 4: ("only live", 0, (0,))}
"""id → name, whether it is the published one, and of which sides (1: sandbox) its wallets and its eSMS keys are."""


def fill(path: Path) -> None:
    connection = sqlite3.connect(path)
    for account, (name, published, sides) in ACCOUNTS.items():
        connection.execute(
            "INSERT INTO accounts (id, name, country, time_zone, is_sandbox, created_at) VALUES (?, ?, 'UG', 'UTC', ?, 0)",
            (account, name, published),
        )
        for side in sides:
            wallet = account * 10 + side
            connection.execute(
                "INSERT INTO wallets (id, uid, account_id, currency, is_sandbox, purchase_currency, created_at)"
                " VALUES (?, ?, ?, 'UGX', ?, 'UGX', 0)",
                (wallet, f"wal_{wallet}", account, side),
            )
            connection.execute(
                "INSERT INTO api_keys (account_id, wallet_id, api, name, lookup, secret_sha256, prefix, scopes,"
                " created_at) VALUES (?, ?, 'esms', 'k', ?, '', '', 'send', 0)",
                (account, wallet, f"k{wallet}"),
            )
        connection.execute("INSERT INTO groups (id, account_id, name, created_at) VALUES (?, ?, 'Clients', 0)", (account, account))
        connection.execute(
            "INSERT INTO sender_ids (account_id, name, countries, status, created_at) VALUES (?, 'SHOP', 'UG', 'approved', 0)",
            (account,),
        )
        for address, source in (("+1", "inbound STOP"), ("+2", "entered by ann@example.com")):
            connection.execute(
                "INSERT INTO opt_outs (account_id, channel, address, source, created_at) VALUES (?, 'sms', ?, ?, 0)",
                (account, address, source),
            )
        for managed in (0, 1, 2):
            connection.execute(
                "INSERT INTO webhook_endpoints (account_id, format, url, secret, managed, created_at)"
                " VALUES (?, 'esms', 'https://x.example', '', ?, 0)",
                (account, managed),
            )
    connection.commit()
    connection.close()


@pytest.fixture
def upgraded(tmp_path):
    app = make_app(tmp_path / "old")
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS), revision=revision_before())
        db.engine.dispose()
        fill(app.config["WESEND"].database)
        assert bring_up_to_date()
        yield app
    close(app)


def sides(table: str, order: str) -> dict[str, list]:
    """Account → the sides of its rows."""
    return {
        name: [row[0] for row in query(f"SELECT side FROM {table} WHERE account_id = ? ORDER BY {order}", (account,))]
        for account, (name, _, _) in ACCOUNTS.items()
    }


def test_what_is_there_serves_both_sides_but_what_one_alone_can_have_made(upgraded):
    both = {"published": ["sandbox"], "only tests": [None], "both": [None], "only live": [None]}
    assert sides("groups", "id") == both and sides("sender_ids", "id") == both
    assert sides("opt_outs", "address") == {
        "published": ["sandbox", "sandbox"],
        "only tests": ["sandbox", None],
        "both": [None, None],
        "only live": [None, None],
    }
    assert sides("webhook_endpoints", "managed") == {
        "published": ["sandbox"] * 3,
        "only tests": [None, "sandbox", "sandbox"],
        "both": [None] * 3,
        "only live": [None, "live", "live"],
    }


def test_nothing_is_lost_and_what_was_unique_still_is(upgraded):
    assert [
        query(f"SELECT count(*) FROM {table}")[0][0] for table in ("groups", "sender_ids", "opt_outs", "webhook_endpoints")
    ] == [4, 4, 8, 12]
    connection = sqlite3.connect(upgraded.config["WESEND"].database)
    for sql in (
        "INSERT INTO groups (account_id, name, created_at) VALUES (3, 'Clients', 0)",
        "INSERT INTO opt_outs (account_id, channel, address, source, created_at) VALUES (3, 'sms', '+1', '', 0)",
        "INSERT INTO opt_outs (account_id, channel, address, source, side, created_at) VALUES (1, 'sms', '+1', '', 'sandbox', 0)",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            connection.execute(sql)
    connection.close()
