"""Reading lists: whatever rows a program writes come back; what can't be read is refused in a sentence."""

from __future__ import annotations

import csv
import io
import os
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wesend.contacts import files, tables
from wesend.contacts.delimited import encoding_of
from wesend.contacts.files import COLUMN_LIMIT, CONTACT_LIMIT, FIELD_LIMIT, EmptyList, FileTooLarge, UnreadableFile
from wesend.contacts.headers import detect
from wesend.core.errors import InvalidInput

REFUSALS = (EmptyList, FileTooLarge, UnreadableFile)


def read(content: str | bytes) -> tuple[list[str], list[list[str]]]:
    raw = content.encode() if isinstance(content, str) else content
    with tables.open_table(io.BytesIO(raw)) as table:
        return table.columns, list(table.rows)


def written(rows: list[list[str]], delimiter: str, encoding: str, end: str, quoting: int) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return text.getvalue().encode(encoding)


CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\ufeff", exclude_categories=("Cs", "Cc"))
    | st.sampled_from(",;\t|\"'\n\r "),
    max_size=20,
)
LATIN = st.text(st.sampled_from('abc ,;\t|"\nÉëœ€’'), max_size=20)


@st.composite
def lists(draw, cells=CELLS):
    """A header with a phone's column and cells of anything, at least two columns."""
    header = draw(
        st.permutations(
            [
                "phone",
                *draw(
                    st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=4, unique=True).map(
                        lambda names: [f"x{name}" for name in names]
                    )
                ),
            ]
        )
    )
    row = st.lists(cells, min_size=len(header), max_size=len(header)).filter(
        lambda found: any(cell and not cell.isspace() for cell in found)
    )
    return [list(header), *draw(st.lists(row, min_size=1, max_size=8))]


@given(
    lists(),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_whatever_rows_are_written_come_back(rows, delimiter, encoding, end, quoting):
    if end == "\n":
        # Python's writer leaves a lone carriage return without quotes then: the end of a line to every reader.
        rows = [[cell.replace("\r", " ") for cell in row] for row in rows]
    assert read(written(rows, delimiter, encoding, end, quoting)) == (rows[0], rows[1:])


@given(lists(LATIN), st.sampled_from([",", ";", "\t", "|"]))
def test_and_those_of_windows(rows, delimiter):
    raw = written([*rows, ["07É€", *rows[0][1:]]], delimiter, "cp1252", "\r\n", csv.QUOTE_MINIMAL)
    assert read(raw)[1][:-1] == rows[1:]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_without_its_mark(encoding):
    assert read("phone\tname\r\n0712345678\tZoë\r\n".encode(encoding)) == (["phone", "name"], [["0712345678", "Zoë"]])


@given(
    st.binary(max_size=300)
    | st.text(st.sampled_from("phone,;\t\"\n\r'07\x00é|="), max_size=60).map(str.encode)
    | st.binary(max_size=60).map(lambda raw: b"PK\x03\x04" + raw)
    | st.binary(max_size=60).map(lambda raw: b"\xff\xfe" + raw)
)
@example(b"sep=\n")
@example(b'sep="\nphone"x\n')
def test_any_bytes_are_rows_or_a_refusal(raw):
    try:
        columns, rows = read(raw)
    except REFUSALS as refusal:
        assert str(refusal)
    else:
        assert columns and all(len(row) == len(columns) for row in rows)


# -- quotes and delimiters ------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('phone,name\n0712345678,Ann\n0772345678,"Ben\n0752345678,Cal\n0702345678,Dan\n', 3),
        ('phone,name\n0772345678,"Ben\n0752345678,"Cal"\n', 2),
        ('phone,name\n0772345678,"Ben"x\n', 2),
        ('phone,"name\n0772345678,Ben\n', 1),
        ('\n\nphone,name\n"a\nb",c\n0772345678,"Ben\n', 6),
        ("phone,name\n" + "0712345678,Ann\n" * 5000 + '0772345678,"Ben\n0752345678,Cal\n', 5002),
    ],
)
def test_a_quote_that_is_not_closed_is_refused_with_its_line(content, line):
    with pytest.raises(UnreadableFile, match=f"^Line {line}: a quote"):
        read(content)


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ('phone;"Name, first"\n0712345678;Ann\n', ["phone", "Name, first"]),
        ("phone;Name, first\n0712345678;Ann\n", ["phone", "Name, first"]),
        ('"a;b;c",phone\nx,0712345678\n', ["a;b;c", "phone"]),
        ("phone\tName, first, or; last\n0712345678\tAnn\n", ["phone", "Name, first, or; last"]),
        ("who;ring, at home\nAnn;0712345678\nBen;0772345678\n", ["who", "ring, at home"]),
        ('phone,note\n0712345678,"a;b;c"\n', ["phone", "note"]),
    ],
)
def test_the_delimiter_is_the_one_that_makes_columns(content, columns):
    assert read(content)[0] == columns


@pytest.mark.parametrize("before", ["\n", "\r\n\r\n", "  \n", ";;\n", "\ufeff\n", ",,\n\n", '"";""\n', "\t\t\n\n\n"])
def test_blank_lines_before_the_header_are_passed_over(before):
    assert read(f"{before}phone;name\n0712345678;Ann\n") == (["phone", "name"], [["0712345678", "Ann"]])
    assert '"' in before or read(f"{before}sep=|\nphone|name\n0712345678|Ann\n")[0] == ["phone", "name"]


