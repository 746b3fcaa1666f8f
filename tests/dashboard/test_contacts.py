"""Contacts: a file becomes a group in steps, with every row accounted for; and who is left alone."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest
from openpyxl import Workbook

from wesend.accounts.service import get_account
from wesend.contacts import groups, searching, workbook
from wesend.contacts import service as contacts
from wesend.contacts.csv_import import import_csv
from wesend.contacts.service import NewContact
from wesend.coordination import kept_files
from wesend.dashboard import frame
from wesend.database import query

from ..support import workbooks
from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of

ROWS = [
    "Mobile,Full name,Town",
    "0712000001,Ann,Kampala",
    "0712 000 002,<script>x</script>,Gulu",
    "nonsense,Cal,Jinja",
    "+256712000001,Ann again,Kampala",
    "=1+1,Dan,",
]


@pytest.fixture
def member(app, shop):
    return Visitor(app, make_user(app, "member", shop.account_id))


def upload(visitor, content: bytes, name: str = "Customers 2026.csv") -> str:
    """The address of the step that follows."""
    answer = visitor.post("/contacts/import", files={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["Location"].split("?")[0]


PLACES = ("column-0", "column-1", "column-2")


def book_of(*rows) -> bytes:
    book, stream = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def test_a_csv_is_imported_in_steps_and_every_row_is_accounted_for(member, app, shop):
    content = "\n".join(ROWS).encode()
    answer = member.post("/contacts/import", files={"file": (io.BytesIO(content), "Customers 2026.csv")})
    columns = member.get(answer.headers["Location"])
    assert 'value="Customers 2026"' in columns.text and "0712000001 · 0712 000 002 · nonsense" in text_of(columns)
    path = answer.headers["Location"].split("?")[0]
    given = {"column-0": "phone", "column-1": "name", "column-2": "field", "group": "Customers", "country": "UG"}
    check = text_of(member.post(path, go="check", **given))
    assert (
        "Valid 2" in check
        and "Repeated 1" in check
        and "Rejected 2" in check
        and "4 nonsense There are letters in the number" in check
    )
    assert query_groups(app) == []
    rejected = member.get(f"{path}/rejected.csv?phone=0&country=UG").text
    assert "nonsense,Cal,Jinja,There are letters in the number" in rejected and "'=1+1,Dan" in rejected
    assert "'+256712000001,Ann again,Kampala,The same number as in row 2" in rejected
    page = member.follow(path, go="import", **given)
    assert "2 contacts imported; 3 rows left out" in text_of(page) and "town Kampala" in text_of(page)
    assert "<script>x" not in page.text and "&lt;script&gt;x" in page.text
    assert member.get(path).status_code == 404  # the file is forgotten


def query_groups(app) -> list:
    with app.app_context():
        return [row["name"] for row in query("SELECT name FROM groups WHERE account_id > 1")]


def test_a_workbook_is_read_as_a_spreadsheet_shows_it(member):
    content = book_of(
        ["phone", "name", "amount", None],
        [256712000001, "Ann", 1500.0, None],
        [None, None, None, None],
        ["0712000002", "Ben", 12.5, None],
    )
    path = upload(member, content, "x.xlsx")
    assert "256712000001 · 0712000002" in text_of(member.get(path))
    given = {"column-0": "phone", "column-1": "name", "column-2": "field", "column-3": "ignore", "group": "Book", "country": "UG"}
    page = text_of(member.follow(path, go="import", **given))
    assert "2 contacts imported." in page and "amount 1500" in page and "amount 12.5" in page


def test_a_header_in_peoples_words_is_known_and_a_rounded_number_told_apart(member):
    path = upload(member, "No.;Name;Tel.\n1;Ann;2.56712E+11\n2;Ben;\u202a0712\u2011345\u2011678\u202c\n".encode("utf-16"))
    given = {"column-0": "ignore", "column-1": "name", "column-2": "phone", "group": "Told", "country": "UG"}
    assert '<option value="phone" selected' in member.get(path).text.partition("column-2")[2]
    check = text_of(member.post(path, go="check", **given))
    assert "Valid 1" in check and "Rejected 1" in check and "2.56712E+11 Excel has rounded this number" in check
    assert (
        ">1;" not in check
        and "Ann,2.56712E+11,Excel has rounded this number" in member.get(f"{path}/rejected.csv?phone=2&country=UG").text
    )


def test_a_number_that_a_workbook_had_from_a_rounded_csv_is_told(member):
    """Excel reads 2.56772E+11 as 256772000000, in a scientific format: a million people's number, or somebody else's."""
    rows = ["phone", "name"], [256772000000, "Ann"], [256772123456, "Ben"], [256772000000, "Cai"]
    path = upload(member, workbooks.workbook(*rows, formats={"A2": "0.00E+00", "A3": "0.00E+00"}), "x.xlsx")
    check = text_of(member.post(path, go="check", group="G", country="UG", **{"column-0": "phone", "column-1": "name"}))
    assert "2 2.56772E+11 Excel has rounded this number" in check
    assert "Valid 2" in check and "Rejected 1" in check


@pytest.mark.parametrize("header", ["E-mail", "Email Address", "MAIL"])
def test_addresses_are_known_by_peoples_words_for_their_column(member, header):
    path = upload(member, f"phone,name,{header}\n0712345678,Ann,Ann@Example.com\n".encode())
    page = member.follow(
        path, go="import", group="Mailed", country="UG", **dict(zip(PLACES, ("phone", "name", "field"), strict=True))
    )
    assert "1 contacts imported." in text_of(page) or "1 contact imported." in text_of(page)
    assert page.text.count('name="field-') == 1, "the form to add a contact asks for an address once"
    assert "Mailed" in text_of(member.get("/emails/write")), "a group of whom one has an address can be written to"


def test_columns_are_mapped_by_hand_where_no_header_is_known(member):
    path = upload(member, b"who;ring\nAnn;0712345678\n")
    assert text_of(member.get(path)).count("For example") == 1
    wrong = member.post(path, go="check", group="G", country="KE", **{"column-0": "name", "column-1": "name"})
    assert "Choose one column as the phone number" in text_of(wrong)
    page = member.follow(path, go="import", group="G", country="KE", **{"column-0": "name", "column-1": "phone"})
    assert "+254712345678" in text_of(page)  # read at the home country that was chosen


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"", "a.csv", "empty"),
        (b"PK\x03\x04 broken", "a.xlsx", "no Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls", "an old Excel workbook (.xls)"),
        (b"%PDF-1.7", "a.csv", "a PDF"),
        (b'phone,name\n0712345678,"Ann\n0772345678,Ben\n', "a.csv", "Line 2: a quote"),
        (b"phone" + b",x" * 100 + b"\n0712345678\n", "a.csv", "more than 100 columns"),
    ],
)
def test_a_file_that_is_none_is_refused_and_not_kept(app, member, content, name, told):
    answer = member.post("/contacts/import", files={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 200 and told in text_of(answer)
    with app.app_context():
        assert list(kept_files._folder().glob("*.csv")) == []


def test_a_workbook_that_unpacks_without_end_is_refused_before_it_is_read(app, member, monkeypatch):
    monkeypatch.setattr(workbook, "UNPACKED_LIMIT", 100_000)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"\0" * 1_000_000)
    answer = member.post("/contacts/import", files={"file": (io.BytesIO(stream.getvalue()), "bomb.xlsx")})
    assert "too large when it is unpacked" in text_of(answer)


def test_an_upload_is_its_accounts_alone_and_lies_where_nobody_else_reads(app, member):
    path = upload(member, b"phone\n0712345678\n")
    stranger = Visitor(app, make_user(app, "owner", mint(app).account_id))
    assert stranger.get(path).status_code == 404 and stranger.get("/contacts/import/..%2f..%2fwesend").status_code == 404
    if app.config["WESEND"].database_url:
        return  # it lies in the database
    with app.app_context():
        kept = list(kept_files._folder().glob("*.csv"))
        assert [oct(file.stat().st_mode)[-3:] for file in kept] == ["600"]


def test_a_group_is_filled_by_hand_and_deleted(member, shop):
    page = member.follow("/contacts", name="Friends")
    path = page.request.path
    assert "Nobody is in it yet" in text_of(page)
    assert "+256712000001" in text_of(member.follow(path, phone="0712 000 001", name="Ann"))
    assert "in the group already" in text_of(member.post(path, phone="+256712000001", name=""))
    assert "Not a phone number" in text_of(member.post(path, phone="x", name=""))
    assert "Ann" in text_of(member.get(f"{path}?q=0712000001"))
    assert "Not in this group" in text_of(member.get(f"{path}?q=0712000009"))
    contact = re.search(r"/contacts/\d+/contacts/(\d+)/delete", member.get(path).text)[1]
    assert "Taken out" in text_of(member.follow(f"{path}/contacts/{contact}/delete"))
    assert "No contacts yet" in text_of(member.follow(f"{path}/delete"))


@pytest.fixture
def group(member) -> str:
    """The path of a group of two with a field of their own, and the newest contact's path."""
    path = upload(member, b"phone,name,Town\n0712000001,Ann,Kampala\n0712000002,=Ben,Gulu\n")
    given = {"column-0": "phone", "column-1": "name", "column-2": "field", "group": "Friends", "country": "UG"}
    return member.follow(path, go="import", **given).request.path


