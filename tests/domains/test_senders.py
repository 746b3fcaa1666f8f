"""Sender IDs: asked for, approved or rejected, and only then usable."""

from __future__ import annotations

import pytest

from wesend.accounts.sides import LIVE
from wesend.errors import (
    AccountNotFound,
    InvalidInput,
    SenderNotApproved,
    SenderNotFound,
)
from wesend.messages.compose import read_recipients
from wesend.routing.senders import (
    approved_countries,
    decide_sender,
    get_sender,
    list_senders,
    request_sender,
)

from ..support.domain import ACTOR, composer, make_account, make_route, make_wallet


def ask(account, name: str = "SHOP", countries: tuple[str, ...] = ("UG",)):
    return request_sender(account_id=account.id, name=name, countries=list(countries), actor=ACTOR)


def approve(sender) -> None:
    decide_sender(sender["id"], approve=True, actor=ACTOR)


@pytest.fixture
def account():
    return make_account()


def test_a_request_is_pending_in_upper_case_and_not_usable_yet(account):
    sender = ask(account, " Shop1 ", ("ug", " ke ", "UG"))
    assert (sender["name"], sender["countries"], sender["status"]) == ("SHOP1", "UG,KE", "pending")
    with pytest.raises(SenderNotApproved):
        approved_countries(account.id, "SHOP1", LIVE)


def test_an_approved_sender_is_usable_at_once_without_regard_to_case(account):
    approve(ask(account, "SHOP", ("UG", "KE")))
    assert approved_countries(account.id, " shop ", LIVE) == {"UG", "KE"}


def test_another_accounts_sender_is_not_ones_own(account):
    approve(ask(account))
    with pytest.raises(SenderNotApproved):
        approved_countries(make_account("Other").id, "SHOP", LIVE)


@pytest.mark.parametrize("name", ["", "   ", "TWELVELETTER", "MY SHOP", "SHOP!", "ŠHOP", "SHOP\n1", "+256712"])
def test_a_name_has_1_to_11_letters_and_digits(account, name):
    with pytest.raises(InvalidInput) as refusal:
        ask(account, name)
    assert "name" in refusal.value.fields
    assert list_senders(account.id) == []


@pytest.mark.parametrize("countries", [(), ("",), ("XX",), ("UG", "Kenya")])
def test_countries_are_iso_codes(account, countries):
    with pytest.raises(InvalidInput) as refusal:
        ask(account, countries=countries)
    assert "countries" in refusal.value.fields


def test_asking_again_for_what_is_pending_or_approved_is_the_same_request(account):
    first = ask(account, countries=("UG", "KE"))
    assert ask(account, countries=("KE",))["id"] == first["id"]
    approve(first)
    assert ask(account, "shop", ("UG",))["id"] == first["id"]
    assert len(list_senders(account.id)) == 1


def test_asking_for_more_countries_takes_nothing_away(account):
    approve(ask(account, countries=("UG",)))
    more = ask(account, countries=("UG", "KE"))
    assert more["status"] == "pending"
    assert approved_countries(account.id, "SHOP", LIVE) == {"UG"}
    approve(more)
    assert approved_countries(account.id, "SHOP", LIVE) == {"UG", "KE"}


def test_a_rejected_sender_has_its_reason_and_may_be_asked_for_again(account):
    sender = ask(account)
    rejected = decide_sender(sender["id"], approve=False, reason="A trade mark", actor=ACTOR)
    assert (rejected["status"], rejected["rejection_reason"]) == ("rejected", "A trade mark")
    assert ask(account)["id"] != sender["id"]


def test_a_rejection_takes_an_approval_back_and_an_approval_clears_the_reason(account):
    sender = ask(account)
    approve(sender)
    decide_sender(sender["id"], approve=False, reason="Misused", actor=ACTOR)
    with pytest.raises(SenderNotApproved):
        approved_countries(account.id, "SHOP", LIVE)
    approve(sender)
    assert get_sender(sender["id"])["rejection_reason"] is None


def test_a_sender_or_account_that_is_not_there_is_not_found():
    with pytest.raises(SenderNotFound):
        decide_sender(10**6, approve=True, actor=ACTOR)
    with pytest.raises(AccountNotFound):
        request_sender(account_id=10**6, name="SHOP", countries=["UG"], actor=ACTOR)


def test_a_message_may_use_a_sender_only_in_its_countries(carrier):
    wallet = make_wallet("1000")
    sender = request_sender(account_id=wallet.account_id, name="SHOP", countries=["UG"], actor=ACTOR)
    with pytest.raises(SenderNotApproved):
        composer(wallet, sender="shop")
    approve(sender)
    (planned,) = composer(wallet, sender="shop").plan(read_recipients(["0712345678"], "UG"))
    assert planned.sender == "SHOP"
    make_route("ESMS_KE", "carrier", country="KE")
    with pytest.raises(SenderNotApproved):
        list(composer(wallet, sender="shop").plan(read_recipients(["+254712345678"], "UG")))
