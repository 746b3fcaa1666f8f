"""A session lives on the server: what ends it ends it there, whoever kept a cookie."""

from __future__ import annotations

import sqlite3
from http.cookies import SimpleCookie

import pytest

from wesend.accounts import sessions, sign_in, users
from wesend.accounts.roles import MEMBER, OWNER
from wesend.database import query, write

from ..support.dashboard import PASSWORD, Visitor, give_password, make_user

pytestmark = pytest.mark.usefixtures("cheap_passwords")
HOUR, DAY = 3600, 86400


@pytest.fixture
def grace(app):
    """An operator with a password."""
    return give_password(app, make_user(app, email="grace@example.com"))


def enter(app, *, remember: bool = False) -> Visitor:
    visitor = Visitor(app)
    visitor.get("/sign-in")
    answer = visitor.post("/sign-in", email="grace@example.com", password=PASSWORD, **({"remember": "y"} if remember else {}))
    assert answer.status_code == 303
    visitor.entered_with = answer
    visitor.get("/")  # its form token is the new session's
    return visitor


def cookie_of(visitor: Visitor) -> str:
    return visitor.client.get_cookie("wesend_session").value


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/").status_code == 200


def with_cookie(app, value: str) -> Visitor:
    other = Visitor(app)
    other.client.set_cookie("wesend_session", value)
    return other


def test_a_cookie_that_was_kept_is_nobodys_after_signing_out(app, grace):
    visitor = enter(app)
    kept = cookie_of(visitor)
    assert is_in(with_cookie(app, kept))
    visitor.post("/sign-out")
    assert not is_in(with_cookie(app, kept)) and not is_in(visitor)


def test_a_session_gets_a_new_name_when_somebody_signs_in(app, grace):
    visitor = Visitor(app)
    visitor.get("/sign-in")
    planted = cookie_of(visitor)
    visitor.post("/sign-in", email="grace@example.com", password=PASSWORD)
    assert cookie_of(visitor) != planted
    assert not is_in(with_cookie(app, planted))
    first = cookie_of(visitor)
    assert is_in(visitor) and is_in(with_cookie(app, first))
    assert visitor.post("/sign-in", email="grace@example.com", password=PASSWORD).status_code == 303
    assert is_in(visitor) and not is_in(with_cookie(app, first)), "the one before ends with the new one"


def test_neither_the_database_nor_a_backup_of_it_holds_a_token(app, grace, context):
    visitor = enter(app)
    with visitor.client.session_transaction() as session:
        token = session["_user_id"]
    assert token not in str([tuple(row) for row in query("SELECT * FROM user_sessions")])


def test_a_cookie_of_before_is_over(app, grace):
    visitor = Visitor(app)
    with visitor.client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = f"{grace.id}.0123456789abcdef", True
    assert not is_in(visitor)


@pytest.mark.parametrize(
    "change",
    [
        lambda user: users.set_status(user.id, "disabled", actor="test") and users.set_status(user.id, "active", actor="test"),
        lambda user: users.set_role(user.id, OWNER, 1, actor="test"),
        lambda user: sign_in.redeem_link(sign_in.issue_link(user, actor="test"), "a new passphrase"),
        lambda user: sign_in.change_password(user, PASSWORD, "a new passphrase"),
    ],
)
def test_what_changes_a_user_ends_every_session_at_once(app, grace, context, change):
    make_user(app, email="second@example.com")
    visitors = [enter(app), enter(app, remember=True)]
    assert all(map(is_in, visitors))
    change(grace)
    assert not any(map(is_in, visitors))
    assert query("SELECT * FROM user_sessions") == []


def test_a_role_that_stays_the_same_ends_nothing(app, context, shop):
    user = make_user(app, MEMBER, shop.account_id)
    visitor = Visitor(app, user)
    users.set_role(user.id, MEMBER, shop.account_id, actor="test")
    assert is_in(visitor)


def test_two_hours_without_a_click_end_it_and_a_click_keeps_it(app, grace, clock):
    visitor = enter(app)
    for _ in range(3):
        clock.advance(2 * HOUR - 60)
        assert is_in(visitor)
    clock.advance(2 * HOUR)
    assert not is_in(visitor)


