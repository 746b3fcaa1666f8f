"""`/groups` and their contacts as the contract has them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from ..support.accounts import new_wesendall
from ..support.apis import Wesendall
from ..support.database import written

UTC_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def api(app) -> Wesendall:
    """An account without any group."""
    return new_wesendall(app)


def create(api: Wesendall, name="Parents", **more):
    return api.post("/groups", {"walletId": api.wallet, "name": name, **more})


def created(api: Wesendall, name: str = "Parents") -> int:
    return create(api, name).json["data"]["id"]


def groups(api: Wesendall, **query) -> dict:
    return api.get("/groups", query_string={"walletId": api.wallet, **query}).json["data"]


def add(api: Wesendall, group_id, *people, **single):
    body = {"walletId": api.wallet, **single}
    if not single:
        body["contacts"] = list(people)
    return api.post(f"/groups/{group_id}/contacts", body)


def contacts(api: Wesendall, group_id, **query) -> dict:
    return api.get(f"/groups/{group_id}/contacts", query_string={"walletId": api.wallet, **query}).json["data"]


def delete(api: Wesendall, path: str):
    return api.delete(path, query_string={"walletId": api.wallet})


def refused(answer, status: int, code: str) -> bool:
    return (answer.status_code, answer.json["error"]) == (status, code)


def test_a_new_group_is_201_and_shown(api):
    answer = create(api, "Parents", description="Of class 7")
    group = answer.json["data"]
    assert answer.status_code == 201
    assert answer.json == {
        "success": True,
        "data": {
            "id": group["id"],
            "name": "Parents",
            "description": "Of class 7",
            "contact_count": 0,
            "created_at": group["created_at"],
        },
    }
    assert UTC_SECOND.fullmatch(group["created_at"])
    assert groups(api) == {"groups": [group], "pagination": {"current_page": 1, "per_page": 20, "total": 1, "last_page": 1}}


@pytest.mark.parametrize("description", [None, ""])
def test_a_group_needs_no_description(api, description):
    assert create(api).status_code == 201
    assert create(api, "Other", description=description).status_code == 201


def test_the_same_name_again_is_409_and_writes_nothing(app, api):
    create(api, "Parents")
    before = written(app)
    assert refused(create(api, "Parents"), 409, "group_exists")
    assert refused(create(api, "  Parents "), 409, "group_exists")
    assert written(app) == before


def test_another_account_may_use_the_same_name(app, api):
    assert create(api).status_code == create(new_wesendall(app)).status_code == 201


def test_a_name_is_free_again_after_deletion(api):
    assert delete(api, f"/groups/{created(api)}").status_code == 204
    assert create(api).status_code == 201


def test_many_who_create_one_name_at_once_make_one_group(app, api):
    barrier = Barrier(8)

    def one(_) -> int:
        barrier.wait(60)
        own = Wesendall(app.test_client())
        own.headers, own.wallet = api.headers, api.wallet
        return create(own).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == [201] + [409] * 7


@pytest.mark.parametrize("name", ["", "  ", None, 5, ["x"], {"x": 1}, True, "x" * 201], ids=lambda name: str(name)[:9])
def test_a_name_that_is_none_is_400(app, api, name):
    before = written(app)
    answer = create(api, name)
    assert refused(answer, 400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["name"]
    assert written(app) == before


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Élèves 😀", "'; DROP TABLE groups; --", "{{name}}"])
def test_a_name_is_kept_as_it_was_written(api, name):
    assert create(api, name).json["data"]["name"] == name


def test_groups_are_paginated(api):
    made = [created(api, f"Group {number}") for number in range(5)]
    pages = [groups(api, page=page, per_page=2) for page in (1, 2, 3, 4)]
    assert [[group["id"] for group in page["groups"]] for page in pages] == [made[:2], made[2:4], made[4:], []]
    assert pages[2]["pagination"] == {"current_page": 3, "per_page": 2, "total": 5, "last_page": 3}
    assert groups(api, limit=3)["pagination"]["per_page"] == 3


@pytest.mark.parametrize("path", ["/groups", "/groups/1/contacts"])
@pytest.mark.parametrize("query", [{"per_page": 0}, {"per_page": 101}, {"limit": 101}, {"page": 0}, {"page": "x"}], ids=str)
def test_pages_out_of_range_are_400(wesendall, path, query):
    answer = wesendall.get(path, query_string={"walletId": wesendall.wallet, **query})
    assert refused(answer, 400, "validation_error") and answer.json["data"]["fields"]


def test_groups_are_the_accounts_own(app, api):
    created(api)
    assert groups(new_wesendall(app))["groups"] == []


def test_contacts_are_added_and_listed(api):
    group_id = created(api)
    ann = {"phone": "0712345678", "name": "Ann", "city": "Kampala", "due": 5, "vip": True, "x": None}
    answer = add(api, group_id, ann, {"phone": "+254712345678"})
    assert answer.status_code == 201
    assert answer.json == {"success": True, "data": {"group_id": group_id, "added": 2, "skipped": [], "contact_count": 2}}
    listed = contacts(api, group_id)
    ids = [contact.pop("id") for contact in listed["contacts"]]
    assert len(set(ids)) == 2
    assert listed == {
        "contacts": [{"phone": "+256712345678", "name": "Ann"}, {"phone": "+254712345678", "name": None}],
        "pagination": {"current_page": 1, "per_page": 20, "total": 2, "last_page": 1},
    }
    assert groups(api)["groups"][0]["contact_count"] == 2


def test_one_contact_can_be_given_without_a_list(api):
    group_id = created(api)
    answer = add(api, group_id, phone="712345678", name="Ann", city="Kampala")
    assert (answer.status_code, answer.json["data"]["added"]) == (201, 1)
    assert [contact["phone"] for contact in contacts(api, group_id)["contacts"]] == ["+256712345678"]
    api.post("/sms/group", {"walletId": api.wallet, "groupId": group_id, "message": "{{name}} in {{city}}, {{walletId}}."})
    assert api.history()[0]["message"] == "Ann in Kampala, ."


def test_what_is_no_phone_or_there_already_is_skipped_with_its_reason(api):
    group_id = created(api)
    add(api, group_id, {"phone": "0712345678"})
    answer = add(
        api,
        group_id,
        {"phone": "nobody"},
        {"phone": "+256712345678"},
        {"phone": "0772345678"},
        {"phone": "772345678"},
        {"phone": "0712"},
    )
    assert answer.status_code == 201
    skipped = {(entry["phone"], entry["reason"]) for entry in answer.json["data"].pop("skipped")}
    assert skipped == {
        ("nobody", "invalid_phone"),
        ("0712", "invalid_phone"),
        ("+256712345678", "duplicate"),
        ("772345678", "duplicate"),
    }
    assert answer.json["data"]["added"] == 1 and answer.json["data"]["contact_count"] == 2


def test_contacts_that_are_all_invalid_are_201_with_none_added(api):
    group_id = created(api)
    for answer in (add(api, group_id, {"phone": "nobody"}, {"phone": "0712"}), add(api, group_id, phone="nobody")):
        assert answer.status_code == 201
        assert (answer.json["data"]["added"], answer.json["data"]["contact_count"]) == (0, 0)
        assert {entry["reason"] for entry in answer.json["data"]["skipped"]} == {"invalid_phone"}


def test_one_phone_may_be_in_two_groups(api):
    for name in ("One", "Two"):
        assert add(api, created(api, name), phone="0712345678").json["data"]["added"] == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "contacts"),
        ({"contacts": []}, "contacts"),
        ({"contacts": "0712345678"}, "contacts"),
        ({"contacts": {"phone": "0712345678"}}, "contacts"),
        ({"contacts": ["0712345678"]}, "contacts.0"),
        ({"contacts": [{"phone": "0712345678"}, {"name": "Ann"}]}, "contacts.1"),
        ({"contacts": [{"phone": 712345678}]}, "contacts.0"),
        ({"contacts": [{"phone": ""}]}, "contacts.0"),
        ({"contacts": [{"phone": "0712345678", "name": 5}]}, "contacts.0"),
        ({"contacts": [{"phone": "0712345678", "city": ["x"]}]}, "contacts.0"),
        ({"contacts": [{"phone": "0712345678", "city": {"x": 1}}]}, "contacts.0"),
        ({"phone": 712345678}, "phone"),
        ({"phone": None}, "phone"),
        ({"phone": "0712345678", "name": 5}, "name"),
        ({"phone": "0712345678", "city": ["x"]}, "city"),
    ],
    ids=str,
)
def test_contacts_of_another_shape_are_400_and_write_nothing(app, api, given, field):
    group_id = created(api)
    before = written(app)
    answer = api.post(f"/groups/{group_id}/contacts", {"walletId": api.wallet, **given})
    assert refused(answer, 400, "validation_error")
    assert list(answer.json["data"]["fields"]) == [field]
    assert written(app) == before


def test_contacts_are_paginated(api):
    group_id = created(api)
    add(api, group_id, *({"phone": f"071234560{number}"} for number in range(5)))
    pages = [contacts(api, group_id, page=page, per_page=2) for page in (1, 2, 3)]
    assert [contact["phone"][-1] for page in pages for contact in page["contacts"]] == list("01234")
    assert pages[0]["pagination"] == {"current_page": 1, "per_page": 2, "total": 5, "last_page": 3}


def test_more_contacts_than_one_transaction_takes_are_all_added(api):
    group_id = created(api)
    people = [{"phone": f"0712{number:06d}"} for number in range(1203)]
    answer = add(api, group_id, *people, people[0], {"phone": "x"})
    assert (answer.json["data"]["added"], answer.json["data"]["contact_count"]) == (1203, 1203)
    assert len(answer.json["data"]["skipped"]) == 2


def test_a_contact_is_deleted(api):
    group_id = created(api)
    add(api, group_id, {"phone": "0712345678"}, {"phone": "0772345678"})
    first = contacts(api, group_id)["contacts"][0]["id"]
    answer = delete(api, f"/groups/{group_id}/contacts/{first}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert [contact["phone"] for contact in contacts(api, group_id)["contacts"]] == ["+256772345678"]
    assert groups(api)["groups"][0]["contact_count"] == 1
    assert refused(delete(api, f"/groups/{group_id}/contacts/{first}"), 404, "not_found")
    assert groups(api)["groups"][0]["contact_count"] == 1


def test_a_group_is_deleted_with_its_contacts(app, api):
    before = written(app)
    group_id = created(api)
    add(api, group_id, phone="0712345678")
    answer = delete(api, f"/groups/{group_id}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert groups(api)["groups"] == []
    assert written(app) == {**before, "audit_log": before["audit_log"] + 2}, "that it was made, and deleted"
    for refusal in (
        delete(api, f"/groups/{group_id}"),
        add(api, group_id, phone="0712345678"),
        api.get(f"/groups/{group_id}/contacts", query_string={"walletId": api.wallet}),
    ):
        assert refused(refusal, 404, "group_not_found")


def test_what_was_sent_to_a_group_outlives_it(api):
    group_id = created(api)
    add(api, group_id, phone="0712345678")
    api.post("/sms/group", {"walletId": api.wallet, "groupId": group_id, "message": "Hi"})
    delete(api, f"/groups/{group_id}")
    assert [message["recipient"] for message in api.history()] == ["+256712345678"]


@pytest.mark.parametrize("group_id", ["99", "0", "-1", "abc", "9" * 40, "1.0", "%31x"])
def test_an_unknown_group_is_404(app, api, group_id):
    before = written(app)
    for answer in (
        add(api, group_id, phone="0712345678"),
        delete(api, f"/groups/{group_id}"),
        delete(api, f"/groups/{group_id}/contacts/1"),
        api.get(f"/groups/{group_id}/contacts", query_string={"walletId": api.wallet}),
    ):
        assert refused(answer, 404, "group_not_found")
    assert written(app) == before


def test_another_accounts_group_does_not_exist(app, api):
    """Group 1 is the sandbox account's."""
    before = written(app)
    for answer in (
        add(api, 1, phone="0712345678"),
        delete(api, "/groups/1"),
        delete(api, "/groups/1/contacts/1"),
        api.get("/groups/1/contacts", query_string={"walletId": api.wallet}),
    ):
        assert refused(answer, 404, "group_not_found")
        assert "data" not in answer.json
    assert written(app) == before


def test_a_contact_of_another_group_is_404(app, api):
    one, two = created(api, "One"), created(api, "Two")
    add(api, one, phone="0712345678")
    contact = contacts(api, one)["contacts"][0]["id"]
    before = written(app)
    assert refused(delete(api, f"/groups/{two}/contacts/{contact}"), 404, "not_found")
    assert written(app) == before
