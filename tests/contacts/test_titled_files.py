"""Files as people have them: a title above the headers, headers in words of their own, rows that are told by their numbers."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from wesend.contacts import csv_import, delimited, tables
from wesend.contacts.headers import detect

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of

TITLED = "Customers of May 2026\n\nCustomer name;Phone No.;Town\nAnn;0772000001;Gulu\nBen;77200000;Jinja\n\nCal;0772 000 001;Lira\n"


@pytest.fixture
def member(app):
    return Visitor(app, make_user(app, "member", mint(app).account_id))


def upload(member, raw: bytes, name: str = "List.csv"):
    page = member.post("/contacts/import", files={"file": (io.BytesIO(raw), name)})
    assert page.status_code == 303, text_of(page)
    return page.headers["Location"], member.get(page.headers["Location"])


def chosen(page) -> dict[str, str]:
    """The form as it stands."""
    found = re.findall(r'<select id="(column-\d+)".*?</select>', page.text, re.DOTALL)
    fields = {
        name: re.search(rf'id="{name}".*?value="(\w+)" selected', page.text, re.DOTALL)[1]  # type: ignore[index]
        for name in found
    }
    header = re.search(r'type="hidden" name="header" value="(\d+)"', page.text)
    assert header is not None
    return {**fields, "header": header[1], "group": "G", "country": "UG"}


def as_workbook(rows: list[list]) -> bytes:
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            if cell is not None:
                book.active.cell(number, column, cell)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


ROWS = [["Customers of May 2026"], [], ["Customer name", "Phone No.", "Town"], ["Ann", "0772000001", "Gulu"]]
ROWS += [["Ben", "77200000", "Jinja"], [], ["Cal", "0772 000 001", "Lira"]]


@pytest.mark.parametrize("raw", [TITLED.encode(), as_workbook(ROWS)], ids=["csv", "workbook"])
def test_a_title_above_the_headers_is_left_out_and_rows_keep_their_numbers(member, raw):
    location, page = upload(member, raw)
    shown = text_of(page)
    assert "row 3: Customer name · Phone No. · Town" in shown and "What stands above it is left out" in shown
    given = chosen(page)
    assert (given["column-0"], given["column-1"], given["column-2"], given["header"]) == ("name", "phone", "field", "3")
    path = location.partition("?")[0]
    check = member.post(path, go="check", **given)
    told = text_of(check)
    assert "5 77200000 Too short for a mobile number of Uganda: 1 digit is missing" in told
    assert "7 0772 000 001 The same number as in row 4" in told
    rejected = re.search(r'href="([^"]+rejected.csv[^"]+)"', check.text)[1].replace("&amp;", "&")
    lines = member.get(rejected).get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert lines[0] == "Customer name,Phone No.,Town,why it was left out,row in the file"
    assert lines[1] == "Ben,77200000,Jinja,Too short for a mobile number of Uganda: 1 digit is missing,5"
    done = text_of(member.follow(path, go="import", **given))
    assert "1 contact imported; 2 rows left out" in done and "Ann" in done and "town Gulu" in done


def test_another_row_can_be_chosen_as_the_one_that_names_the_columns(member):
    location, page = upload(member, b"A,B\nx,0772000001\ny,0772000002\n")
    assert chosen(page)["header"] == "1"
    page = member.get(location.partition("?")[0] + "?header=2")
    assert "0772000001</strong>" in page.text and chosen(page)["header"] == "2"


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("", "There is no number in this row"),
        ("2.56772E+11", "Excel has rounded this number: set its column to Text"),
        ("0772000001 / 0772000002", "More than one number in the cell"),
        ("0772000001/2", "More than one number in the cell"),
        ("0772000001 0772000002", "More than one number in the cell"),
        ("call her", "There are letters in the number"),
        ("n/a", "There are letters in the number"),
        ("0772 00 001", "Too short for a mobile number of Uganda: 1 digit is missing"),
        ("0772 0000 012", "Too long for a mobile number of Uganda: there is 1 digit too many"),
        ("0772O00001", "There are letters in the number"),
        ("077200000", "Too short for a mobile number of Uganda: 1 digit is missing"),
        ("07720000011111", "Too long for a mobile number of Uganda: there are 4 digits too many"),
        ("0212000001", "with its country code"),
        ("=1+1", "it should look like +256"),
    ],
)
def test_every_refusal_says_what_to_do(app, cell, told):
    with app.app_context(), tables.open_table(io.BytesIO(f'phone,name\n"{cell}",x\n'.encode())) as table:
        mapping = detect(table.columns)
        assert mapping is not None
        (verdict,) = csv_import.examine(table, mapping, "UG")
        assert (verdict.kind, verdict.row) == ("invalid", 2) and told in verdict.why


@pytest.mark.parametrize("header", ["Customer name", "CLIENT NAME", "Names", "Full names", "Name", "Customer"])
@pytest.mark.parametrize("phone", ["Phone No.", "Tel. No", "Customer Phone", "Mobile Number", "Phone Number(s)"])
def test_peoples_words_for_a_name_and_a_number_are_understood(header, phone):
    mapping = detect([header, phone], peoples=True)
    assert mapping is not None and (mapping.name, mapping.phone) == (0, 1)
    assert detect([header, phone]) is None  # an API's contract names its own words


def test_a_files_rows_have_the_numbers_that_a_spreadsheet_shows():
    raw = b'\n\nphone,note\n0772000001,"two\nlines"\n\n0772000002,x\n'
    rows = delimited.read_table(io.BytesIO(raw)).rows
    assert [(cells[0], rows.number) for cells in rows] == [("0772000001", 4), ("0772000002", 6)]
    rows = delimited.read_table(io.BytesIO(b"sep=;\nphone;x\n0772000001;y\n")).rows
    assert [rows.number for _ in rows] == [2]


def test_an_api_reads_the_first_row_as_the_header_whatever_follows(app):
    with app.app_context(), tables.open_table(io.BytesIO(TITLED.encode())) as table:
        assert table.columns == ["Customers of May 2026"]
