"""CSV import: any usual encoding and delimiter, every row accounted for, nothing left behind when it fails."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wesend.contacts import csv_import, files
from wesend.contacts.csv_import import import_csv
from wesend.contacts.files import EmptyList, FileTooLarge, NoPhoneColumn, UnreadableFile
from wesend.contacts.service import list_contacts
from wesend.core.errors import GroupExists, InvalidInput
from wesend.database import query

from ..support.domain import NUMBERS, make_account

TABLE = "phone,name,city\n0712345678,Zoë,Gulu\n0772345678,Ben,Arua\n"


@pytest.fixture
def account():
    return make_account()


def load(account, content: str | bytes, name: str = "Customers", **options):
    raw = content.encode() if isinstance(content, str) else content
    return import_csv(account, io.BytesIO(raw), name=name, **options, actor="test")


def contacts(imported) -> list[tuple]:
    return [
        (row["phone"], row["name"], json.loads(row["data"]) if row["data"] else None)
        for row in list_contacts(imported.group, limit=100, offset=0, actor="test")
    ]


EXPECTED = [("+256712345678", "Zoë", {"city": "Gulu"}), ("+256772345678", "Ben", {"city": "Arua"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_is_read_in_every_usual_encoding(account, encoding):
    assert contacts(load(account, TABLE.encode(encoding))) == EXPECTED


def test_utf_16_is_read_in_either_byte_order(account):
    assert contacts(load(account, b"\xff\xfe" + TABLE.encode("utf-16-le"), "a")) == EXPECTED
    assert contacts(load(account, b"\xfe\xff" + TABLE.encode("utf-16-be"), "b")) == EXPECTED


def test_a_letter_that_is_split_over_two_blocks_of_reading_is_still_utf_8(account):
    padding = "x" * (1024 * 1024 - len("phone,name\n0712345678,") - 1)
    imported = load(account, f"phone,name\n0712345678,{padding}ë\n")
    assert imported.group["contact_count"] == 1
    assert contacts(imported)[0][1] == ("x" * files.FIELD_LIMIT)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_file_is_read_with_every_usual_delimiter(account, delimiter):
    assert contacts(load(account, TABLE.replace(",", delimiter))) == EXPECTED


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_file_is_read_with_every_newline(account, newline):
    assert contacts(load(account, TABLE.replace("\n", newline))) == EXPECTED


def test_excels_sep_line_names_the_delimiter(account):
    assert contacts(load(account, "sep=;\r\n" + TABLE.replace(",", ";"))) == EXPECTED


def test_quoted_cells_hold_delimiters_newlines_and_quotes(account):
    (found,) = contacts(load(account, 'phone,name,note\n0712345678,"Lee, Ann","said ""hi""\non Monday"\n'))
    assert found == ("+256712345678", "Lee, Ann", {"note": 'said "hi"\non Monday'})


@pytest.mark.parametrize(
    "header", ["phone", "Phone", " PHONE ", "phone_number", "Phone Number", "mobile", "msisdn", "to", "number"]
)
def test_the_phone_column_goes_by_several_names(account, header):
    assert load(account, f"city,{header}\nGulu,0712345678\n").group["contact_count"] == 1


def test_of_several_phone_columns_the_first_name_in_the_list_counts(account):
    (found,) = contacts(load(account, "number,phone\n5,0712345678\n"))
    assert found == ("+256712345678", None, {"number": "5"})


@pytest.mark.parametrize("header", ["name", "Full Name", "fullname"])
def test_the_name_column_goes_by_several_names(account, header):
    assert contacts(load(account, f"phone,{header}\n0712345678, Ann \n")) == [("+256712345678", "Ann", None)]


def test_other_columns_keep_their_names_as_they_are_written(account):
    imported = load(account, "phone,First Name,BALANCE,\n0712345678,Ann,500,ignored\n")
    assert contacts(imported) == [("+256712345678", None, {"First Name": "Ann", "BALANCE": "500"})]
    assert json.loads(imported.group["columns"]) == ["phone", "First Name", "BALANCE", ""]


def test_an_email_column_is_what_a_contact_is_found_by_in_lower_case(account):
    imported = load(account, "phone,Email\n0712345678, \u200bAnn@Example.ORG \n0772345678,\n")
    assert [row["email"] for row in list_contacts(imported.group, limit=9, offset=0, actor="test")] == ["ann@example.org", None]


def test_every_row_that_is_not_added_is_counted_with_its_reason(account):
    imported = load(account, "phone,name\n0712345678,A\n,no phone\nhello,B\n+256712345678,again\n0772345678,C\n\n , \n12,D\n")
    assert (imported.group["contact_count"], imported.skipped, imported.invalid, imported.duplicates) == (2, 4, 3, 1)
    assert [phone for phone, _, _ in contacts(imported)] == ["+256712345678", "+256772345678"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    st.lists(
        st.sampled_from(["0712345678", "+256712345678", "0772345678", "0752345678", "x", "", "254712345678"]),
        min_size=1,
        max_size=30,
    )
)
def test_added_and_skipped_are_always_all_rows(context, phones):
    account = make_account()
    rows = "".join(f"{phone},n\n" for phone in phones)
    imported = load(account, "phone,name\n" + rows)
    stored = list_contacts(imported.group, limit=100, offset=0, actor="test")
    assert imported.group["contact_count"] == len(stored) == len({row["phone"] for row in stored})
    assert imported.skipped == imported.invalid + imported.duplicates == len(phones) - len(stored)


def test_what_excel_makes_of_phone_numbers_is_read_where_nothing_was_lost(account):
    imported = load(account, "phone\n'0712345678\n256772345678.0\n2.56712E+11\n")
    assert [phone for phone, _, _ in contacts(imported)] == ["+256712345678", "+256772345678"]
    assert imported.invalid == 1, "2.56712E+11 has lost its last digits: it is nobody's number"


def test_short_rows_are_filled_and_long_ones_cut(account):
    assert contacts(load(account, "phone,name,city\n0712345678\n0772345678,Ben,Arua,more,and more\n")) == [
        ("+256712345678", None, {"city": ""}),
        ("+256772345678", "Ben", {"city": "Arua"}),
    ]


def test_nul_characters_are_dropped_and_long_cells_cut(account):
    (found,) = contacts(load(account, "phone,name,note\n0712345678,A\x00nn," + "x" * 20_000 + "\n"))
    assert found[1] == "Ann" and len(found[2]["note"]) == files.FIELD_LIMIT


def test_more_rows_than_a_transaction_takes_are_all_there(account):
    imported = load(account, "phone\n" + "\n".join(NUMBERS[: csv_import.CHUNK * 2 + 3]) + "\n" + NUMBERS[0])
    assert imported.group["contact_count"] == csv_import.CHUNK * 2 + 3 and imported.duplicates == 1


def test_the_stream_stays_the_callers_to_close(account):
    stream = io.BytesIO(TABLE.encode())
    import_csv(account, stream, name="Customers", actor="test")
    assert not stream.closed
    assert stream.seek(0) == 0


def left_behind() -> list:
    return [tuple(row) for row in query("SELECT name, state FROM groups WHERE name = 'Customers'")]


@pytest.mark.parametrize(
    "content, error",
    [
        ("", EmptyList),
        ("\n\n  \n", EmptyList),
        ("phone,name\n", EmptyList),
        ("phone,name\n\n , \n", EmptyList),
        ("telephone,name\n0712345678,Ann\n", NoPhoneColumn),
        ("0712345678\n0772345678\n", NoPhoneColumn),
        ("phone,name\n0712345678," + "x" * (1024 * 1024 + 1) + "\n", InvalidInput),
        ("phone," + "x" * (1024 * 1024 + 1) + "\n0712345678,x\n", InvalidInput),
        (b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)), UnreadableFile),
        (b"\xff\xfe\x00", InvalidInput),
    ],
    ids=[
        "nothing",
        "blank",
        "header only",
        "blank rows",
        "no phone column",
        "no header",
        "huge cell",
        "huge header",
        "an Excel file",
        "half a character",
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_leaves_nothing(account, content, error):
    with pytest.raises(error):
        load(account, content)
    assert left_behind() == []


def test_a_file_of_more_rows_than_the_limit_is_refused_and_leaves_nothing(account, monkeypatch):
    monkeypatch.setattr(files, "ROW_LIMIT", 3)
    monkeypatch.setattr(csv_import, "CHUNK", 2)
    assert load(account, "phone\n" + "\n".join(NUMBERS[:3]), "Three").group["contact_count"] == 3
    with pytest.raises(FileTooLarge):
        load(account, "phone\n" + "\n".join(NUMBERS[:4]))
    assert left_behind() == []


def test_a_file_of_more_bytes_than_the_limit_is_refused(account, monkeypatch):
    monkeypatch.setattr(files, "BYTE_LIMIT", len(TABLE.encode()))
    load(account, TABLE, "As large as is allowed")
    with pytest.raises(FileTooLarge):
        load(account, TABLE + "\n")
    assert left_behind() == []


def test_the_limits_are_the_documented_ones():
    assert (files.ROW_LIMIT, files.BYTE_LIMIT) == (500_000, 50 * 1024 * 1024)


def test_a_name_that_is_taken_is_refused_and_the_group_that_has_it_stays(account):
    first = load(account, TABLE)
    with pytest.raises(GroupExists):
        load(account, "phone\n0752345678\n")
    assert contacts(first) == EXPECTED
