"""What SQLAlchemy and Alembic make of the models and the migrations on PostgreSQL, so that it stores as SQLite does."""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateColumn, CreateIndex

from ...core.errors import DatabaseUnavailable
from .connection import CONNECT_SECONDS

DRIVER = "postgresql+psycopg://"
"""The URL proper goes by engine_options: SQLAlchemy shows what it was given."""


def engine_options(url: str) -> dict[str, Any]:
    def connect() -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(url, connect_timeout=CONNECT_SECONDS, client_encoding="utf8", prepare_threshold=None)
        except psycopg.Error as error:
            raise DatabaseUnavailable(str(error).strip().splitlines()[0]) from None

    return {"creator": connect, "poolclass": NullPool}


@compiles(sa.Integer, "postgresql")
def _whole_number(_type: sa.Integer, _compiler: Any, **_options: Any) -> str:
    """SQLite's have eight bytes."""
    return "BIGINT"


@compiles(CreateColumn, "postgresql")
def _column(element: CreateColumn, compiler: Any, **options: Any) -> str:
    """A primary key's, too."""
    return compiler.visit_create_column(element, **options).replace(" SERIAL", " BIGSERIAL")


@compiles(sa.String, "postgresql")
def _text(_type: sa.String, _compiler: Any, **_options: Any) -> str:
    """SQLite holds nobody to a length, and compares bytes: orders, pages and `lower()` are the same on both."""
    return 'TEXT COLLATE "C"'


@compiles(CreateIndex, "postgresql")
def _index(element: CreateIndex, compiler: Any, **options: Any) -> str:
    """Conditions of partial indexes are written once, for SQLite."""
    index = element.element
    condition = index.dialect_options["sqlite"]["where"]
    if condition is not None:
        index.dialect_options["postgresql"]["where"] = condition
    return compiler.visit_create_index(element, **options)
