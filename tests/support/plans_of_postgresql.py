"""PostgreSQL's plans: `plans`. It walks a short table whatever its indexes are, so it is told that those that grow are long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

STATEMENT = re.compile(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b", re.IGNORECASE)
ROWS = 1_000_000
LONG = f"""
    UPDATE pg_class SET reltuples = {ROWS}, relpages = greatest(1, pg_relation_size(oid) / current_setting('block_size')::int)
    WHERE relname = ANY (%s) AND relkind = 'r'
"""
DEAR = "SET LOCAL enable_seqscan = off; SET LOCAL cpu_tuple_cost = 0.1; SET LOCAL cpu_index_tuple_cost = 0.1"
"""As if so many rows lay in as many pages as they would."""
SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan")


def record(monkeypatch: pytest.MonkeyPatch, statements: dict[str, object]) -> None:
    from wesend.database.postgresql.calls import by_uid, with_keys  # the driver is an extra
    from wesend.database.postgresql.statements import Statement

    values_of = Statement.values

    def values(statement: Statement, parameters: Any) -> Any:
        values = values_of(statement, parameters)
        if STATEMENT.match(statement.sql):
            known, keys = by_uid(values)
            statements.setdefault(with_keys(statement.sql, tuple(keys)).decode(), known)
        return values

    monkeypatch.setattr(Statement, "values", values)


def scans(url: str, ran: Iterable[tuple[str, Any]], growing: Iterable[str], short: Iterable[str]) -> list[str]:
    import psycopg
    from psycopg.raw_cursor import RawCursor

    from wesend.database.postgresql.values import adapt

    found = []
    with psycopg.connect(url) as connection:
        adapt(connection)
        cursor = RawCursor(connection)
        connection.execute(LONG.encode(), (list(growing),))
        connection.execute(DEAR.encode())
        for sql, values in ran:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}".encode(), values or None)
            [(plans,)] = cursor.fetchall()
            for node in nodes(plans[0]["Plan"]):
                if node.get("Relation Name") in growing and walks(node, short):
                    found.append(f"{node['Node Type']} of {node['Relation Name']} by {node.get('Index Name')}: {sql}")
        connection.rollback()
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def walks(node: dict[str, Any], short: Iterable[str]) -> bool:
    """Whether it goes through all of a table, or of an index, without a condition that finds the place."""
    return node["Node Type"] in SCANS and not finds(node) and node.get("Index Name") not in short


def finds(node: dict[str, Any]) -> bool:
    if node["Node Type"] in ("Bitmap Heap Scan", "BitmapAnd"):
        return any(map(finds, node["Plans"]))
    return all(map(finds, node["Plans"])) if node["Node Type"] == "BitmapOr" else "Index Cond" in node
