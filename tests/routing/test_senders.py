"""Sender IDs: asked for, approved or rejected, and only then usable."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from wesend.accounts.sides import LIVE, SANDBOX
from wesend.core.errors import (
    AccountNotFound,
    InvalidInput,
    SenderDecided,
    SenderNotApproved,
    SenderNotFound,
    SenderTaken,
    TooManySenderRequests,
)
from wesend.database import query
from wesend.messages.sending.compose import read_recipients
from wesend.routing.lookalikes import appearance
from wesend.routing.senders import approved_sender, decide_sender, get_sender, holders_of, list_senders, request_sender

from ..support.domain import ACTOR, composer, make_account, make_route, make_wallet


def ask(account, name: str = "SHOP", countries: tuple[str, ...] = ("UG",)):
    return request_sender(account_id=account.id, name=name, countries=list(countries), actor=ACTOR)


def approve(sender) -> None:
    decide_sender(sender["id"], approve=True, actor=ACTOR)


@pytest.fixture
def account():
    return make_account()


def test_a_request_is_pending_as_it_was_written_and_not_usable_yet(account):
    sender = ask(account, " Shop1 ", ("ug", " ke ", "UG"))
    assert (sender["name"], sender["countries"], sender["status"]) == ("Shop1", "UG,KE", "pending")
    with pytest.raises(SenderNotApproved):
        approved_sender(account.id, "SHOP1", LIVE)


def test_an_approved_sender_is_usable_at_once_without_regard_to_case(account):
    approve(ask(account, "SHOP", ("UG", "KE")))
    assert approved_sender(account.id, " shop ", LIVE).countries == {"UG", "KE"}


def test_another_accounts_sender_is_not_ones_own(account):
    approve(ask(account))
    with pytest.raises(SenderNotApproved):
        approved_sender(make_account("Other").id, "SHOP", LIVE)


@pytest.mark.parametrize(
    "name", ["", "   ", "TWELVELETTER", "MY  SHOP", "MY\tSHOP", "MY\u00a0SHOP", "SHOP!", "ŠHOP", "SHOP\n1", "+256712"]
)
def test_a_name_has_1_to_11_letters_and_digits_with_single_spaces(account, name):
    with pytest.raises(InvalidInput) as refusal:
        ask(account, name)
    assert "name" in refusal.value.fields
    assert list_senders(account.id, actor="test") == []


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
    assert len(list_senders(account.id, actor="test")) == 1


def test_asking_for_more_countries_takes_nothing_away(account):
    approve(ask(account, countries=("UG",)))
    more = ask(account, countries=("UG", "KE"))
    assert more["status"] == "pending"
    assert approved_sender(account.id, "SHOP", LIVE).countries == {"UG"}
    approve(more)
    assert approved_sender(account.id, "SHOP", LIVE).countries == {"UG", "KE"}


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
        approved_sender(account.id, "SHOP", LIVE)
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


# -- spelling -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MyApp", "eSMSAfrica", "My Shop", "a", "A1 b2 C3", "12345"])
def test_a_name_is_kept_as_it_was_written_and_found_in_any_case(account, name):
    approve(ask(account, f"  {name} "))
    for typed in (name, name.lower(), name.upper(), f" {name.swapcase()} "):
        assert approved_sender(account.id, typed, LIVE).name == name
    assert [row["name"] for row in list_senders(account.id, actor="test")] == [name]


def test_the_first_spelling_stands_when_more_countries_are_asked_for(account):
    approve(ask(account, "MyApp", ("UG",)))
    more = ask(account, "MYAPP", ("KE",))
    assert more["name"] == "MyApp"
    approve(more)
    assert approved_sender(account.id, "myapp", LIVE) == ("MyApp", {"UG", "KE"})


# -- names that are taken for another's -------------------------------------------


@pytest.mark.parametrize("name", ["MYBANK", "mybank", "MYB4NK", "MY BANK", "My Bank", "MYBANKK", "MY8ANK", "M Y BANK"])
def test_a_name_that_looks_like_another_accounts_is_approved_only_although_it_is(account, name):
    approve(ask(account, "MYBANK"))
    theirs = ask(make_account("Other"), name)
    with pytest.raises(SenderTaken, match="MYBANK of Shop"):
        decide_sender(theirs["id"], approve=True, actor=ACTOR)
    assert get_sender(theirs["id"])["status"] == "pending"
    assert holders_of([theirs], actor=ACTOR)[theirs["id"]][0]["name"] == "MYBANK"
    assert decide_sender(theirs["id"], approve=True, although_taken=True, actor=ACTOR)["status"] == "approved"


@pytest.mark.parametrize(
    "one, two",
    [
        ("PAYPAL", "PAYPA1"),
        ("MODERN", "M0DERN"),
        ("COINS", "CO1NS"),
        ("SHOP", "5H0P"),
        ("WORLD", "VVORLD"),
        ("Burn", "Bum"),
        ("ILLY", "1llY"),
        ("BOOK", "B00K"),
        ("EQUITY", "EOUITY"),
        ("URA", "VRA"),
        ("MYBANK", "MY8ANK"),
        ("WAVE", "VVAUE"),
    ],
)
def test_what_looks_alike(one, two):
    assert appearance(one) == appearance(two)


@pytest.mark.parametrize("one, two", [("MYBANK", "MYBAR"), ("SHOP", "SHIP"), ("MTN", "MTM"), ("AIRTEL", "AIRTIME"), ("UG", "KE")])
def test_and_what_does_not(one, two):
    assert appearance(one) != appearance(two)


def test_a_name_of_ones_own_a_rejected_and_a_pending_one_and_the_sandboxs_are_nobody_elses(account):
    approve(ask(account, "MYBANK", ("UG",)))
    approve(ask(account, "MY BANK", ("UG",)))
    other = make_account("Other")
    rejected = ask(other, "SHOPPER")
    decide_sender(rejected["id"], approve=False, reason="No", actor=ACTOR)
    ask(other, "PENDING")
    for name in ("SHOPPER", "PENDING", "MYBRAND"):  # the sandbox has the last
        approve(ask(account, name))
    sandboxed = request_sender(account_id=other.id, name="MYBANK", countries=["UG"], side=SANDBOX, actor=ACTOR)
    approve(sandboxed)


# -- decided once -------------------------------------------------------------------


def test_of_many_decisions_at_the_same_moment_one_is_made(account, context):
    sender = ask(account)

    def decide(number: int) -> bool:
        with context.app_context():
            try:
                decide_sender(sender["id"], approve=number % 2 == 0, reason="No", seen="pending", actor=ACTOR)
                return True
            except SenderDecided:
                return False
            finally:
                context.extensions["wesend.database"].close_thread()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(decide, range(6))) == 1
    assert (
        len(query("SELECT 1 FROM audit_log WHERE action IN ('sender.approve', 'sender.reject') AND account_id = ?", (account.id,)))
        == 1
    )


def test_the_same_decision_is_not_made_again(account):
    sender = ask(account)
    approve(sender)
    with pytest.raises(SenderDecided, match="it is approved"):
        approve(sender)


def test_an_account_has_at_most_20_open_requests(account):
    for number in range(20):
        last = ask(account, f"SHOP{number}X")
    with pytest.raises(TooManySenderRequests):
        ask(account, "ONEMORE")
    assert ask(account, "SHOP3X")["status"] == "pending"  # the same request is none more
    ask(make_account("Other"), "ONEMORE")
    approve(last)
    ask(account, "ONEMORE")