def test_the_last_columns_are_left_out_where_nothing_is_in_them():
    assert read("phone,name,,\n0712345678,Ann,,\n") == (["phone", "name"], [["0712345678", "Ann"]])
    assert read("phone,,name,\n0712345678,x,Ann,y\n") == (["phone", "", "name", ""], [["0712345678", "x", "Ann", "y"]])


# -- bounds -----------------------------------------------------------------------


def test_a_hundred_columns_are_read_and_no_more():
    header = ["phone", *(f"c{n}" for n in range(COLUMN_LIMIT))]
    assert len(read(",".join(header[:-1]) + "\n0712345678\n")[0]) == COLUMN_LIMIT
    with pytest.raises(FileTooLarge, match="more than 100 columns"):
        read(",".join(header) + "\n0712345678\n")
    assert read("phone,name" + "," * 30_000 + "\n0712345678,Ann" + "," * 30_000)[1] == [["0712345678", "Ann"]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (",".join(map(str, range(400_000))) + "\n", "Line 1: a row has more than"),
        ("phone\n" + "x" * (files.RECORD_LIMIT + 1), "Line 2: a row has more than"),
        ('phone\n"' + "x\n" * files.RECORD_LIMIT, "a row has more than"),
        (f"phone,{'n' * 201}\n0712345678,x\n", "name has more than 200"),
        ("phone,a,b,c,d,e,f\n0712345678" + f",{'x' * FIELD_LIMIT}" * 6, f"Line 2: the row has more than {CONTACT_LIMIT}"),
    ],
)
def test_what_has_no_end_is_refused(content, told):
    with pytest.raises(FileTooLarge, match=told):
        read(content)


def test_blank_lines_are_lines(monkeypatch):
    monkeypatch.setattr(files, "LINE_LIMIT", 1000)
    with pytest.raises(FileTooLarge, match="more than 1000 lines"):
        read("phone\n" + "\n" * 1001)


def test_a_long_field_is_cut():
    assert read(f"phone,note\n0712345678,{'x' * 50_000}\n")[1] == [["0712345678", "x" * FIELD_LIMIT]]


# -- what is no list --------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x89PNG\r\n", "a picture"),
        (b"\x1f\x8b\x08", "a packed file"),
        (b"SQLite format 3\x00", "a database"),
        (b"  <html><table>", "a web page or XML"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "a web page or XML"),
        (bytes(range(1, 32)) * 4, "no text"),
        (b"\0" * 500, "no text"),
        (b"PK\x03\x04 and more", "no Excel workbook"),
        (b"PK\x05\x06" + bytes(18), "no Excel workbook"),
    ],
)
def test_what_is_no_list_is_refused_with_what_to_do(head, told):
    with pytest.raises(UnreadableFile) as refused:
        read(head + b"\0\1\2 rest" * 3)
    assert told in str(refused.value) and ".xlsx" in str(refused.value) and "CSV" in str(refused.value)


def test_a_bell_in_a_text_makes_it_nothing_else():
    assert read("phone,note\n0712345678,ding\x07\n")[1] == [["0712345678", "ding\x07"]]


# -- pipes ------------------------------------------------------------------------


def through_a_pipe(raw: bytes):
    end, start = os.pipe()

    def fill() -> None:
        with os.fdopen(start, "wb") as pipe:
            try:
                pipe.write(raw)
            except BrokenPipeError:
                pass

    threading.Thread(target=fill).start()
    return os.fdopen(end, "rb")


def test_a_pipe_is_read_like_a_file(monkeypatch):
    with through_a_pipe(b"phone,name\n" + b"0712345678,Ann\n" * 20_000) as pipe, tables.open_table(pipe) as table:
        assert len(list(table.rows)) == 20_000
    monkeypatch.setattr(files, "BYTE_LIMIT", 100_000)
    with through_a_pipe(b"0712345678\n" * 20_000) as pipe, pytest.raises(FileTooLarge, match="MB"), tables.open_table(pipe):
        pass


# -- headers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Tel",
        "TEL.",
        "Telephone",
        "Phone No.",
        "Phone no",
        "Mobile number",
        "Mobile No.",
        "Cell",
        "Cell phone",
        "Cellphone",
        "Contact number",
        "WhatsApp",
        "Tel No",
        "Phone #",
        "phone-number",
        "Téléphone",
        "Telephone Number:",
        "GSM",
    ],
)
def test_people_head_the_phones_column_in_many_words(header):
    assert detect(["No", "Name", header], peoples=True).phone == 2
    assert detect(["Name", header]) is None or header == "phone-number"


@pytest.mark.parametrize(
    ("columns", "place"), [(["Number", "Tel"], 1), (["Contact", "Phone"], 1), (["to", "mobile"], 1), (["Number", "Name"], 0)]
)
def test_of_several_the_plainest_is_the_phones(columns, place):
    assert detect(columns, peoples=True).phone == place


def test_a_refusal_names_the_file_as_its_field():
    with pytest.raises(InvalidInput) as refused:
        read(b"%PDF-1.7")
    assert list(refused.value.fields) == ["file"]
    assert encoding_of(io.BytesIO(b"")) == "utf-8"