def test_twelve_hours_end_it_whatever_is_clicked(app, grace, clock):
    visitor = enter(app)
    for _ in range(11):
        clock.advance(HOUR)
        assert is_in(visitor)
    clock.advance(HOUR)
    assert not is_in(visitor)


def test_one_that_is_remembered_lasts_thirty_days_and_no_longer(app, grace, clock):
    visitor = enter(app, remember=True)
    for days in (1, 13, 15):
        clock.advance(days * DAY)
        assert is_in(visitor)
    clock.advance(DAY)
    assert not is_in(visitor)


def test_the_browser_is_told_when_to_forget_the_cookie_and_no_page_moves_it(app, grace):
    ended = {}
    for remember in (False, True):
        visitor = enter(app, remember=remember)
        headers = visitor.entered_with.headers.getlist("Set-Cookie")
        assert [header.partition("=")[0] for header in headers] == ["wesend_device", "wesend_session"]
        ended[remember] = SimpleCookie(headers[1])["wesend_session"]["expires"]
        assert all("HttpOnly" in header and "SameSite=Lax" in header for header in headers)
        assert visitor.get("/").headers.getlist("Set-Cookie") == []
    assert ended[False] == "" and ended[True].endswith("GMT")
    answer = visitor.post("/password", old=PASSWORD, password="a new passphrase")
    assert "xpires=" in answer.headers["Set-Cookie"], "still remembered after a new password"


def test_when_it_was_used_is_written_once_a_minute_with_the_place(app, grace, clock, context):
    visitor = enter(app)
    before = query("SELECT * FROM user_sessions")[0]
    assert (before["address"], before["user_agent"][:8], before["is_remembered"]) == ("127.0.0.1", "Werkzeug", 0)
    clock.advance(59)
    visitor.get("/", headers={"X-Forwarded-For": "203.0.113.9"})
    assert tuple(query("SELECT * FROM user_sessions")[0]) == tuple(before)
    clock.advance(1)
    visitor.get("/", headers={"X-Forwarded-For": "203.0.113.9"})
    after = query("SELECT * FROM user_sessions")[0]
    assert (after["last_seen_at"] - before["last_seen_at"], after["address"]) == (60_000, "203.0.113.9")


def test_pages_are_shown_although_nothing_can_be_written(app, grace, clock, monkeypatch):
    visitor = enter(app)
    clock.advance(HOUR)

    def full(unit):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sessions, "write", full)
    assert is_in(visitor)


def test_a_clock_that_was_set_back_neither_ends_a_session_nor_keeps_it(app, grace, clock):
    visitor = enter(app)
    clock.advance(-DAY)
    assert is_in(visitor)
    clock.advance(2 * HOUR)
    assert not is_in(visitor)


def test_a_user_has_fifty_sessions_at_most_and_the_oldest_goes(app, grace, context):
    first = enter(app)
    for _ in range(50):
        sessions.begin(grace, address="127.0.0.1", user_agent="x" * 5000)
    assert not is_in(first)
    assert query("SELECT count(*), max(length(user_agent)) FROM user_sessions")[0][:] == (50, 300)


def test_what_is_over_is_removed_when_somebody_signs_in(app, grace, clock, context):
    enter(app)
    enter(app, remember=True)
    clock.advance(2 * HOUR)
    enter(app)
    assert [row[0] for row in query("SELECT is_remembered FROM user_sessions ORDER BY id")] == [1, 0]


def test_a_password_changed_while_another_is_being_checked_lets_nobody_in(app, grace, context, monkeypatch):
    """The old password was right when it was looked at, and is not any more when the session would begin."""
    from wesend.accounts import passwords

    matches = passwords.matches

    def slow(password, stored):
        found = matches(password, stored)
        write(lambda tx: tx.changed("UPDATE users SET password_hash = ?", (passwords.hashed("a new passphrase"),)))
        return found

    monkeypatch.setattr(passwords, "matches", slow)
    visitor = Visitor(app)
    visitor.get("/sign-in")
    assert visitor.post("/sign-in", email="grace@example.com", password=PASSWORD).status_code == 401
    assert query("SELECT * FROM user_sessions") == []