def test_all_contacts_of_an_account_are_searched_from_the_page_of_groups(app, member, group):
    assert 'action="/contacts/search"' in member.get("/contacts").text
    path = upload(member, b"phone,name\n0712000001,Ann\n")
    member.follow(path, go="import", group="Best", country="UG", **{"column-0": "phone", "column-1": "name"})
    member.follow("/contacts/opt-outs", number="0712000001")
    page = member.get("/contacts/search?q=ann")
    assert "+256712000001 Uganda opted out of SMS Ann Best , Friends" in text_of(page) and "=Ben" not in text_of(page)
    everybody = member.get("/contacts/search")
    assert text_of(everybody).count("+256712000001") == 1 and "=Ben" in text_of(everybody)
    assert "Nobody found" in text_of(member.get("/contacts/search?q=nobody"))
    stranger = Visitor(app, make_user(app, "owner", mint(app).account_id))
    assert "No contacts yet" in text_of(stranger.get("/contacts/search")) and "Ann" not in text_of(stranger.get("/contacts/search"))


def test_who_opted_out_is_marked_with_the_channel_by_which_they_did(member):
    path = upload(member, b"phone,name,email\n0712000001,Ann,Ann@Example.com\n0712000002,Ben,ben@example.com\n0712000003,Cal,\n")
    columns = {"column-0": "phone", "column-1": "name", "column-2": "field"}
    shown = member.follow(path, go="import", group="Friends", country="UG", **columns).request.path
    for address in ("ann@example.com", "0712000002", "BEN@example.com"):
        member.follow("/contacts/opt-outs", number=address)
    for page in (shown, "/contacts/search", "/contacts/search?q=example", f"{shown}?q=example"):
        told = text_of(member.get(page))
        assert "+256712000001 Uganda opted out of e-mail Ann" in told
        assert "+256712000002 Uganda opted out of SMS opted out of e-mail Ben" in told
        assert ("+256712000003 Uganda Cal" in told) == ("q=" not in page)


