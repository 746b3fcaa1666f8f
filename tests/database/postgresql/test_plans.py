"""What PostgreSQL plans at a quiet hour is right in the storm that follows."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.apis import Wesendall
from tests.support.plans_of_postgresql import nodes
from wesend.messages.state.statuses import ALL

OTHERS = 20_000
COPIES = """
    INSERT INTO {table} ({columns}) SELECT {values} FROM (SELECT * FROM {table} ORDER BY id LIMIT 1) one, generate_series(1, %s) n
"""
COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
FOUND_BY = "EXPLAIN (FORMAT JSON) UPDATE {table} SET status = 'failed' WHERE id = 7 AND status = '{status}'"


def fill(connection: psycopg.Connection, table: str, **values: str) -> None:
    columns = [row[0] for row in connection.execute(COLUMNS, (table,))]
    given = {"id": "1000 + n", **values}
    filled = COPIES.format(table=table, columns=", ".join(columns), values=", ".join(given.get(c, f"one.{c}") for c in columns))
    connection.execute(filled.encode(), (OTHERS,))


@pytest.fixture
def quiet(app, url):
    """A connection to a database in which many messages have ended and none is under way, and which has been analysed so."""
    assert Wesendall(app.test_client()).send("0712345678").status_code == 200
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE messages SET status = 'delivered'")
        fill(connection, "messages", uid="md5(n::text)")
        connection.execute("VACUUM ANALYZE")
        yield connection


@pytest.mark.parametrize("status", ALL)
def test_a_message_is_found_by_its_id_however_few_had_its_status(quiet, status):
    [(plans,)] = quiet.execute(FOUND_BY.format(table="messages", status=status).encode())
    assert "id = 7" in next(node.get("Index Cond", "") for node in nodes(plans[0]["Plan"]) if "Index Name" in node)
