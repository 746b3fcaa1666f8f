"""A contact is as large as a person's data, by API, by form and by file: what is written a hundred times stays small."""

from __future__ import annotations

import csv
import io
import json

import pytest

from wesend.contacts import groups, service
from wesend.contacts.csv_import import import_csv
from wesend.contacts.files import COLUMN_LIMIT, CONTACT_LIMIT, FIELD_LIMIT
from wesend.contacts.service import NewContact

from ..support.accounts import mint, new_wesendall
from ..support.dashboard import Visitor, make_user, text_of
from ..support.database import written
from ..support.domain import make_account
from ..support.wesendall import new_group

TOO_LARGE = [
    {"note": "x" * (FIELD_LIMIT + 1)},
    {"name": "x" * (FIELD_LIMIT + 1)},
    {"n" * 201: "x"},
    {f"f{n}": "x" for n in range(COLUMN_LIMIT + 1)},
    {f"f{n}": "x" * FIELD_LIMIT for n in range(CONTACT_LIMIT // FIELD_LIMIT)},
]


@pytest.mark.parametrize("fields", TOO_LARGE, ids=["field", "name", "field's name", "fields", "all together"])
def test_a_contact_that_is_too_large_is_refused_by_api_with_all_that_came_with_it(app, fields):
    api = new_wesendall(app)
    group = new_group(api)
    before = written(app)
    people = [{"phone": "0712345678", "name": "Ann"}, {"phone": "0772345678", **fields}]
    answer = api.post(f"/groups/{group}/contacts", {"walletId": api.wallet, "contacts": people})
    assert (answer.status_code, answer.json["error"]) == (400, "validation_error") and "at most" in answer.json["message"]
    alone = api.post(f"/groups/{group}/contacts", {"walletId": api.wallet, "phone": "0772345678", **fields})
    assert alone.status_code == 400
    assert written(app) == before


def test_a_contact_of_the_largest_size_is_taken(app):
    api = new_wesendall(app)
    group = new_group(
        api,
        {"phone": "0712345678", **{f"f{n}": "x" * 100 for n in range(COLUMN_LIMIT)}},
        {"phone": "0772345678", "note": "x" * FIELD_LIMIT},
    )
    assert api.get(f"/groups/{group}/contacts?walletId={api.wallet}").json["data"]["pagination"]["total"] == 2


def test_a_form_is_refused_alike(app):
    shop = mint(app)
    member = Visitor(app, make_user(app, "member", shop.account_id))
    path = member.follow("/contacts", name="Friends").request.path
    member.follow(path, **{"phone": "0712000001", "name": "Ann", "field-0": ""})
    assert "at most 4000 characters" in text_of(member.post(path, **{"phone": "0712000002", "name": "", "field-0": "x" * 5000}))


def test_a_field_of_a_file_is_cut(context):
    done = import_csv(make_account(), io.BytesIO(b"phone,note\n0712345678," + b"x" * 500_000 + b"\n"), name="Long", actor="test")
    (row,) = service.list_contacts(done.group, limit=9, offset=0, actor="test")
    assert json.loads(row["data"]) == {"note": "x" * FIELD_LIMIT}


def test_contacts_of_ever_new_fields_make_no_table_without_end(app):
    """A thousand contacts with fields of their own each were an export of a thousand times their columns."""
    shop = mint(app)
    member = Visitor(app, make_user(app, "member", shop.account_id))
    with app.app_context():
        group = groups.create_group(shop.account_id, "Wide", actor="test")["id"]
        people = [NewContact(f"+25671234{n:04}", None, {f"f{n}-{m}": str(m) for m in range(60)}) for n in range(3)]
        service.add_contacts(shop.account_id, group, people, "UG", actor="test")
    lines = list(csv.reader(io.StringIO(member.get(f"/contacts/{group}/export").text)))
    assert {len(line) for line in lines} == {COLUMN_LIMIT} and lines[0][-1] == "other fields"
    assert json.loads(lines[3][-1]) == {f"f2-{m}": str(m) for m in range(60)}
    assert member.get(f"/contacts/{group}").text.count('name="field-') <= COLUMN_LIMIT + 1
