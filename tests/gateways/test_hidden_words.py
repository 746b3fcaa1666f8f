"""Secrets, and the token of our own address, in what a vendor says: nobody reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.accounts import new_wesendall
from tests.support.domain import make_route
from tests.support.fakes import FakeVendor, answer
from tests.support.gateways import ACTOR
from wesend.adapters import hiding
from wesend.core import clock
from wesend.core.errors import ChargeRefused
from wesend.core.phones import normalise
from wesend.database import query, write
from wesend.gateways import breaker, service
from wesend.messages.receipts import polling
from wesend.wallets import service as wallets
from wesend.wallets.deposits import start_deposit

SEND, MESSAGE = "/2010-04-01/Accounts/AC1/Messages.json", "/2010-04-01/Accounts/AC1/Messages/SM1.json"
SECRET = "t0k/en+of=ours"


@pytest.fixture
def vendor():
    vendor = FakeVendor()
    yield vendor
    vendor.stop()


@pytest.fixture
def customer(app_with, vendor):
    app = app_with()
    with app.app_context():
        options = {"account_sid": "AC1", "from": "+15550001", "base_url": vendor.url}
        info = service.set_gateway("tw", "twilio", options, {"auth_token": SECRET}, actor=ACTOR)
        make_route("TW", "tw", priority=-1)
    customer = new_wesendall(app, is_sandbox=False)
    customer.app, customer.token = app, info.callback_url.rpartition("/")[2]
    customer.address = info.callback_url
    return customer


def told_anywhere() -> str:
    """Everything that is kept of messages, gateways and deposits."""
    tables = ("messages", "message_events", "gateway_health", "brought_receipts", "deposits")
    return repr([tuple(row) for table in tables for row in query(f"SELECT * FROM {table}")])


def test_a_refusal_that_repeats_them_is_told_without(customer, vendor):
    said = f"The StatusCallback URL {customer.address} is not valid for {SECRET}"
    vendor.on("POST", SEND, answer(400, {"code": 21609, "message": said, "status": 400}))
    refused = customer.send("+256712345678")
    assert refused.status_code == 502
    assert refused.json["message"].endswith(f"{customer.address.rpartition('/')[0]}/*** is not valid for ***")
    with customer.app.app_context():
        assert SECRET not in told_anywhere() and customer.token not in told_anywhere()


def test_so_is_a_failure_that_operators_see(customer, vendor):
    vendor.on("POST", SEND, answer(503, {"message": f"{SECRET} has too many calls"}))
    customer.send("+256712345678")
    with customer.app.app_context():
        assert breaker.records()["tw"].last_error == "*** has too many calls"
        assert SECRET not in told_anywhere()


def test_so_is_what_a_receipt_says(customer, vendor):
    vendor.on("POST", SEND, answer(201, {"sid": "SM1", "status": "queued"}))
    told = {"sid": "SM1", "status": "failed", "error_code": 30001, "error_message": f"Not by {SECRET}"}
    vendor.on("GET", MESSAGE, answer(200, told))
    assert customer.send("+256712345678").status_code == 200
    with customer.app.app_context():
        write(lambda tx: tx.execute("UPDATE messages SET poll_at = ?", (clock.now_ms(),)))
        polling.poll_due()
        assert [row[0] for row in query("SELECT error_message FROM messages")] == ["Not by ***"]
        assert SECRET not in told_anywhere()


def test_so_is_a_charge_that_is_refused(context, vendor):
    vendor.on("POST", "/ybs/task.php", answer(200, _declined(f"No user {SECRET}")))
    service.set_gateway("yo", "yo-payments", {"base_url": vendor.url}, {"username": "10025", "password": SECRET}, actor=ACTOR)
    account = query("SELECT id FROM accounts")[0][0]
    wallet = wallets.create_wallet(account_id=account, currency="UGX", is_sandbox=False, actor=ACTOR)
    with pytest.raises(ChargeRefused, match=r"No user \*\*\*"):
        start_deposit(wallet, 500_000_000, normalise("0772345678", "UG"), actor=ACTOR)
    assert SECRET not in told_anywhere()


def _declined(said: str) -> str:
    return (
        "<AutoCreate><Response><Status>ERROR</Status><StatusCode>-1</StatusCode>"
        f"<ErrorMessage>{said}</ErrorMessage></Response></AutoCreate>"
    )


def test_short_ones_stay_or_every_sentence_would_lose_words():
    words = hiding.words_of(["shop", None, ""], "http://x/callbacks/sms/a/t0ken-of-ours")
    assert hiding.without(words, "The shop t0ken-of-ours is shut") == "The shop *** is shut"


def test_one_that_is_cut_short_at_the_end_goes_too():
    assert hiding.without(hiding.words_of([SECRET], ""), f"Not by {SECRET[:8]}") == "Not by ***"


@given(secrets=st.lists(st.text(min_size=6, max_size=12), max_size=3), around=st.text(max_size=20), position=st.integers(0, 20))
def test_none_is_left(secrets, around, position):
    words = hiding.words_of(secrets, "")
    said = around[:position] + "".join(secrets) + around[position:]
    shown = hiding.without(words, said)
    assert not any(secret in shown for secret in secrets if "*" not in secret)
