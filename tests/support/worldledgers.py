"""What the tests of World Ledgers' API share."""

from __future__ import annotations

from flask import Flask
from werkzeug.test import TestResponse

from wesend.contacts import groups
from wesend.contacts import service as contacts
from wesend.sandbox.account import ensure_sandbox

OK, FAILS, LOW, REFUSED, HANGS, BUSY = (
    "254712345678",
    "254700000099",
    "254700000088",
    "254700000077",
    "254700000066",
    "254700000044",
)


def accepted(answer: TestResponse) -> dict:
    """What a blast that was taken says."""
    assert answer.status_code == 202, answer.get_data(as_text=True)
    assert list(answer.json) == ["status", "message", "data"] and answer.json["status"] == "success"
    return answer.json["data"]


def refused(answer: TestResponse, status: int, *fields: str) -> bool:
    """An error in the documented envelope that names these fields and no others."""
    shown = answer.json
    return (
        answer.status_code == status
        and shown["status"] == "error"
        and isinstance(shown["message"], str)
        and bool(shown["message"])
        and set(shown) <= {"status", "message", "errors"}
        and set(shown.get("errors", {})) == set(fields)
        and all(isinstance(sentence, str) for sentences in shown.get("errors", {}).values() for sentence in sentences)
    )


def add_contact(app: Flask, account_id: int, phone: str, name: str | None = None, **fields: str) -> None:
    with app.app_context():
        group = groups.create_group(account_id, groups.free_name(account_id, "Clients", actor="test"), actor="test")
        added = contacts.add_contacts(account_id, group["id"], [contacts.NewContact(phone, name, fields)], "KE", actor="test")
        assert added.added == 1, added


def sandbox_account(app: Flask) -> int:
    """Its id."""
    with app.app_context():
        return ensure_sandbox()
