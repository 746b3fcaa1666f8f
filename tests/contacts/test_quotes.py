"""A quote that opens in one row and is closed in a later one loses no contact in silence; cells of several lines are read."""

from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wesend import cli
from wesend.contacts import csv_import, delimited, files, opting_out, tables, uploads
from wesend.contacts.delimited import read_table
from wesend.contacts.files import UnreadableFile
from wesend.database import query

from ..support.dashboard import Visitor, make_user, text_of
from ..support.domain import NUMBERS, make_account
from ..support.esms import new_esms
from ..support.workbooks import workbook
from .test_list_reader import read

PHONE = st.sampled_from([*NUMBERS[:20], "0712345678", "0772 345 678", "256752345678", "+254 (712) 345-678"])
WORD = st.sampled_from(["Ann", "Ben Okello", "Gulu", "x", "O'Neil", "Zoë", "12", "2026-11-29"])


@st.composite
def tables_with_a_stray_quote(draw):
    """Rows of a table as text, with a quote before one cell and another behind a cell of a later row."""
    header = draw(st.permutations(["phone", "name", "city", "note"][: draw(st.integers(2, 4))]))
    rows = draw(st.lists(st.tuples(PHONE, *[WORD] * (len(header) - 1)), min_size=2, max_size=8))
    lines = [[dict(zip(sorted(header, key="phone".__ne__), row, strict=True))[name] for name in header] for row in rows]
    opens = draw(st.integers(0, len(lines) - 2))
    closes = draw(st.integers(opens + 1, len(lines) - 1))
    at, until = draw(st.integers(0, len(header) - 1)), draw(st.integers(0, len(header) - 1))
    lines[opens][at] = '"' + lines[opens][at]
    lines[closes][until] += '"'
    delimiter, end = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(["\n", "\r\n"]))
    named = draw(st.sampled_from([header, [{"phone": "Tel", "name": "Jina"}.get(name, name) for name in header], None]))
    return "".join(delimiter.join(cells) + end for cells in ([named] if named else []) + lines), opens + (2 if named else 1)


@given(tables_with_a_stray_quote())
def test_rows_that_a_quote_swallows_are_no_cell(made):
    """Without a header, too, in lists of who wants nothing more."""
    content, line = made
    with pytest.raises(UnreadableFile, match=f"^Line {line}: a quote") as told, tables.open_rows(io.BytesIO(content.encode())):
        pass
    assert "Take the quote out" in str(told.value) and "xlsx" in str(told.value) or "closes it" in str(told.value)


LINE = st.sampled_from(
    [
        "Plot 5, Kampala Road",
        "Kampala, Uganda",
        "P.O. Box 7062",
        "Tel: 0712345678",
        "call 0772345678, at home",
        "2026-11-29, no answer",
        "29/11/2026; paid 350,000",
        "0752345678",
        "ann@example.com",
        'she said "no", twice',
        "Ann, Ben, Carl, Dora",
        "",
        "a\tb|c;d",
    ]
)


@given(
    st.lists(st.tuples(PHONE, WORD, st.lists(LINE, min_size=1, max_size=5).map("\n".join), WORD), min_size=1, max_size=6),
    st.sampled_from(",;\t|"),
    st.permutations(["phone", "name", "address", "city"]),
)
def test_cells_of_several_lines_go_on_being_read(rows, delimiter, header):
    """Addresses and notes, with commas, numbers and quotes in them."""
    order = [["phone", "name", "address", "city"].index(name) for name in header]
    lines = [[row[place] for place in order] for row in rows]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([header, *lines])
    assert read(text.getvalue()) == (header, lines)


@given(st.lists(st.lists(LINE, min_size=1, max_size=4).map("\n".join), min_size=1, max_size=4))
def test_and_where_nothing_is_headed_as_a_phone(notes):
    assume(not any("0752345678" in note or "ann@" in note for note in notes))
    text = io.StringIO()
    csv.writer(text).writerows([["who", "where"], *(["Ann", note] for note in notes)])
    assert read(text.getvalue())[1] == [["Ann", note] for note in notes]


