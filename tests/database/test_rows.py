"""Rows have types: made from the models, and a column that a table doesn't have is found before anything runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import wesend
from wesend.database import rows

from .. import row_types

READS = {
    'message["uid"] + wallet["currency"]': None,
    'message["uuid"]': 'TypedDict "MessageRow" has no key "uuid"',
    'message["currency"]': 'TypedDict "MessageRow" has no key "currency"',
    'message["cost_micros"]': 'got "int", expected "str"',
    'message["error_code"]': 'got "str | None", expected "str"',
    "message[1]": "TypedDict key must be a string literal",
}
"""What is read as a text, and what mypy says of it."""


def test_the_types_are_those_of_the_models():
    assert Path(rows.__file__).read_text() == row_types.written(), "run: python -m tests.row_types"


def test_an_instant_is_its_milliseconds_and_what_may_be_missing_may_be_none():
    lines = row_types.written().partition("class MessageRow")[2].partition("class ")[0].splitlines()
    assert {"    uid: str", "    created_at: int", "    delivered_at: int | None", "    error_code: str | None"} < set(lines)


def test_mypy_knows_the_columns(tmp_path):
    api = pytest.importorskip("mypy.api", reason="mypy comes with the extra dev")
    file = tmp_path / "checked.py"
    functions = [
        f"def read_{place}(message: MessageRow, wallet: WalletRow) -> str: return {read}" for place, read in enumerate(READS)
    ]
    file.write_text("\n".join(["from wesend.database.rows import MessageRow, WalletRow", *functions]))
    output, errors, _ = api.run(["--follow-imports=skip", "--config-file=", f"--cache-dir={tmp_path}", rows.__file__, str(file)])
    assert errors == ""
    told = dict.fromkeys(READS, "")
    for line in output.splitlines()[:-1]:
        place = int(line.removeprefix(f"{file}:").partition(":")[0]) - 2
        told[list(READS)[place]] += line
    assert {read: text for read, text in told.items() if READS[read] is None and text} == {}
    assert {read: text for read, text in told.items() if (READS[read] or "") not in text} == {}


WHOLE_ROWS = re.compile(r"\s*SELECT \* FROM (\w+)\s(?!.*\bJOIN\b)", re.DOTALL)


def statements_of(function: ast.FunctionDef, constants: dict[str, str]) -> Iterator[str]:
    """What a function reads, as far as it stands there or in a constant of the module."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in READS_ROWS:
            yield constants.get(ast.unparse(node.args[0])) or text_of(node.args[0])


READS_ROWS = ("query", "query_one", "all", "one")


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def untyped(text: str) -> list[str]:
    """The functions that give whole rows of one table, and don't say of which."""
    tree = ast.parse(text)
    constants = {
        node.targets[0].id: text_of(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.returns and re.search(r"\bRow\b", ast.unparse(node.returns)):
            tables = {match and match[1] for match in map(WHOLE_ROWS.match, statements_of(node, constants))}
            found += [node.name] if len(tables) == 1 and None not in tables else []
    return found


def test_whole_rows_of_a_table_have_its_type():
    package = Path(wesend.__file__).parent
    found = {str(path.relative_to(package)): untyped(path.read_text()) for path in package.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_test_sees_whole_rows():
    one = (
        'SQL = """\n    SELECT * FROM messages\n    WHERE id = ?\n"""\ndef find() -> Row | None:\n    return query_one(SQL, (1,))\n'
    )
    assert untyped(one) == ["find"]
    assert untyped(one.replace("Row", "MessageRow")) == []
    assert untyped("def some() -> list[Row]:\n    return tx.all('SELECT id FROM messages')\n") == []


A_ROW = re.compile(r"\w+Row( \| None)?")


def test_a_row_is_no_dictionary():
    """mypy takes one for a dictionary; the driver's rows are read by name and nothing else."""
    wrong = []
    for path in Path(wesend.__file__).parent.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            given = {arg.arg for arg in function.args.args if arg.annotation and A_ROW.fullmatch(ast.unparse(arg.annotation))}
            used = [node for node in ast.walk(function) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
            wrong += [f"{path.name}:{node.lineno} {ast.unparse(node)}" for node in used if ast.unparse(node.value) in given]
    assert [found for found in wrong if found.rpartition(".")[2] in ("get", "items", "keys", "values")] == []
