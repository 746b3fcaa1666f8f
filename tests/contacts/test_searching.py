"""Contacts are found by any of their fields, or by one that they lack, a bounded part of a group at a time."""

from __future__ import annotations

import pytest

from wesend.accounts import users
from wesend.accounts.service import get_account
from wesend.contacts import groups, searching, service
from wesend.contacts.service import NewContact
from wesend.core.errors import WesendError
from wesend.database import write

from ..support.accounts import mint

PEOPLE = [
    NewContact("0712000001", "Ann Apio", {"city": "Kampala", "Plot no": "12% off_A"}),
    NewContact("0712000002", "Élise", {"city": "", "note": 'says "hi"'}),
    NewContact("0712000003", None, {"City": "Gulu"}),
    NewContact("0772555123", "Kampala Traders", {}),
]


@pytest.fixture
def group(app):
    account = mint(app).account_id
    with app.app_context():
        made = groups.create_group(account, "G", actor="test")
        service.add_contacts(account, made["id"], PEOPLE, "UG", actor="test")
        yield groups.get_group(account, made["id"], actor="test")


def found(group, typed="", **more) -> list[str]:
    return [row["phone"][-3:] for row in searching.search(group, typed, "UG", limit=50, actor="test", **more).rows]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("0712 000 001", ["001"]),
        ("apio", ["001"]),
        ("KAMPALA", ["123", "001"]),
        ("élise", ["002"]),
        ("ÉLISE", ["002"]),
        ('"hi"', ["002"]),
        ("% off_", ["001"]),
        ("gulu", ["003"]),
        ("city", []),
        ("2555", ["123"]),
        ("!", []),
        ("nobody", []),
    ],
)
def test_any_field_finds_its_contact_newest_first(group, typed, expected):
    assert found(group, typed) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("city", ["123", "002"]), ("name", ["003"]), ("first_name", ["003"]), ("plot no", ["123", "003", "002"]), ("phone", [])],
)
def test_those_who_lack_a_field_are_found(group, missing, expected):
    assert found(group, missing=missing) == expected


def test_a_page_looks_at_so_many_and_the_next_goes_on_from_there(group, monkeypatch):
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 2)
    monkeypatch.setattr(searching, "SECONDS", 0)
    first = searching.search(group, "kampala", "UG", limit=50, actor="test")
    assert [row["phone"][-3:] for row in first.rows] == ["123"] and first.last is not None
    second = searching.search(group, "kampala", "UG", before=first.last, limit=50, actor="test")
    assert [row["phone"][-3:] for row in second.rows] == ["001"]
    assert (
        searching.search(group, "", "UG", missing="city", before=first.last, limit=1, actor="test").rows[0]["phone"][-3:] == "002"
    )


def test_pages_are_full_before_they_go_on(group):
    first = searching.search(group, "kampala", "UG", limit=1, actor="test")
    second = searching.search(group, "kampala", "UG", before=first.last, limit=1, actor="test")
    assert [row["phone"][-3:] for row in first.rows + second.rows] == ["123", "001"]


# -- all contacts of an account ---------------------------------------------------

OTHERS = [
    NewContact("0712000001", "Ann Apio", {"town": "Kampala"}),
    NewContact("0712000003", "Cai", {"e-mail": "Cai@Example.com"}),
    NewContact("0712000004", "Dan", {}),
]


def everywhere(group, typed="", **more) -> list[tuple[str, list[str]]]:
    """The last digits of who is found on all pages, each with their groups."""
    found, place = [], searching.START
    account = get_account(group["account_id"])
    while place is not None:
        people, place, *_ = searching.search_account(account, typed, place=place, **{"limit": 50, "actor": "test", **more})
        found += [(person.row["phone"][-3:], list(person.groups.values())) for person in people]
    return found


