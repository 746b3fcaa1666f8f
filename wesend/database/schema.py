"""SQLAlchemy's side: the tables as models, for the schema and its migrations alone. No use case reads or writes by it."""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Integer, MetaData, String, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase

from ..core.settings import Settings
from .connecting import BUSY_TIMEOUT_MS, configure
from .migrations_folder import MIGRATIONS


class Base(DeclarativeBase):
    # Every constraint has a name, so that Alembic's batch mode can find it again.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)
migrate = Migrate(render_as_batch=True, compare_type=True)


class ConfigState(db.Model):  # type: ignore[name-defined]  # made at run time
    """One row, whose version rises with every change of a configuration table (triggers): caches hold on to it.

    ``paused_at``: since when dispatch is paused (`pause`).
    """

    __tablename__ = "config_state"
    id = db.mapped_column(Integer, primary_key=True)
    version = db.mapped_column(Integer, nullable=False)
    paused_at = db.mapped_column(BigInteger)
    paused_reason = db.mapped_column(String)


class Commit(db.Model):  # type: ignore[name-defined] # made at run time
    """On PostgreSQL, the number of the last transaction of each process that writes: by it the outcome of a COMMIT that
    was not answered is found."""

    __tablename__ = "commits"
    writer = db.mapped_column(String, primary_key=True)
    number = db.mapped_column(BigInteger, nullable=False)
    at = db.mapped_column(BigInteger, nullable=False)


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    configure(connection)


def _on_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("write") else "BEGIN")


def init_app(app: Flask) -> None:
    settings: Settings = app.config["WESEND"]
    # Without parameters in an error's text: they are message bodies, and errors are logged.
    options: dict[str, Any] = {"hide_parameters": True}
    if settings.database_url:
        from .postgresql import schema as postgresql

        address = postgresql.DRIVER
        options |= postgresql.engine_options(settings.database_url)
    else:
        address = f"sqlite:///{settings.database}"
        options["connect_args"] = {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    app.config["SQLALCHEMY_DATABASE_URI"], app.config["SQLALCHEMY_ENGINE_OPTIONS"] = address, options
    db.init_app(app)
    app.extensions["wesend.schema"] = db
    migrate.init_app(app, db, directory=str(MIGRATIONS))
    with app.app_context():
        engine: Engine = db.engine
    if settings.database_url:
        engine.dialect.ddl_compiler = postgresql.Compiler
        return
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


class TableOfText(NamedTuple):
    """A table as far as it holds text. ``has_id``: its rows have a number; ``is_of_account``: and an account's."""

    name: str
    texts: tuple[str, ...]
    has_id: bool
    is_of_account: bool


def tables_of_text(metadata: MetaData) -> list[TableOfText]:
    """Those with a column of text, each after those that it refers to."""
    found = []
    for table in metadata.sorted_tables:
        texts = tuple(column.name for column in table.columns if isinstance(column.type, String))
        keys = [column for column in table.primary_key.columns if column.name == "id" and isinstance(column.type, Integer)]
        if texts:
            has_id = len(keys) == len(table.primary_key.columns)
            found.append(TableOfText(table.name, texts, has_id, "account_id" in table.columns))
    return found
