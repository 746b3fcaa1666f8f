"""An account is suspended and resumed by commands, and what is late then is released or dropped by a word."""

from __future__ import annotations

import pytest

from wesend.accounts.service import get_account
from wesend.messages.dispatch import queue
from wesend.messages.sending.compose import Composer, read_recipients
from wesend.messages.sending.options import Origin
from wesend.messages.sending.send import send
from wesend.wallets.service import find_wallet

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of
from ..support.domain import balance, problems

PHONES = ("+256712345678", "+256712345679")


@pytest.fixture
def late(app, context, clock, wesend):
    """An account with two messages that were queued two hours before it is resumed."""
    minted = mint(app, balance="1000")
    send(
        Composer(get_account(minted.account_id), find_wallet(minted.wallet, actor="test"), "Hello"),
        read_recipients(PHONES, "UG"),
        actor="test",
        origin=Origin("esms"),
        in_request=False,
    )
    assert wesend("account", "suspend", minted.account_id, "--json").json["waiting"] == 2
    clock.advance(7200)
    assert queue.claim("sandbox", 10).messages == []
    return minted


def test_resume_tells_how_many_wait_and_release_sends_them(late, wesend):
    number = late.account_id
    assert wesend("account", "release", number).code == 1, "not while it is suspended"
    told = wesend("account", "resume", number)
    assert "2 messages are past their time" in told.out and f"wesend account drop {number}" in told.out
    assert wesend("account", "resume", number, "--json").json["waiting"] == 2
    assert queue.claim("sandbox", 10).messages == []
    assert wesend("account", "release", number, "--json").json == {"account_id": number, "released": 2}
    assert len(queue.claim("sandbox", 10).messages) == 2


def test_drop_cancels_and_refunds_them(late, wesend):
    number = late.account_id
    wesend("account", "resume", number)
    assert wesend("account", "drop", number, "--json").json == {"account_id": number, "cancelled": 2, "refunded": {"UGX": "70"}}
    assert wesend("account", "drop", number, "--json").json == {"account_id": number, "cancelled": 0, "refunded": {}}
    assert balance(find_wallet(late.wallet, actor="test")) == "1000" and problems() == []


def test_the_page_shows_them_and_takes_the_word(late, app, wesend):
    operator = Visitor(app, make_user(app))
    path = f"/operator/accounts/{late.account_id}"
    assert "2 messages are kept" in text_of(operator.get(path))
    operator.follow(f"{path}/resume")
    assert "Late messages" in text_of(operator.get(path))
    assert "2 messages cancelled; UGX 70 went back" in text_of(operator.follow(f"{path}/drop"))
    assert "Late messages" not in text_of(operator.get(path))


def test_the_banner_names_the_account_and_is_on_its_pages_alone(late, app):
    operator = Visitor(app, make_user(app)).pick(late.account_id)
    sentence = f"{get_account(late.account_id).name} is suspended"
    for path in ("/", "/messages", "/campaigns", "/contacts", f"/wallets/{late.wallet}", "/keys", "/webhooks"):
        assert sentence in text_of(operator.get(path)), path
    for path in (
        "/operator/accounts",
        "/operator/gateways",
        "/operator/routes",
        "/operator/audit",
        "/operator/settings",
        "/password",
        "/operator/accounts/1",
    ):
        assert "is suspended" not in text_of(operator.get(path)), path
    assert sentence in text_of(operator.get(f"/operator/accounts/{late.account_id}"))


@pytest.mark.parametrize("word", ["release", "drop"])
def test_nobody_but_an_operator_gives_the_word(late, app, wesend, word):
    wesend("account", "resume", late.account_id)
    owner = Visitor(app, make_user(app, "owner", late.account_id))
    assert owner.post(f"/operator/accounts/{late.account_id}/{word}").status_code == 403
    assert queue.claim("sandbox", 10).messages == []
