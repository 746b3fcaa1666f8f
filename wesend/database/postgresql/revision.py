"""Which revision a database of PostgreSQL stands at, and whether it is one that wesend can live in."""

from __future__ import annotations

from contextlib import closing

from ..errors import DatabaseProblem, PostgresError
from .connection import connect

OLDEST = 140_000
REVISION = "SELECT version_num FROM alembic_version"
NO_SUCH_TABLE, NOT_ALLOWED = "42P01", "42501"

UNDER_WAY = "wesend move: not finished"
"""The comment of the table of revisions while a copy is under way: one that was broken off is begun anew, and takes
what is there away."""
COMMENT = "SELECT obj_description(to_regclass('alembic_version'), 'pg_class') AS comment"


def not_allowed(said: str) -> str:
    return f"The database can't be used ({said}): make the role of its URL the database's owner."


def current_revision(url: str, *, of_a_move: bool = False) -> str | None:
    """The database's revision; None when there is nothing in it yet. DatabaseProblem for what wesend can't use.

    ``of_a_move``: the move asks, to which alone one is of use that is not copied whole.
    """
    with closing(connect(url)) as connection:
        version = connection.raw.info.server_version
        if version < OLDEST:
            raise DatabaseProblem(f"PostgreSQL {version // 10_000} is too old: 14 is the first that does.")
        encoding = connection.execute("SHOW server_encoding").fetchall()[0]["server_encoding"]
        if encoding != "UTF8":
            raise DatabaseProblem(f"The database's encoding is {encoding}: make one with UTF8.")
        if not of_a_move and connection.execute(COMMENT).fetchall()[0]["comment"] == UNDER_WAY:
            raise DatabaseProblem(
                "A move into the database is under way or was broken off: run `wesend move` again, or name another database."
            )
        try:
            rows = connection.execute(REVISION).fetchall()
        except PostgresError as error:
            if error.sqlstate == NO_SUCH_TABLE:
                return None
            if error.sqlstate == NOT_ALLOWED:
                raise DatabaseProblem(not_allowed(str(error))) from None
            raise
    return rows[0]["version_num"] if rows else None
