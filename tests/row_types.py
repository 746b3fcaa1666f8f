"""Writes `wesend/database/rows.py` from the models: ``python -m tests.row_types``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Column, FromClause
from sqlalchemy.types import TypeDecorator, TypeEngine

import wesend.models  # noqa: F401  the tables are registered by its imports
from wesend.database import rows
from wesend.database.schema import db

PATH = Path(rows.__file__)
HEAD = '''"""The types of rows, a class a table, so that mypy knows the columns. Made from the models: python -m tests.row_types

A row is read by name only (``row["uid"]``). What a query adds to a table's columns is declared beside it, in a class that
inherits the table's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypedDict
else:
    TypedDict = dict  # typing's own compiles every field of every table, which took a command 25 ms
'''


def written() -> str:
    """The module's text: a class a model, in the order of their names, its columns as the model has them."""
    models = sorted(db.Model.registry.mappers, key=lambda mapper: mapper.class_.__name__)
    return "".join([HEAD, *(text for mapper in models for text in _class_of(mapper.class_.__name__, mapper.local_table))])


def _class_of(model: str, table: FromClause) -> Iterator[str]:
    yield f'\n\nclass {model}Row(TypedDict):\n    """Of {table.name}."""\n\n'
    for column in table.columns:
        yield f"    {column.name}: {_type_of(column)}\n"


def _type_of(column: Column) -> str:
    """As the driver gives it: an instant is its milliseconds, a truth value 0 or 1."""
    kind: TypeEngine = column.type
    if isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    name = kind.python_type.__name__
    return f"{name} | None" if column.nullable else name


if __name__ == "__main__":
    PATH.write_text(written())