def on_from(page) -> str:
    return re.search(r'href="([^"]+)" rel="next"', page.text)[1].replace("&amp;", "&")


@pytest.mark.parametrize("where", ["/contacts/search", None])
def test_a_search_goes_on_where_its_time_ended_and_tells_how_far_it_came(member, group, monkeypatch, where):
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 1)
    monkeypatch.setattr(searching, "SECONDS", 0)
    first = member.get(f"{where or group}?q=kampala")
    assert "Nobody found yet 1 of 2 contacts were looked through so far. Search on" in text_of(first)
    assert "Older" not in text_of(first)
    second = member.get(on_from(first))
    assert "+256712000001" in text_of(second) and "q=kampala" in on_from(first)
    assert "Search on" not in text_of(second) and "looked through" not in text_of(second)
    last = member.get(on_from(member.get(f"{where or group}?q=nobody")))
    assert "Nobody found among the rest nobody" in text_of(last) and "Search on" not in text_of(last)
    for at in ("x", "1", "99999999999999999999-1", "1-9999999999999999999", "0-0"):
        assert member.get(f"/contacts/search?at={at}&looked=x").status_code == 200


@pytest.mark.parametrize("where", ["/contacts/search", None])
def test_a_name_that_nobody_has_is_answered_on_the_first_page(member, group, monkeypatch, where):
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 1)
    told = text_of(member.get(f"{where or group}?q=nobody"))
    assert ("Not in this group" if where is None else "Nobody found nobody") in told and "looked through" not in told


def newest(page) -> str:
    return re.search(r"(/contacts/\d+/contacts/\d+)/delete", page.text)[1]


def test_a_contact_is_changed_in_its_place_with_the_fields_it_has(member, group):
    contact = newest(member.get(group))
    form = member.get(f"{group}?edit={contact.rsplit('/', 1)[1]}")
    assert 'value="Gulu"' in form.text and "Town" in text_of(form) and "email" in text_of(form)
    shown = member.follow(
        contact, **{"phone": "0772 000 002", "name": "Ben", "field-0": "<b>Arua</b>", "field-1": "Ben@Example.com"}
    )
    assert "+256772000002" in text_of(shown) and "&lt;b&gt;Arua" in shown.text and "+256712000002" not in text_of(shown)
    assert "2 contacts" in text_of(shown)


