"""What is taken away as CSV runs nowhere: not as it is written, nor where a spreadsheet splits it at other characters."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.contacts.audience import iterate
from wesend.contacts.csv_import import import_csv
from wesend.core import phones
from wesend.core.csv_cells import FORMULA_STARTS, safe_cell
from wesend.dashboard.csv_out import lines

from ..support.domain import make_account
from ..support.esms import new_esms


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("x;=cmd|'/C calc'!A0", "x;'=cmd|'/C calc'!A0"),
        ("x,=1", "x,'=1"),
        ("x\t=1", "x\t'=1"),
        ("x\n=1", "x\n'=1"),
        ("x\r\n=1", "x\r\n'=1"),
        ("x;+1", "x;'+1"),
        ("x;-1", "x;'-1"),
        ("x;@SUM(A1)", "x;'@SUM(A1)"),
        ("x; =1", "x; '=1"),
        ('x;"=1', "x;\"'=1"),
        ("x;\uff1d1", "x;'\uff1d1"),
        ("a;=1;=2", "a;'=1;'=2"),
        (";=1", ";'=1"),
        ("=1;=2", "'=1;'=2"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r'=1"),
        ("a=1", "a=1"),
        ("1+1; 2-1", "1+1; 2-1"),
        ("x;'=1", "x;'=1"),
        ("Zoë, Gulu", "Zoë, Gulu"),
        (None, ""),
        (5, "5"),
    ],
)
def test_a_formulas_start_is_marked_wherever_a_cell_may_begin(cell, safe):
    assert safe_cell(cell) == safe


HOSTILE = st.text(st.sampled_from("=+-@;,\t\r\n \"'ax1\uff1d"), max_size=12)


@given(st.lists(st.lists(HOSTILE, min_size=2, max_size=4), min_size=1, max_size=3), st.sampled_from(",;"))
def test_no_cell_begins_like_a_formula_by_whichever_separator_it_is_read(rows, delimiter):
    text = lines([["head", *row] for row in rows])
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        assert [cell for cell in row if cell.lstrip(" \t\r\n").startswith(FORMULA_STARTS)] == []


@given(st.lists(HOSTILE, min_size=2, max_size=4))
def test_what_is_written_is_read_again_but_for_the_marks(row):
    (read,) = csv.reader(io.StringIO(lines([row]), newline=""))
    assert [cell.replace("'", "") for cell in read] == [cell.replace("'", "") for cell in row]


@given(st.sampled_from(["+256712345678", "+254712345678"]))
def test_a_number_is_read_again_with_its_mark(e164):
    assert phones.normalise(safe_cell(e164), "UG").e164 == e164


def test_an_export_by_the_api_is_a_list_again(app):
    api = new_esms(app)
    api.send("+256712345678", text="x;=cmd|'/C calc'!A0")
    exported = api.get("/messages/export").data
    assert b"x;'=cmd" in exported and b"'+256712345678" in exported
    with app.app_context():
        done = import_csv(make_account(), io.BytesIO(exported), name="Again", actor="test")
        assert [row["phone"] for row in iterate([done.group], actor="test")] == ["+256712345678"]
