"""Contacts are found by any of their fields, or by one that they lack, a bounded part of a group at a time."""

from __future__ import annotations

import pytest

from wesend.contacts import groups, searching, service
from wesend.contacts.service import NewContact

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
