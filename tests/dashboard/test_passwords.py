"""What is stored of passwords and links: nothing that could be used, and a price on every guess."""

from __future__ import annotations

from wesend.accounts import passwords, sign_in
from wesend.database import query

from ..support.dashboard import PASSWORD, make_user


def test_neither_link_nor_password_is_stored_as_it_is(context, app):
    user = make_user(app)
    token = sign_in.issue_link(user, actor="test")
    sign_in.redeem_link(token, PASSWORD)
    other = sign_in.issue_link(user, actor="test")
    stored = str([tuple(row) for table in ("users", "sign_in_links", "audit_log") for row in query(f"SELECT * FROM {table}")])
    assert token not in stored and other not in stored and PASSWORD not in stored
    assert query("SELECT password_hash FROM users")[0][0].startswith("scrypt$32768$8$3$")


def test_a_password_costs_as_much_to_guess_where_there_is_nobody():
    assert passwords.NOBODY.startswith("scrypt$32768$8$3$")
    assert not passwords.matches(PASSWORD, None)


def test_a_password_of_another_price_is_still_known(monkeypatch):
    monkeypatch.setattr(passwords, "N", 2**10)
    cheaper = passwords.hashed(PASSWORD)
    monkeypatch.undo()
    assert cheaper.startswith("scrypt$1024$8$3$")
    assert passwords.matches(PASSWORD, cheaper) and not passwords.matches("wrong", cheaper)