@pytest.mark.parametrize(
    ("phone", "told"), [("0712000001", "in the group already"), ("nonsense", "Not a phone number"), ("", "Please fill this in")]
)
def test_a_contact_that_can_not_become_that_stays_as_it_was_and_the_form_keeps_what_was_typed(app, member, group, phone, told):
    contact = newest(member.get(group))
    answer = member.post(contact, **{"phone": phone, "name": "Typed", "field-0": "Arua", "field-1": ""})
    assert told in text_of(answer) and 'value="Typed"' in answer.text and 'value="Arua"' in answer.text
    with app.app_context():
        assert [tuple(row) for row in query("SELECT phone, name FROM contacts ORDER BY id DESC LIMIT 1")] == [
            ("+256712000002", "=Ben")
        ]


def test_a_group_is_taken_away_as_a_csv_that_can_be_imported_again(member, group):
    member.follow(group, **{"phone": "0712000003", "name": "", "field-0": "", "field-1": "cal@example.com"})
    taken = member.get(f"{group}/export")
    assert taken.mimetype == "text/csv" and taken.text.splitlines() == [
        "\ufeffphone,name,Town,email",
        "'+256712000001,Ann,Kampala,",
        "'+256712000002,'=Ben,Gulu,",
        "'+256712000003,,,cal@example.com",
    ]
    again = upload(member, taken.data)
    given = {f"column-{n}": role for n, role in enumerate(("phone", "name", "field", "field"))}
    assert "3 contacts imported." in text_of(member.follow(again, go="import", group="Again", country="KE", **given))


def test_a_group_that_is_exported_and_imported_again_says_what_it_said(app, member, shop, group):
    odd = {"=sum": "-5", "a,b": "x, -1\n=y", "+1": "+256", "'t": "'tis", "@x": "@y", "Name": "Ann"}
    with app.app_context():
        account = get_account(shop.account_id)
        made = groups.create_group(shop.account_id, "Odd", actor="test")["id"]
        given = [NewContact("0712000001", "-Bo", odd | {"Name": ""}), NewContact("0712000002", None, odd)]
        contacts.add_contacts(shop.account_id, made, given, "UG", actor="test")
    taken = member.get(f"/contacts/{made}/export").data
    with app.app_context():
        again = import_csv(account, io.BytesIO(taken), name="Again", actor="test").group["id"]
        rows = query("SELECT name, data FROM contacts WHERE group_id = ? ORDER BY id", (again,))
        assert [row["name"] for row in rows] == ["-Bo", "Ann"]
        del odd["Name"]
        assert [json.loads(row["data"]) for row in rows] == [odd, odd]


def test_a_contact_of_another_group_or_account_is_neither_shown_nor_changed(app, member, group):
    contact, other = newest(member.get(group)), member.follow("/contacts", name="Other").request.path
    assert member.post(contact.replace(group, other), phone="0712000009", name="").status_code == 404
    stranger = Visitor(app, make_user(app, "owner", mint(app).account_id))
    assert stranger.post(contact, phone="0712000009", name="").status_code == 404
    assert stranger.get(f"{group}/export").status_code == 404


def test_whoever_opts_out_is_left_alone_until_it_is_taken_back(member, shop, app):
    assert "+256712000001 gets nothing more" in text_of(member.follow("/contacts/opt-outs", number="0712000001"))
    told = member.post("/compose/count", wallet=shop.wallet, recipients="0712000001", text="x", sender="").json
    assert "(opted out)" in told["rejected"] or "no route" in told["rejected"]
    assert "may be written to again" in text_of(member.follow("/contacts/opt-outs/remove", channel="sms", address="+256712000001"))
    assert "Nobody opted out" in text_of(member.get("/contacts/opt-outs"))
    with app.app_context():
        assert query("SELECT actor, action FROM audit_log ORDER BY id DESC LIMIT 1")[0]["action"] == "opt_out.remove"


def test_another_accounts_group_does_not_exist(app, member):
    with app.app_context():
        other = groups.create_group(1, "Secret", actor="test")["id"]
    for path in (f"/contacts/{other}",):
        assert member.get(path).status_code == 404 and member.post(f"{path}/delete").status_code == 404


def test_a_form_is_limited_to_less_than_a_file(member, monkeypatch):
    monkeypatch.setattr(frame, "FORM_LIMIT", 10_000)
    assert member.post("/compose/count", text="x" * 20_000).status_code == 413
    upload(member, b"phone\n" + b"".join(b"07120%05d\n" % n for n in range(3_000)))
