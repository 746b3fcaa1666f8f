"""`/contact-lists`: what people export, every skipped row accounted for, limits, and the lists themselves."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from wesend.contacts import delimited, files

from ..support.database import written
from ..support.esms import ANN, BEN, data_of, field_of, new_esms, new_list, refused
from ..support.idempotency import KEY, replayed


def contacts_of(api, list_id: int) -> list[dict]:
    return data_of(api.get(f"/contact-lists/{list_id}/contacts"))["contacts"]


def test_an_upload_answers_with_the_list(app):
    api = new_esms(app)
    answer = data_of(
        api.upload("phone,name,city\n0712345678,Ann,Kampala\n+256772345678,Ben,Gulu\n", name="Customers", tags="vip, may")
    )
    assert isinstance(answer.pop("id"), int)
    assert answer == {
        "name": "Customers",
        "count": 2,
        "columns": ["phone", "name", "city"],
        "tags": ["vip", "may"],
        "skipped": 0,
        "invalid": 0,
        "duplicates": 0,
    }


def test_every_skipped_row_is_accounted_for(app):
    rows = ["0712345678", "712345678", "+256 712 345 678", "nobody", "", "0772345678", "+256", "2.56712E+11", "\t", '""']
    answer = data_of(new_esms(app).upload("n,phone\n" + "".join(f"{n},{row}\n" for n, row in enumerate(rows))))
    assert (answer["count"], answer["skipped"], answer["invalid"], answer["duplicates"]) == (2, 8, 6, 2)
    assert answer["count"] + answer["skipped"] == len(rows)


@pytest.mark.parametrize(
    "header", ["phone", "PHONE", "Phone_Number", "phone number", " Mobile ", "MSISDN", "to", "Number", '"phone"']
)
def test_the_phone_column_has_many_names(app, header):
    assert data_of(new_esms(app).upload(f"{header},x\n0712345678,1\n"))["count"] == 1


@pytest.mark.parametrize("csv", ["name,city\nAnn,Gulu\n", "0712345678\n0772345678\n", "telephone\n0712345678\n"])
def test_without_a_phone_column_it_is_400_and_leaves_nothing(app, csv):
    api = new_esms(app)
    before = written(app)
    assert refused(api.upload(csv), 400, "no_phone_column")
    assert written(app) == before


@pytest.mark.parametrize("csv", ["phone,name\n", "", "\n\n", "phone\n \n\t\n"])
def test_a_file_without_rows_is_400_and_leaves_nothing(app, csv):
    api = new_esms(app)
    before = written(app)
    assert refused(api.upload(csv), 400, "empty_list")
    assert written(app) == before


TEXT = 'phone;name;city\n0712345678;Zoë Nåmyé;Köln\n0772345678;"a; ""b""\nc";\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_excel_saves_can_be_read(app, encoding, delimiter, end):
    text = TEXT.replace(";", delimiter).replace(f"a{delimiter}", "a;").replace("\n", end)
    api = new_esms(app)
    found = contacts_of(api, data_of(api.upload(text.encode(encoding)))["id"])
    assert [(contact["phone"], contact["name"], contact["data"]["city"]) for contact in found] == [
        (ANN, "Zoë Nåmyé", "Köln"),
        (BEN, f'a; "b"{end}c', ""),
    ]


def test_excels_sep_line_is_heeded(app):
    api = new_esms(app)
    assert data_of(api.upload("sep=|\nphone|name\n0712345678|Ann, of Gulu\n"))["columns"] == ["phone", "name"]


def test_short_and_long_rows_are_read_by_their_columns(app):
    api = new_esms(app)
    found = contacts_of(api, data_of(api.upload("phone,name,city\n0712345678\n0772345678,Ben,Gulu,extra\n"))["id"])
    assert [(contact["name"], contact["data"]) for contact in found] == [(None, {"city": ""}), ("Ben", {"city": "Gulu"})]


def test_hostile_cells_are_kept_as_they_are(app):
    api = new_esms(app)
    cell = "=HYPERLINK(1)<script>{{x}}'--\x07"
    found = contacts_of(api, data_of(api.upload(f'phone,note\n0712345678,"{cell}"\n'))["id"])
    assert found[0]["data"] == {"note": cell}


def test_without_a_name_the_files_name_is_taken_and_a_taken_name_is_counted_up(app):
    api = new_esms(app)
    assert [data_of(api.upload("phone\n0712345678\n", **form))["name"] for form in ({}, {"name": " "}, {"name": "list"})] == [
        "list",
        "list (2)",
        "list (3)",
    ]


@pytest.mark.parametrize(
    "tags,kept",
    [("a,b , ,a", ["a", "b"]), ('["x","y z"]', ["x", "y z"]), ("", []), (["a", "b"], ["a", "b"]), ("[broken", ["[broken"])],
)
def test_tags_come_as_text_as_json_or_repeated(app, tags, kept):
    assert data_of(new_esms(app).upload("phone\n0712345678\n", tags=tags))["tags"] == kept


def test_tags_that_are_no_texts_are_422(esms):
    assert field_of(esms.upload("phone\n0712345678\n", tags="[1, 2]")) == ["body", "tags"]


def test_an_upload_without_a_file_is_422(esms):
    assert field_of(esms.post("/contact-lists", data={"name": "x", "file": "phone\n"}, content_type="multipart/form-data")) == [
        "body",
        "file",
    ]


def test_an_upload_that_is_no_form_is_415(esms):
    answer = esms.post("/contact-lists", {"name": "x"})
    assert refused(answer, 415, "unsupported_media_type")
    assert answer.json["detail"]["message"] == "The request body must be multipart/form-data"


@pytest.mark.parametrize("headers", [{}, KEY], ids=["plain", "with a key"])
def test_a_file_over_50_mb_is_400_and_leaves_nothing(app, esms, headers):
    before = written(app)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="list.csv"\r\n\r\nphone\n'
        + b"0712345678\n" * (52 * 1024 * 1024 // 11)
        + b"\r\n--x--\r\n"
    )
    answer = esms.post("/contact-lists", data=body, content_type="multipart/form-data; boundary=x", headers=headers)
    assert refused(answer, 400, "file_too_large")
    assert written(app) == before


def test_more_rows_than_the_limit_are_400_and_leave_nothing(app, esms, monkeypatch):
    monkeypatch.setattr(files, "ROW_LIMIT", 3000)
    rows = [f"0712{index:06d}" for index in range(3001)]
    before = written(app)
    assert refused(esms.upload("phone\n" + "\n".join(rows)), 400, "file_too_large")
    assert written(app) == before
    assert data_of(esms.upload("phone\n" + "\n".join(rows[:-1])))["count"] == 3000


def test_the_limits_are_the_contracts():
    assert (files.ROW_LIMIT, files.BYTE_LIMIT) == (500_000, 50 * 1024 * 1024)


def test_an_import_takes_the_memory_of_a_chunk(app, context):
    """20 MB of rows, of which half are read before the measure: what is held does not grow with the file."""
    stream = io.BytesIO(b"phone,note\n" + b"".join(b"nobody,%s\n" % (b"x" * 200) for _ in range(100_000)))
    tracemalloc.start()
    table = delimited.read_table(stream)
    for _ in table.rows:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_the_same_upload_under_one_key_is_one_list(app):
    api = new_esms(app)
    first, second = (
        api.post("/contact-lists", data={"file": (io.BytesIO(b"phone\n0712345678\n"), "list.csv")}, headers=KEY) for _ in range(2)
    )
    assert replayed(first, second) and data_of(api.get("/contact-lists"))["total"] == 1


def test_lists_are_shown_in_pages_with_their_total(app):
    api = new_esms(app)
    ids = [new_list(api, ANN, name=f"List {index}") for index in range(3)]
    page = data_of(api.get("/contact-lists", query_string={"limit": 2}))
    assert ([shown["id"] for shown in page["lists"]], page["total"]) == (ids[:2], 3)
    assert set(page["lists"][0]) == {"id", "name", "count", "columns", "tags"}
    assert data_of(api.get(f"/contact-lists/{ids[0]}")) == page["lists"][0]


def test_contacts_are_shown_in_pages_with_their_total(app):
    api = new_esms(app)
    list_id = data_of(api.upload("phone,name,city\n0712345678,Ann,Gulu\n0772345678,,\n"))["id"]
    page = data_of(api.get(f"/contact-lists/{list_id}/contacts", query_string={"limit": 1}))
    assert isinstance(page["contacts"][0].pop("id"), int)
    assert page == {"contacts": [{"phone": ANN, "name": "Ann", "data": {"city": "Gulu"}}], "total": 2}


def test_a_deleted_list_is_gone_with_its_contacts(app):
    api = new_esms(app)
    before = written(app)
    list_id = new_list(api, ANN, BEN)
    answer = api.delete(f"/contact-lists/{list_id}")
    assert (answer.status_code, answer.data) == (204, b"")
    for path in ("", "/contacts"):
        assert refused(api.get(f"/contact-lists/{list_id}{path}"), 404, "not_found")
    assert refused(api.delete(f"/contact-lists/{list_id}"), 404, "not_found")
    assert written(app) == {**before, "audit_log": before["audit_log"] + 2}, "that it was made, and deleted"


@pytest.mark.parametrize("list_id", ["0", "999999", "abc", "-1", "9" * 40, "1.0", "٣"])
def test_an_unknown_list_is_404(esms, list_id):
    for method, path in (("GET", ""), ("GET", "/contacts"), ("DELETE", "")):
        assert refused(esms.call(method, f"/contact-lists/{list_id}{path}"), 404, "not_found")


def test_another_accounts_list_does_not_exist(app, esms):
    list_id = new_list(new_esms(app), ANN)
    before = written(app)
    for method, path in (("GET", ""), ("GET", "/contacts"), ("DELETE", "")):
        assert refused(esms.call(method, f"/contact-lists/{list_id}{path}"), 404, "not_found")
    assert written(app) == before