@pytest.fixture
def groups_of_two(group):
    """The group of before, and a newer one in which some of them stand too; one of another account, and one that is going."""
    account = group["account_id"]
    newer = groups.create_group(account, "H", actor="test")
    service.add_contacts(account, newer["id"], OTHERS, "UG", actor="test")
    other = groups.create_group(1, "Elsewhere", actor="test")
    service.add_contacts(1, other["id"], [NewContact("0712000001", "Kampala", {})], "UG", actor="test")
    going = groups.create_group(account, "Going", actor="test")
    service.add_contacts(account, going["id"], [NewContact("0712000001", "Kampala", {"n": "gone"})], "UG", actor="test")
    write(lambda tx: tx.execute("UPDATE groups SET state = 'deleting' WHERE id = ?", (going["id"],)))
    return group


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("0712 000 001", [("001", ["H", "G"])]),
        ("0712 000 002", [("002", ["G"])]),
        ("0712 000 009", []),
        ("CAI@example.com", [("003", ["H", "G"])]),
        ("nobody@example.com", []),
        ("kampala", [("001", ["H", "G"]), ("123", ["G"])]),
        ("apio", [("001", ["H", "G"])]),
        ("gulu", [("003", ["H", "G"])]),
        ("gone", []),
        ("", [("004", ["H"]), ("003", ["H", "G"]), ("001", ["H", "G"]), ("123", ["G"]), ("002", ["G"])]),
    ],
)
@pytest.mark.parametrize(("looked_through", "limit"), [(15_000, 50), (1, 50), (2, 50), (15_000, 1), (15_000, 2)])
@pytest.mark.parametrize("seconds", [0, 60])
def test_people_are_found_once_in_all_groups_however_the_pages_fall(
    groups_of_two, monkeypatch, typed, expected, looked_through, limit, seconds
):
    monkeypatch.setattr(searching, "LOOKED_THROUGH", looked_through)
    monkeypatch.setattr(searching, "SECONDS", seconds)
    assert everywhere(groups_of_two, typed, limit=limit) == expected


def test_an_account_of_many_groups_is_looked_through_some_at_a_time(groups_of_two, monkeypatch):
    monkeypatch.setattr(searching, "GROUPS_LOOKED_THROUGH", 1)
    monkeypatch.setattr(searching, "SECONDS", 0)
    first = searching.search_account(get_account(groups_of_two["account_id"]), "kampala", limit=50, actor="test")
    assert len(first.people) == 1 and first.last is not None
    assert everywhere(groups_of_two, "kampala") == [("001", ["H", "G"]), ("123", ["G"])]


@pytest.mark.parametrize("typed", ["nobody", "gulu", "kampala", ""])
@pytest.mark.parametrize("go", ["LOOKED_THROUGH", "MOST_CANDIDATES", "GROUPS_LOOKED_THROUGH"])
def test_a_page_goes_on_until_everybody_was_looked_at_while_there_is_time(groups_of_two, monkeypatch, typed, go):
    monkeypatch.setattr(searching, go, 1)
    monkeypatch.setattr(searching, "SECONDS", 60)
    account = get_account(groups_of_two["account_id"])
    found = searching.search_account(account, typed, limit=50, actor="test")
    assert found.last is None and found.looked == searching.count_all(account.id, actor="test") == 7
    in_group = searching.search(groups_of_two, typed or "0", "UG", limit=50, actor="test")
    assert in_group.last is None and in_group.looked == 4


@pytest.mark.parametrize("go", ["LOOKED_THROUGH", "MOST_CANDIDATES", "GROUPS_LOOKED_THROUGH"])
@pytest.mark.parametrize("typed", ["nobody", "city", ""])
def test_when_its_time_is_over_a_page_tells_how_many_it_looked_at(groups_of_two, monkeypatch, typed, go):
    monkeypatch.setattr(searching, go, 1)
    monkeypatch.setattr(searching, "SECONDS", 0)
    looked, place = [], searching.START
    while place is not None:
        found = searching.search_account(get_account(groups_of_two["account_id"]), typed, place=place, limit=50, actor="test")
        place = found.last
        looked.append(found.looked)
    assert sum(looked) == 7 and (len(looked) > 1 or go == "MOST_CANDIDATES")


def test_whoever_was_erased_is_nobody_who_is_found(groups_of_two):
    write(lambda tx: tx.execute("UPDATE contacts SET phone = 'erased-1', name = NULL, data = NULL WHERE phone LIKE '%004'"))
    assert "004" not in dict(everywhere(groups_of_two)) and "d-1" not in dict(everywhere(groups_of_two))


def test_another_accounts_owner_finds_nobody(groups_of_two):
    account = get_account(groups_of_two["account_id"])
    stranger = users.create_user("owner@example.com", "owner", 1, actor="test")
    with pytest.raises(WesendError):
        searching.search_account(account, "kampala", limit=50, actor=stranger)
