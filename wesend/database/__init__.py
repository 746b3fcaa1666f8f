"""The database: one SQLite file, one way to read (`query`), two ways to write (`write`, `atomic`: see `current`).

Every write waits in the fair queue of a gate file, begins IMMEDIATE and is one transaction; `write` merges those that
wait together into one commit (group commit).
"""

from .connecting import configure
from .current import (
    atomic,
    cached,
    check_readable,
    forget_deleted,
    init_app,
    orm,
    query,
    query_one,
    query_together,
    reading,
    snapshot,
    write,
    write_surely,
)
from .engine import Database
from .transaction import Later, Reader, Row, RowKey, Tx, marks

__all__ = [
    "Database",
    "Later",
    "Reader",
    "Row",
    "RowKey",
    "Tx",
    "atomic",
    "cached",
    "check_readable",
    "configure",
    "forget_deleted",
    "init_app",
    "marks",
    "orm",
    "query",
    "query_one",
    "query_together",
    "reading",
    "snapshot",
    "write",
    "write_surely",
]
