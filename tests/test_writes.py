"""Who writes, read from the source: one package commits, one changes a status, and the schema's session serves nobody."""

from __future__ import annotations

import ast
import re

import pytest

from .support.source import all_imports, modules, nodes_of, texts_of


@pytest.mark.parametrize("module", [name for name in modules() if name.split(".")[0] != "database"])
def test_only_the_database_package_commits(module):
    """Neither a call of commit(), nor a transaction opened or ended in SQL, nor a write of SQLAlchemy's session."""
    wrong = []
    for node in nodes_of(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_session = isinstance(node.func.value, ast.Attribute) and node.func.value.attr == "session"
            writes = of_session and node.func.attr in ("add", "add_all", "delete", "merge", "flush", "begin")
            if writes or node.func.attr in ("commit", "begin_nested", "executescript"):
                wrong.append(f"line {node.lineno}: {ast.unparse(node)[:80]}")
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (node.value.strip().upper().rstrip(";") in ("COMMIT", "BEGIN", "BEGIN IMMEDIATE", "END", "ROLLBACK"))
        ):
            wrong.append(f"line {node.lineno}: {node.value!r}")
    assert wrong == []


WRITERS_OF_MOMENTS = {"operations.clock_changes": "the columns of WAITS, which are moments: a test of its own says so"}
"""Whose UPDATE names its columns only when it runs."""


STATE_OF = {"messages": ("status", "lane"), "batches": ("state",)}


UPDATE = r"\bUPDATE (?:OR \w+ )?(\w+|\{\}) SET (.*?)(?= WHERE | FROM | RETURNING |$)"
"""(table, what is set)."""


def changes_a_state(sql: str) -> bool:
    """Whether an SQL text sets what `messages/state/` alone may set, or writes a message or a batch."""
    if re.search(r"\b(INSERT|REPLACE)\b[^;]*?\bINTO (messages|batches)\b", sql, re.IGNORECASE):
        return True
    for table, columns in re.findall(UPDATE, sql, re.IGNORECASE):
        named = STATE_OF.get(table.lower(), ()) if table != "{}" else (*STATE_OF["messages"], *STATE_OF["batches"], r"\{\}")
        if any(re.search(rf"(?:^|[ ,(]){name} ?=", columns, re.IGNORECASE) for name in named):
            return True
    return False


@pytest.mark.parametrize("module", [name for name in modules() if not name.startswith("messages.state.")])
def test_only_the_state_package_changes_a_status(module):
    """A message's status and lane, a batch's state: by named functions of `messages/state/`, which write these rows first, too."""
    wrong = [
        f"line {line}: {text[:90]}" for line, text in texts_of(module) if module not in WRITERS_OF_MOMENTS and changes_a_state(text)
    ]
    for node in nodes_of(module):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("insert", "insert_row", "insert_many")
            and node.args
            and ast.unparse(node.args[0]).strip("'") in STATE_OF
        ):
            wrong.append(f"line {node.lineno}: {ast.unparse(node)[:90]}")
    assert wrong == []


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        ("UPDATE messages SET status = 'queued' WHERE id = ?", True),
        ("UPDATE messages SET due_at = ?, status=? WHERE id = ?", True),
        ("UPDATE messages SET lane = 0 WHERE id IN ({})", True),
        ("UPDATE batches SET lease_until = NULL, state = CASE WHEN ? THEN state ELSE 'open' END", True),
        ("UPDATE {} SET {} = ? WHERE id = ?", True),
        ("UPDATE {} SET status = ? WHERE id = ?", True),
        ("INSERT OR IGNORE INTO messages ({}) VALUES ({})", True),
        ("UPDATE messages SET due_at = ? WHERE status = 'dripping'", False),
        ("UPDATE batches SET owed_micros = 0 WHERE id = ? AND state = 'open'", False),
        ("UPDATE accounts SET status = ? WHERE id = ?", False),
        ("INSERT INTO message_events (message_id) VALUES (?)", False),
    ],
)
def test_the_test_sees_what_changes_a_state(sql, seen):
    assert changes_a_state(sql) is seen


def test_sqlalchemy_serves_the_schema_alone():
    """Models and migrations; no use case opens its session, or reads or writes by it."""
    of_schema = {name for name in modules() if name.split(".")[-1] == "models"} | {
        "core.columns",
        "database.postgresql.schema",
        "database.triggers",
        "database.schema",
        "database.schema_version",  # of migrations
    }
    wrong = [
        f"wesend/{found.module}:{found.line} imports {found.target}"
        for found in all_imports()
        if found.target.split(".")[0] in ("sqlalchemy", "flask_sqlalchemy")
        and (found.module not in of_schema or found.target.split(".")[-1] in ("Session", "sessionmaker", "scoped_session"))
    ]
    wrong += [
        f"wesend/{module}:{node.lineno}: {ast.unparse(node)}"
        for module in modules()
        for node in nodes_of(module)
        if isinstance(node, ast.Attribute) and node.attr == "session" and ast.unparse(node.value).split(".")[-1] == "db"
    ]
    assert wrong == []
