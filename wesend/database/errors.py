"""What the engines raise, for whoever catches it: sqlite3's own errors, and PostgreSQL's under these names."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from ..core.errors import DatabaseUnavailable


class DatabaseProblem(Exception):
    """The database can't be used as it is; one sentence."""


class PostgresError(Exception):
    """An error of PostgreSQL: its first line alone, for the second shows values, and errors are logged."""

    def __init__(self, sentence: str, sqlstate: str | None = None):
        super().__init__(sentence)
        self.sqlstate = sqlstate


class PostgresIntegrityError(PostgresError):
    """A constraint, a unique index or a trigger refused the rows."""


class PostgresBusy(PostgresError):
    """A deadlock or a failed serialization: nothing of the transaction was done, and it can be done again."""


class NothingDone(DatabaseUnavailable):
    """The connection was lost, and nothing of the transaction was or ever will be done: it can be done again."""


class NotBegun(DatabaseUnavailable):
    """A transaction that was to begin with what its units said first did not: it is the error of all of them."""


class Unexpected(Exception):
    """Something that a unit had put off went otherwise than it had said: it is undone, and carried out step by step.

    ``refuse``: what the unit wants done where this very statement changed nothing.
    """

    def __init__(self, error: Exception, refuse: Callable[[Any], Any] | None = None):
        super().__init__(str(error))
        self.error, self.refuse = error, refuse


DATABASE_ERRORS = (sqlite3.Error, PostgresError, DatabaseUnavailable)
INTEGRITY_ERRORS = (sqlite3.IntegrityError, PostgresIntegrityError)
