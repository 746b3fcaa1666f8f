"""Signing in: by a link once, by a password as often as it is right, and not at all after too many guesses."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from wesend.accounts import passwords, sign_in, users
from wesend.accounts.roles import MEMBER, OWNER
from wesend.core.errors import EmailTaken, InvalidInput, InvalidLink, LastOperator, RateLimited
from wesend.database import query

from ..support.dashboard import PASSWORD, Visitor, give_password, make_user, text_of


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch):
    """A hundredth of the price: dozens are tried here (`test_passwords` pays in full). Nobody has the right one."""
    monkeypatch.setattr(passwords, "N", 2**10)
    monkeypatch.setattr(passwords, "P", 1)
    monkeypatch.setattr(passwords, "NOBODY", passwords.hashed(PASSWORD))


@pytest.fixture
def grace(app):
    """An operator with a password."""
    return give_password(app, make_user(app, email="grace@example.com"))


def try_to_sign_in(visitor: Visitor, password: str, email: str = "grace@example.com", path: str = "/sign-in"):
    visitor.get(path)
    return visitor.post(path, email=email, password=password)


def test_a_stranger_is_asked_to_sign_in_and_comes_back_to_the_page(stranger, grace):
    asked = stranger.get("/operator/accounts")
    assert asked.status_code == 302 and asked.headers["Location"] == "/sign-in?next=%2Foperator%2Faccounts"
    answer = try_to_sign_in(stranger, PASSWORD, path=asked.headers["Location"])
    assert answer.status_code == 303 and answer.headers["Location"] == "/operator/accounts"
    assert stranger.get("/operator/accounts").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"]
)
def test_signing_in_never_leads_to_another_site(stranger, grace, elsewhere):
    stranger.get("/sign-in")
    answer = stranger.post(f"/sign-in?{urlencode({'next': elsewhere})}", email="grace@example.com", password=PASSWORD)
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize(
    ("email", "password"),
    [("grace@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("grace@example.com", "x" * 5000), ("\x00", "\x00")],
)
def test_wrong_credentials_get_one_answer_without_a_reason(stranger, grace, email, password):
    answer = try_to_sign_in(stranger, password, email)
    assert answer.status_code in (200, 401)
    assert "wrong" in text_of(answer) or "fill this in" in text_of(answer)
    assert stranger.get("/").status_code == 302


def test_an_e_mail_is_read_without_regard_to_case_and_spaces(stranger, grace):
    assert try_to_sign_in(stranger, PASSWORD, "  Grace@Example.COM ").status_code == 303


def test_after_five_failures_even_the_right_password_waits(app, stranger, grace, clock):
    for _ in range(5):
        assert try_to_sign_in(stranger, "wrong").status_code == 401
    refused = try_to_sign_in(stranger, PASSWORD)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) == 15 * 60
    assert "Too many attempts. Try again in 15 minutes." in text_of(refused)
    clock.advance(15 * 60)
    assert try_to_sign_in(stranger, PASSWORD).status_code == 303


def test_failures_are_counted_in_the_database_whoever_serves(app_with, grace, app):
    for _ in range(5):
        assert try_to_sign_in(Visitor(app), "wrong").status_code == 401
    assert try_to_sign_in(Visitor(app_with()), PASSWORD).status_code == 429


def test_somebody_elses_guesses_keep_nobody_out_from_another_place(context, grace):
    for _ in range(5):
        with pytest.raises(Exception, match="wrong"):
            sign_in.sign_in("grace@example.com", "wrong", "203.0.113.9")
    with pytest.raises(RateLimited):
        sign_in.sign_in("grace@example.com", PASSWORD, "203.0.113.9")
    assert sign_in.sign_in("grace@example.com", PASSWORD, "198.51.100.7") == grace


def test_a_right_password_forgets_the_failures_before_it(stranger, grace, app):
    for _ in range(2):
        for _ in range(4):
            assert try_to_sign_in(Visitor(app), "wrong").status_code == 401
        assert try_to_sign_in(Visitor(app), PASSWORD).status_code == 303


def test_looking_at_a_link_does_not_use_it_up_but_setting_the_password_does(app, stranger, context):
    user = make_user(app, email="new@example.com")
    path = "/sign-in/" + sign_in.issue_link(user, actor="test")
    for _ in range(2):
        assert "new@example.com" in text_of(stranger.get(path))
    assert stranger.post(path, password=PASSWORD).headers["Location"] == "/start"
    assert stranger.get("/start").status_code == 200
    again = Visitor(app)
    assert again.get(path).status_code == 410
    assert again.post(path, password="another password").status_code == 410
    assert try_to_sign_in(again, PASSWORD, "new@example.com").status_code == 303


def test_a_link_ends_after_thirty_minutes_and_with_the_next_one(context, clock, app):
    user = make_user(app)
    first = sign_in.issue_link(user, actor="test")
    second = sign_in.issue_link(user, actor="test")
    with pytest.raises(InvalidLink):
        sign_in.user_of_link(first)
    clock.advance(30 * 60 - 1)
    assert sign_in.user_of_link(second) == user
    clock.advance(1)
    with pytest.raises(InvalidLink):
        sign_in.redeem_link(second, PASSWORD)


def test_an_invitation_that_is_over_tells_no_wrong_time_and_whom_to_ask(owner, clock, stranger):
    link = re.search(r"/sign-in/[\w-]+", owner.post("/people", email="new@example.com", role="member").text)[0]
    clock.advance(3 * 24 * 3600)
    over = stranger.get(link)
    assert over.status_code == 410
    assert "its time is over" in text_of(over) and "an owner of your account" in text_of(over)
    assert "An owner of your account" in text_of(stranger.get("/sign-in"))


def test_the_first_link_asks_for_an_e_mail_too_and_comes_once(context, app, stranger):
    token = sign_in.first_link()
    assert sign_in.first_link() is None
    path = f"/sign-in/{token}"
    assert "first operator" in text_of(stranger.get(path))
    stranger.post(path, email="Grace@Example.com", password=PASSWORD)
    assert [(row["email"], row["role"]) for row in query("SELECT * FROM users")] == [("grace@example.com", "operator")]


def test_another_users_link_changes_no_e_mail(context, app):
    user = make_user(app, email="new@example.com")
    token = sign_in.issue_link(user, actor="test")
    assert sign_in.redeem_link(token, PASSWORD, "boss@example.com").email == "new@example.com"


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_password_that_is_too_short_or_too_long_leaves_the_link_open(context, app, password):
    token = sign_in.issue_link(make_user(app), actor="test")
    with pytest.raises(InvalidInput):
        sign_in.redeem_link(token, password)
    sign_in.redeem_link(token, PASSWORD)


def test_a_form_without_its_token_is_refused(stranger, operator, grace):
    assert stranger.post("/sign-in", token="x", email="grace@example.com", password=PASSWORD).status_code == 400
    assert operator.post("/operator/accounts", token="x", name="Shop", country="UG").status_code == 400


def test_signing_out_ends_the_session(operator):
    assert operator.get("/").status_code == 200
    operator.post("/sign-out")
    assert operator.get("/").status_code == 302


def test_another_password_ends_every_other_session(app, grace):
    here, there = Visitor(app, grace), Visitor(app, grace)
    assert "not the present password" in text_of(here.post("/password", old="wrong", password="a new passphrase"))
    assert here.post("/password", old=PASSWORD, password="a new passphrase").status_code == 303
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


def test_a_user_who_is_switched_off_is_out_at_once(context, app, shop, owner):
    assert owner.get("/").status_code == 200
    users.set_status(owner.user.id, "disabled", actor="test")
    assert owner.get("/").status_code == 302
    users.set_status(owner.user.id, "active", actor="test")
    assert owner.get("/").status_code == 302, "its session is over, and does not come back"


def test_somebody_always_stays_operator(context, app, shop):
    only = make_user(app)
    with pytest.raises(LastOperator):
        users.set_status(only.id, "disabled", actor="test")
    with pytest.raises(LastOperator):
        users.set_role(only.id, OWNER, shop.account_id, actor="test")
    make_user(app, email="second@example.com")
    assert users.set_role(only.id, OWNER, shop.account_id, actor="test").role == OWNER


def test_an_e_mail_belongs_to_one_user(context, app):
    make_user(app, email="grace@example.com")
    with pytest.raises(EmailTaken):
        users.create_user(" GRACE@example.com", actor="test")


@pytest.mark.parametrize("email", ["", "grace", "grace@", "@example.com", "gr ace@example.com", "a@b\nc", "x" * 300 + "@e.com"])
def test_what_is_no_e_mail_is_refused(context, email):
    with pytest.raises(InvalidInput):
        users.create_user(email, actor="test")


def test_an_operator_has_no_account_and_everybody_else_has_one(context, shop):
    with pytest.raises(InvalidInput):
        users.create_user("a@example.com", "operator", shop.account_id, actor="test")
    with pytest.raises(InvalidInput):
        users.create_user("a@example.com", MEMBER, actor="test")
