"""Workbooks are read as a spreadsheet shows them, and what would unpack without end is refused before it has."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import date, datetime, timedelta
from datetime import time as clock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from wesend.contacts import files, tables, workbook, workbook_parts
from wesend.contacts.files import EmptyList, FileTooLarge, UnreadableFile
from wesend.contacts.workbook_formats import fifteen_digits, show_number

from ..support.workbooks import by_hand, cell
from ..support.workbooks import workbook as book_of

ROW = b"<row>" + cell("phone") + cell("note") + b"</row>"


def read(raw: bytes) -> tuple[list[str], list[list[str]]]:
    with tables.open_table(io.BytesIO(raw)) as table:
        return table.columns, list(table.rows)


def shown(value, number_format: str | None = None) -> str:
    raw = book_of(["phone", "x"], [1, value], formats={"B2": number_format} if number_format else {})
    return read(raw)[1][0][1]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.1 + 0.2, None, "0.3"),
        (1500.0, None, "1500"),
        (12.5, None, "12.5"),
        (256712345678, None, "256712345678"),
        (256712345678.0, "0", "256712345678"),
        (1234567890123456789, None, "1234567890123460000"),
        (1e-7, None, "0.0000001"),
        (1e30, None, "1E+30"),
        (-0.5, None, "-0.5"),
        (1 / 3, None, "0.333333333333333"),
        (712345678, "0000000000", "0712345678"),
        (12.5, "0.00", "12.50"),
        (0.125, "0%", "13%"),
        (2.5, "#,##0.00", "2.5"),
        (True, None, "TRUE"),
        ("#N/A", None, "#N/A"),
        (date(2026, 5, 2), None, "2026-05-02"),
        (date(2026, 5, 2), "dd/mm/yyyy", "02/05/2026"),
        (date(2026, 5, 2), "d mmm yyyy", "2 May 2026"),
        (date(2026, 5, 2), "dddd, d mmmm yy", "Saturday, 2 May 26"),
        (date(2026, 5, 2), "[$-409]d\\-mmm\\-yyyy;@", "2-May-2026"),
        (date(2026, 5, 2), "mm-dd-yy", "2026-05-02"),
        (datetime(2026, 5, 2, 14, 5), "dd/mm/yyyy hh:mm", "02/05/2026 14:05"),
        (datetime(2026, 5, 2, 14, 5), "d/m/yyyy h:mm AM/PM", "2/5/2026 2:05 PM"),
        (datetime(2026, 5, 2, 14, 5), None, "2026-05-02 14:05:00"),
        (datetime(2026, 5, 2), None, "2026-05-02"),
        (clock(9, 30), "h:mm", "9:30"),
        (clock(9, 30, 5), None, "9:30:05"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05"),
        (date(1900, 2, 28), "yyyy-mm-dd", "1900-02-28"),
        (12, '0" days"', "12"),
        (45000, '"d"0', "45000"),
        (5, "General", "5"),
        (0.5, "# ?/?", "0.5"),
        (5.5, "0." + "0" * 30, "5.5" + "0" * 29),
        (256772000000, "0.00E+00", "2.56772E+11"),
        (256770000000, "##0.0E+0", "2.5677E+11"),
        (256772123456, "0.00E+00", "256772123456"),
        (256772000000, "0", "256772000000"),
        (1500, "0.00E+00", "1500"),
        (-0.5, "0." + "0" * 30 + "%", "-50." + "0" * 30 + "%"),
        ("_x000D_line_x0041_", None, "\rlineA"),
        (" as it is ", None, " as it is "),
        ("Zoë 😀", None, "Zoë 😀"),
    ],
)
def test_a_cell_is_what_a_spreadsheet_shows(value, number_format, text):
    assert shown(value, number_format) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_fifteen_digits_are_the_number(value):
    assert float(fifteen_digits(value)) == float(f"{value:.15g}")


@given(
    st.text(max_size=12) | st.floats().map(repr) | st.integers(-(10**20), 10**20).map(str),
    st.builds(
        lambda whole, decimals, percent: "0" * whole + "." + "0" * decimals + percent,
        *[st.integers(1, 250)] * 2,
        st.sampled_from(["", "%"]),
    )
    | st.sampled_from(["", "0", "0.00", "yyyy-mm-dd", "[h]:mm:ss.00", "General", "0.00E+00", "d" * 60]),
    st.text(st.sampled_from('dmyhs[]"\\;0.#_*AP/ '), max_size=12),
)
def test_any_number_in_any_format_is_shown_somehow(value, one, other):
    for number_format in (one, other):
        assert isinstance(show_number(value, number_format), str)


def test_days_may_be_counted_from_1904():
    book, stream = Workbook(), io.BytesIO()
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book.epoch = CALENDAR_MAC_1904
    book.active.append(["phone", "day"])
    book.active.append([1, date(2026, 5, 2)])
    book.save(stream)
    assert read(stream.getvalue())[1] == [["1", "2026-05-02"]]


def test_columns_and_rows_that_hold_nothing_are_left_out():
    raw = book_of([None] * 200, ["phone", None, "name", *[None] * 197], [None] * 200, ["0712345678", "x", "Ann", *[""] * 197])
    assert read(raw) == (["phone", "", "name"], [["0712345678", "x", "Ann"]])


def test_the_first_sheet_that_is_shown_is_read():
    book, stream = Workbook(), io.BytesIO()
    book.active.append(["phone"])
    book.active.sheet_state = "hidden"
    book.create_chartsheet("Chart")
    book.create_sheet("Seen").append(["phone", "seen"])
    book.save(stream)
    assert read(stream.getvalue())[0] == ["phone", "seen"]


def test_cells_stand_where_their_address_says_and_texts_are_read_out_of_their_pieces():
    rows = (
        b'<row><c r="A1" t="inlineStr"><is><t>phone</t></is></c><c r="C1" t="s"><v>0</v></c></row>'
        b'<row><c r="C9" t="inlineStr"><is><r><t>An</t></r><r><t>n</t></r><rPh><t>no</t></rPh></is></c>'
        b'<c r="A9" t="str"><f>1+1</f><v>0712345678</v></c></row>'
    )
    assert read(by_hand(rows, strings=b"<si><r><t>na</t></r><r><t>me_x000D_</t></r></si>")) == (
        ["phone", "", "name"],
        [["0712345678", "", "Ann"]],
    )


def test_quotes_delimiters_and_ends_of_lines_in_cells_stay_what_they_are():
    note = 'a;b,c\td|"e"\nf'
    assert read(book_of(["phone", note], ["sep=;", note]))[1] == [["sep=;", note]]
    assert read(book_of(["a;b", note], ["x", note]))[0][0] == "a;b"


def test_a_workbook_of_nothing_is_empty():
    with pytest.raises(EmptyList):
        read(book_of([None, ""]))


# -- without end ------------------------------------------------------------------


def refused(raw: bytes, told: str, kind=FileTooLarge) -> float:
    start = time.thread_time()
    with pytest.raises(kind, match=told):
        read(raw)
    return time.thread_time() - start


def blocks(block: bytes, size: int):
    for _ in range(size // len(block)):
        yield block


MB = 2**20
CELLS = b"<c/>" * 16_384


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ((b"<row>", blocks(CELLS, MB)), "more than 100000 cells"),
        ((blocks(b"<a>" * 20_000, MB),), "nested without end"),
        ((b"<!--", blocks(b"x" * 65_536, 4 * MB)), "tag without end"),
        ((b'<row a="', blocks(b"x" * 65_536, 4 * MB)), "tag without end"),
        ((b"<row>", cell("phone") * 101, b"</row>"), "more than 100 columns"),
        ((ROW, b"<row>", cell("x" * 4000) * 6, b"</row>"), "more than 20000 characters"),
    ],
    ids=["cells", "depth", "comment", "attribute", "columns", "characters"],
)
def test_a_sheet_without_end_is_refused(rows, told, monkeypatch):
    monkeypatch.setattr(workbook_parts, "CELL_LIMIT", 100_000)
    pieces = (piece for part in rows for piece in ([part] if isinstance(part, bytes) else part))
    assert refused(by_hand(pieces), told) < 10


def test_what_is_unpacked_is_counted_as_it_comes_whatever_the_archive_says(monkeypatch):
    monkeypatch.setattr(workbook, "UNPACKED_LIMIT", 2 * MB)
    raw = by_hand(blocks(b" " * 65_536, 3 * MB))
    refused(raw, "too large when it is unpacked")
    monkeypatch.setattr(workbook, "_check_declared", lambda archive: None)
    refused(raw, "too large when it is unpacked")


def test_an_archive_that_lies_about_sizes_is_no_workbook():
    raw = bytearray(by_hand(ROW * 1000))
    directory = raw.rfind(b"PK\x01\x02", 0, raw.find(b"xl/worksheet.xml", raw.find(b"PK\x01\x02")))
    raw[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    refused(bytes(raw), "no Excel workbook", UnreadableFile)


def test_texts_without_end_are_refused_and_many_take_no_more_than_they_are_long(monkeypatch):
    monkeypatch.setattr(workbook, "UNPACKED_LIMIT", 4 * MB)
    refused(by_hand(ROW, strings=blocks(b"<si><t>a</t></si>" * 4096, 5 * MB)), "too large when it is unpacked")
    assert read(by_hand(ROW + b"<row>" + cell("99", "s") + b"</row>", strings=b"<si><t>a</t></si>" * 100))[1] == [["a", ""]]


def test_one_long_text_named_by_every_cell_is_as_long_as_it_is_written(monkeypatch):
    monkeypatch.setattr(files, "BYTE_LIMIT", MB)
    monkeypatch.setattr(workbook, "BYTE_LIMIT", MB)
    rows = ROW + (b"<row>" + cell("0", "s") + b"</row>") * 1000
    refused(by_hand(rows, strings=b"<si><t>" + b"x" * 4000 + b"</t></si>"), "more than 1 MB")


def test_entities_are_refused_before_they_are_unpacked():
    entities = (
        b"<!DOCTYPE x [<!ENTITY a 'lol'>"
        + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
        + b"]>"
    )
    refused(by_hand(ROW + b"<row><c t='str'><v>&j;</v></c></row>", prolog=entities), "document type", UnreadableFile)
    outside = b'<!DOCTYPE x SYSTEM "file:///etc/passwd">'
    refused(by_hand(ROW, prolog=outside), "document type", UnreadableFile)


def test_parts_without_number_are_refused_before_they_are_listed():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(30_000):
            archive.writestr(str(number), b"")
    assert refused(stream.getvalue(), "too many parts") < 1


def test_many_sheets_cost_nothing_but_the_first():
    raw = by_hand(
        ROW + b"<row>" + cell("0712345678") + b"</row>",
        more={f"xl/worksheets/sheet{n}.xml": b"<worksheet>" + b" " * 100_000 for n in range(300)},
    )
    assert read(raw) == (["phone", "note"], [["0712345678", ""]])
    many = by_hand(ROW, more={f"xl/sheet{n}.xml": b" " * MB for n in range(70)})
    refused(many, "too large when it is unpacked")


def test_a_row_far_down_makes_no_rows_before_it():
    assert len(read(by_hand(ROW + b'<row r="999999999999"><c r="A999999999999" t="str"><v>x</v></c></row>'))[1]) == 1


def test_reading_ends_by_the_processors_time(monkeypatch):
    monkeypatch.setattr(workbook, "CPU_SECONDS", 0)
    refused(by_hand(ROW), "too long to read")


@given(st.binary(max_size=400), st.integers(0, 2000))
def test_a_damaged_workbook_is_rows_or_a_refusal(junk, at):
    raw = GOOD[:at] + junk + GOOD[at + len(junk) :]
    try:
        read(raw)
    except (EmptyList, FileTooLarge, UnreadableFile) as refusal:
        assert str(refusal)


@given(st.text(st.sampled_from('<>/ct="svrowis&;AZ19 _x0041'), max_size=60))
def test_any_xml_is_rows_or_a_refusal(xml):
    try:
        read(by_hand(ROW + xml.encode()))
    except (EmptyList, FileTooLarge, UnreadableFile) as refusal:
        assert str(refusal)


GOOD = by_hand(ROW * 20, strings=b"<si><t>x</t></si>")