@pytest.mark.parametrize(
    ("content", "first", "last"),
    [
        ('phone,name\n0712345678,"Ann\n0772345678,Ben\n0752345678,Carl"\n0702345678,Dan\n', 2, 4),
        ('phone,name\n"0712345678,Ann\n0772345678",Ben\n', 2, 3),
        ('name,city,phone\nAnn,Gulu,"0712345678\nBen,Arua",0772345678\n', 2, 3),
        ('name,city,phone\nAnn,"Gulu,0712345678\nBen",Arua,0772345678\n', 2, 3),
        ('phone,name\n0712345678,"Ann\n0772345678",Ben\n', 2, 3),
        ('phone\n"0712345678\n0772345678\n0752345678"\n', 2, 4),
        ('"0712345678\n0772345678"\n0752345678\n', 1, 2),
        ('phone,"name\n0712345678,Ann\n0772345678,Ben"\n0752345678,Carl\n', 1, 3),
        ('name,"phone\nAnn,0712345678\nBen,0772345678"\nCarl,0752345678\n', 1, 3),
        ('email;name\nann@example.com;"Ann\nben@example.com;Ben"\n', 2, 3),
        ('a;b\nx;"Ann\n0712345678;Ben"\n', 2, 3),
        ('\n\nphone,name\n0712345678,"An\nn"\n0712345678,"Ann\r\n0772345678,Ben"\n', 6, 7),
        ("phone,name\n0712345678,\"Ann\n='0772345678',Ben\ntel:+256752345678,Carl\"\n", 2, 4),
    ],
)
def test_it_is_told_where_it_opens_and_closes(content, first, last):
    with pytest.raises(UnreadableFile, match=f"^Line {first}: a quote .* closed in line {last}, "):
        list(read(content)[1])


BROKEN = 'phone,name\n0712345678,"Ann\n0772345678,Ben\n0752345678,Carl"\n0702345678,Dan\n'


def test_every_reader_refuses_it_and_keeps_nothing(app, context, tmp_path):
    account = make_account()
    with pytest.raises(UnreadableFile, match="^Line 2"):
        csv_import.import_csv(account, io.BytesIO(BROKEN.encode()), name="Customers", actor="test")
    with pytest.raises(UnreadableFile, match="^Line 2"):
        opting_out.opt_out_list(account, io.BytesIO(BROKEN.encode()), actor="test")
    with pytest.raises(UnreadableFile, match="^Line 2"):
        uploads.keep(account, io.BytesIO(BROKEN.encode()), actor="test")
    answer = new_esms(app).upload(BROKEN)
    assert answer.status_code == 422 and answer.json["detail"][0]["msg"].startswith("Line 2: a quote")
    assert uploads.waiting_bytes(account.id, actor="test") == 0
    assert query("SELECT count(*) FROM contacts WHERE phone = '+256702345678'")[0][0] == 0
    assert query("SELECT count(*) FROM opt_outs")[0][0] == 0
    file = tmp_path / "list.csv"
    file.write_text(BROKEN)
    runner = app.test_cli_runner()
    for command in (
        ["group", "create", "--account", str(account.id), "Customers", "--csv", str(file)],
        ["opt-out", "add", "--account", str(account.id), "--file", str(file)],
    ):
        done = runner.invoke(cli.group, command, prog_name="wesend")
        assert done.exit_code == 1 and "Line 2: a quote" in done.stderr, done.output


def test_the_page_says_so(app):
    owner = Visitor(app, make_user(app, "owner", 1))
    answer = owner.post("/contacts/import", files={"file": (io.BytesIO(BROKEN.encode()), "list.csv")})
    assert "Line 2: a quote" in text_of(answer) and "closed in line 4" in text_of(answer)


def test_a_workbook_has_no_quotes_of_its_own(context):
    """What looks like rows in one of its cells was meant so; nor is it doubted when the kept file is read again."""
    cell = "Ann\n0772345678,Ben"
    raw = workbook(["phone", "name"], ["0712345678", cell])
    assert read(raw)[1] == [["0712345678", cell]]
    account = make_account()
    token = uploads.keep(account, io.BytesIO(raw), actor="test")
    with uploads.Opened(account, token, actor="test") as table:
        assert list(table.rows) == [["0712345678", cell]]


def test_a_header_of_thousands_of_empty_columns_is_as_wide_as_it_is():
    table = read_table(io.BytesIO(("phone,note" + "," * 3000 + '\n0712345678,"a\nb"' + "," * 3000).encode()))
    assert list(table.rows) == [["0712345678", "a\nb"]]


@pytest.mark.parametrize(
    "rows",
    [
        (b'"' + b"\n," * 300_000 + b'",x\n') * 2,
        (b'0712345678,"' + b"\n," * 1500 + b'"\n') * 600,
        (b'"\n",' * 190 + b"\n") * 5_000,
        (b'"\n"' + b"," * 900_000 + b"\n") * 20,
    ],
)
def test_looking_for_rows_takes_seconds_at_most_whatever_the_file_holds(rows):
    began = time.process_time()
    try:
        for _ in delimited.read_rows(io.BytesIO(b"phone,note\n" + rows)):
            pass
    except files.FileTooLarge:
        pass
    assert time.process_time() - began < 5
