"""What commands print and leave in the database, read for tests."""

from __future__ import annotations

from wesend.database import query


def typed(data: dict) -> dict:
    """Keys → names of types."""
    return {key: type(value).__name__ for key, value in data.items()}


def rows(app, sql: str, *parameters) -> list[tuple]:
    with app.app_context():
        return [tuple(row) for row in query(sql, parameters)]
