"""Passwords that are guessed first are refused; phrases are not, whatever they are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.accounts import passwords, sign_in, weak_passwords
from wesend.core.errors import InvalidInput

from ..support.dashboard import PASSWORD, make_user

WEAK = {
    "common": ["password123", "Password123!", "1q2w3e4r5t6y", "manchester", "Sunshine2026!", "iloveyou12345", "WESEND12345"],
    "thing repeated": ["aaaaaaaaaa", "!!!!!!!!!!!!", "1212121212", "abcabcabcabc", "xxxxxxxxxxy", "aabbaabbaabb", " " * 12],
    "row of keys": [
        "1234567890",
        "0987654321",
        "abcdefghij",
        "qwertyuiop",
        "poiuytrewq",
        "qwerty123456",
        "asdfghjkl123",
        "zyxwvutsrq",
        "1qaz2wsx3edc4rfv",
        "123456789012345",
    ],
    "your e-mail": ["grace.hopper@example.com", "Grace.Hopper", "grace.hopper1", "12grace.hopper!"],
}


@pytest.mark.parametrize(("why", "password"), [(why, password) for why, all_ in WEAK.items() for password in all_])
def test_refused(why, password):
    with pytest.raises(InvalidInput, match=why) as refused:
        passwords.check(password, "grace.hopper@example.com")
    assert set(refused.value.fields) == {"password"}


@pytest.mark.parametrize(
    "password", ["passwordpassword", "password password", "p a s s w o r d", "p@ssword123", "P@$$w0rd1234", "!password99"]
)
def test_a_common_one_in_disguise_is_refused(password):
    with pytest.raises(InvalidInput):
        passwords.check(password, "grace.hopper@example.com")


@pytest.mark.parametrize("password", ["joe@shop.com1", "xjoe@shop.com", "JOE@SHOP.COM!!"])
def test_ones_own_address_with_something_around_it_is_refused(password):
    with pytest.raises(InvalidInput, match="your e-mail"):
        passwords.check(password, "joe@shop.com")


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "a new passphrase",
        "my dog eats cheese",
        "Tr0ub4dor&3xyz",
        "ναι, ένα σπίτι",
        "grace likes compilers",
        "password manager of mine",
        "12 apostles walk",
    ],
)
def test_taken(password):
    passwords.check(password, "grace.hopper@example.com")


def test_the_list_has_ten_thousand():
    assert len(weak_passwords.common()) == 10_000


@given(st.characters(), st.integers(10, 40), st.text(max_size=20), st.text(max_size=20))
def test_ten_equal_signs_in_a_row_are_refused_wherever_they_stand(sign, count, before, after):
    assert weak_passwords.reason_against(before + "x" + sign * count + "x" + after) is not None


@given(st.text(max_size=200), st.text(max_size=80))
def test_any_text_can_be_looked_at(password, email):
    reason = weak_passwords.reason_against(password, email)
    assert reason is None or reason.endswith("choose another")


def test_every_way_to_set_one_looks_at_it_and_at_the_own_e_mail(context, app):
    user = make_user(app, email="grace.hopper@example.com")
    token = sign_in.issue_link(user, actor="test")
    for weak in ("password123", "Grace.Hopper"):
        with pytest.raises(InvalidInput):
            sign_in.redeem_link(token, weak)
    sign_in.redeem_link(token, PASSWORD)
    for weak in ("password123", "Grace.Hopper"):
        with pytest.raises(InvalidInput):
            sign_in.change_password(user, PASSWORD, weak)


def test_the_first_operator_may_not_take_the_e_mail_just_given(context):
    token = sign_in.first_link()
    with pytest.raises(InvalidInput, match="e-mail"):
        sign_in.redeem_link(token, "grace.hopper", "grace.hopper@example.com")
