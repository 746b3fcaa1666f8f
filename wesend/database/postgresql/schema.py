"""What SQLAlchemy and Alembic make of the models and the migrations on PostgreSQL, so that it stores as SQLite does."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex

from ...core.errors import DatabaseUnavailable
from .connection import CONNECT_SECONDS

DRIVER = "postgresql+psycopg://"
"""The URL proper goes by engine_options: SQLAlchemy shows what it was given."""
TYPE = re.compile(r"(?<= )(SERIAL|INTEGER|VARCHAR|TEXT)\b(?:\(\d+\))?")
TYPES = {"SERIAL": "BIGSERIAL", "INTEGER": "BIGINT", "VARCHAR": 'TEXT COLLATE "C"', "TEXT": 'TEXT COLLATE "C"'}


def engine_options(url: str) -> dict[str, Any]:
    def connect() -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(url, connect_timeout=CONNECT_SECONDS, client_encoding="utf8", prepare_threshold=None)
        except psycopg.Error as error:
            raise DatabaseUnavailable(str(error).strip().splitlines()[0]) from None

    return {"creator": connect, "poolclass": NullPool}


class Compiler(PGDDLCompiler):
    """Whole numbers have eight bytes, keys too. Nobody holds a text to a length, and texts are compared by their bytes: orders,
    pages and `lower()` are the same on both engines. Conditions of partial indexes are written once, for SQLite.
    """

    def get_column_specification(self, column: sa.Column[Any], **options: Any) -> str:
        return TYPE.sub(lambda found: TYPES[found[1]], super().get_column_specification(column, **options), count=1)

    def visit_create_index(self, create: CreateIndex, *places: Any, **options: Any) -> str:
        condition = create.element.dialect_options["sqlite"]["where"]
        if condition is not None:
            create.element.dialect_options["postgresql"]["where"] = condition
        return super().visit_create_index(create, *places, **options)
