"""`wesend user`: a link for somebody new, and for somebody who lost a password."""

from __future__ import annotations

import pytest

from wesend.accounts import sign_in, users


def user_of(app, url: str):
    with app.app_context():
        return sign_in.user_of_link(url.rsplit("/", 1)[1])


def test_a_user_is_an_operator_unless_an_account_is_named(app, wesend, account):
    made = wesend("user", "create", "Grace@Example.com", "--json").json
    assert set(made) == {"user_id", "sign_in_url"}
    assert made["sign_in_url"].startswith("http://127.0.0.1:8000/sign-in/")
    found = user_of(app, made["sign_in_url"])
    assert (found.id, found.account_id) == (made["user_id"], None)
    assert (found.email, found.role) == ("grace@example.com", "operator")
    owner = wesend("user", "create", "ann@example.com", "--account", account, "--json").json
    assert user_of(app, owner["sign_in_url"]).role == "owner"
    member = wesend("user", "create", "ben@example.com", "--account", account, "--role", "member", "--json").json
    assert user_of(app, member["sign_in_url"]).role == "member"


def test_a_new_link_takes_the_place_of_the_old_one(app, wesend):
    first = wesend("user", "create", "grace@example.com", "--json").json["sign_in_url"]
    second = wesend("user", "link", "GRACE@example.com", "--json").json["sign_in_url"]
    assert user_of(app, second).email == "grace@example.com"
    with pytest.raises(Exception, match="used already"):
        user_of(app, first)


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "no address"),
        ("create", "a@example.com", "--role", "owner"),
        ("create", "a@example.com", "--account", "999999"),
        ("create", "a@example.com", "--role", "operator", "--account", "1"),
        ("link", "nobody@example.com"),
    ],
    ids=" ".join,
)
def test_what_can_not_be_done_is_told_in_one_sentence(app, wesend, arguments):
    refused = wesend("user", *arguments)
    assert refused.code == 1 and refused.out == "" and refused.err.count("\n") == 1
    with app.app_context():
        assert not users.exist()
