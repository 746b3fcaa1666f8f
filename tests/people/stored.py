"""All that an instance stores, as bytes: what was erased must not be among them."""

from __future__ import annotations

from flask import current_app

from wesend.database import query
from wesend.database.schema import db


def stored() -> bytes:
    """Every row; and, of SQLite, the files themselves, with what lies unused in them."""
    settings = current_app.config["WESEND"]
    rows = "\n".join(str(tuple(row)) for table in db.metadata.sorted_tables for row in query(f'SELECT * FROM "{table.name}"'))
    found = rows.encode("utf-8", "surrogatepass")
    if not settings.database_url:
        for path in settings.database.parent.glob(f"{settings.database.name}*"):
            found += path.read_bytes()
    for path in (settings.instance / "uploads").glob("*"):
        found += path.read_bytes()
    return found


def assert_gone(*texts: str) -> None:
    whole = stored()
    left = [text for text in texts for encoding in ("utf-8", "utf-16-le", "utf-16-be") if text.encode(encoding) in whole]
    places = [
        f"{table.name}: {tuple(row)}"[:300]
        for table in db.metadata.sorted_tables
        for row in query(f'SELECT * FROM "{table.name}"')
        if any(text in str(tuple(row)) for text in left)
    ]
    assert not left, (left, places)
