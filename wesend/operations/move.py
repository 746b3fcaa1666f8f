"""The move of a SQLite instance to PostgreSQL: everything copied, then proven to be the same on both sides.

The file is only read. Whoever finds something wrong goes on with it as if nothing had been.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

from flask import Flask

from ..coordination.leadership import nobody_serves
from ..core.errors import DatabaseUnavailable
from ..core.settings import Settings
from ..core.settings_values import SettingsError, hide_credentials, require_postgresql
from ..database import orm, query
from ..database.schema_version import DatabaseProblem, bring_up_to_date, known_revisions, revision_of
from .audit import Audit, audit

Tell = Callable[[str, int, int], None]
MakeApp = Callable[[Settings], Flask]

SUMS = (
    "SELECT wallet_id, count(*) AS entries, sum(amount_micros) AS total FROM ledger_entries GROUP BY wallet_id ORDER BY wallet_id"
)


class Side(NamedTuple):
    """What is compared: rows of each table, entries and sum of each wallet's ledger, and the audit."""

    rows: dict[str, int]
    ledger: list[tuple[int, int, int]]
    audit: Audit


class Moved(NamedTuple):
    """``differences``: sentences; none where both sides are the same. ``problems``: the audit's, of both."""

    source: str
    target: str
    tables: int
    rows: int
    differences: list[str]
    problems: list[str]


def move(url: str, settings: Settings, make_app: MakeApp, tell: Tell) -> Moved:
    """Copy the instance; DatabaseProblem, with nothing changed, where that can't be done. ``tell``: of every chunk."""
    target = replace(settings, database_url=_checked(url), database_listen_url="")
    if settings.database_url:
        raise DatabaseProblem("WESEND_DATABASE_URL names PostgreSQL already: move copies a SQLite file.")
    _require_source(settings)
    with nobody_serves(settings):
        rows = _copy(target, settings, make_app, tell)
        here, there = (_look(side, make_app) for side in (settings, target))
    return Moved(
        str(settings.database),
        target.database_shown,
        len(orm().metadata.sorted_tables),
        rows,
        _differences(here, there),
        here.audit.problems,
    )


def _checked(url: str) -> str:
    try:
        return require_postgresql("The database to move to", url)
    except SettingsError as error:
        raise DatabaseProblem(str(error)) from error


def _require_source(settings: Settings) -> None:
    """A database of this version: bringing it up to date would change it."""
    revision = revision_of(settings)
    if revision is None:
        raise DatabaseProblem(f"There is no database {settings.database} to move.")
    if revision != known_revisions()[-1]:
        raise DatabaseProblem(f"{settings.database} is of another version (revision {revision}): start this version on it once.")


def _copy(target: Settings, source: Settings, make_app: MakeApp, tell: Tell) -> int:
    from ..database.postgresql.copying import Target  # psycopg is only needed where PostgreSQL is wanted

    try:
        with closing(Target(target.database_url)) as opened:
            if not opened.is_empty():
                raise DatabaseProblem(f"{target.database_shown} is not empty: name a new database.")
            opened.mark()
            _make_tables(target, make_app)
            tables = [(table.name, [column.name for column in table.columns]) for table in orm().metadata.sorted_tables]
            return opened.copy(source.database, tables, tell)
    except DatabaseUnavailable as error:
        raise DatabaseProblem(f"{hide_credentials(target.database_url)} can't be used: {error.cause}.") from error


def _make_tables(target: Settings, make_app: MakeApp) -> None:
    app = make_app(target)
    with app.app_context():
        try:
            bring_up_to_date(of_a_move=True)
        finally:
            _close(app)


def _look(side: Settings, make_app: MakeApp) -> Side:
    app = make_app(side)
    with app.app_context():
        try:
            rows = {table.name: query(f"SELECT count(*) FROM {table.name}")[0][0] for table in orm().metadata.sorted_tables}
            return Side(rows, [tuple(row) for row in query(SUMS)], audit())
        finally:
            _close(app)


def _close(app: Flask) -> None:
    app.extensions["wesend.database"].close()
    orm().engine.dispose()


def _differences(here: Side, there: Side) -> list[str]:
    found = [
        f"{table} has {here.rows[table]} rows here and {there.rows[table]} there"
        for table in here.rows
        if here.rows[table] != there.rows[table]
    ]
    if here.ledger != there.ledger:
        found.append("the ledgers' sums are not the same")
    if here.audit != there.audit:
        found.append("the audit does not find the same")
    return found
