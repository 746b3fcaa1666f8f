"""Rows have types: made from the models, and a column that a table doesn't have is found before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

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
