"""Where SQL stands, and how: in the domains, and a statement of more than a line as a named constant."""

from __future__ import annotations

import ast
import io
import re
import tokenize

import pytest

from .support.source import imports_of, modules, nodes_of, path_of, unit

EDGES = ("dialects", "callbacks", "dashboard", "docs", "cli", "web", "sweeps", "jobs", "server")


SQL = re.compile(r"\s*(SELECT\s|INSERT\s+(OR\s|INTO\s)|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+(\s|\()|REPLACE\s+INTO\s)")


READS_AND_WRITES = ("query", "query_one", "reading", "snapshot", "write", "write_surely", "atomic", "cached", "Tx")


@pytest.mark.parametrize("module", [name for name in modules() if unit(name) in EDGES or name == "sandbox.api"])
def test_no_sql_at_the_edges(module):
    """They call use cases; what is read and written, and in which transaction, is the domains' own affair."""
    forbidden = {f"wesend.database.{name}" for name in READS_AND_WRITES}
    assert [found for found in imports_of(module) if found.target in forbidden] == []
    assert [
        node.value
        for node in nodes_of(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ] == []


def test_the_test_knows_sql_when_it_sees_it():
    for statement in ("SELECT 1", "\n  INSERT OR IGNORE INTO t", "UPDATE t SET a = 1", "DELETE FROM t", "WITH found AS (SELECT 1)"):
        assert SQL.match(statement)
    for text in ("DELETE /groups/{id}", "Select a wallet", "With its fields filled in", "UPDATE"):
        assert not SQL.match(text)


def glued_sql(text: str) -> list[int]:
    """The lines at which a statement of several strings begins."""
    tokens = [
        token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in (tokenize.NL, tokenize.COMMENT)
    ]
    return [
        token.start[0]
        for before, token, following in zip([None, *tokens], tokens, tokens[1:], strict=False)
        if token.type == following.type == tokenize.STRING
        and (before is None or before.type != tokenize.STRING)
        and SQL.match(token.string.lstrip("fFrR").lstrip("\"'"))
    ]


@pytest.mark.parametrize("module", modules())
def test_sql_of_more_than_a_line_is_a_named_constant(module):
    """Triple-quoted and beside its use case, so that it is read as SQL; what fits on a line may stand where it is run."""
    assert glued_sql(path_of(module).read_text()) == []


def test_the_test_sees_a_statement_of_several_strings():
    assert glued_sql('query(\n    "SELECT a FROM t"\n    f" WHERE {b}",\n)\n') == [2]
    assert glued_sql('query("SELECT a FROM t")\nSQL = """\n    SELECT a\n    FROM t\n"""\ntext = "Select" " one"\n') == []
