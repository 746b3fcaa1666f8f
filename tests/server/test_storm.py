"""Money under a storm: many clients, few coins, one or two processes; every shilling is accounted for."""

from __future__ import annotations

from collections import Counter
from itertools import count

import pytest

from tests.support.forked import ForkedServer
from tests.support.wire import Wire, at_once, new_customer

PRICE = 35
numbers = count(1)


def good() -> str:
    return f"+25677{next(numbers) + 1_000_000:07d}"


def refused() -> str:
    return "+256770000077"


@pytest.fixture(scope="module", params=["1", "2"], ids=["one worker", "two workers"])
def server(request, new_instance):
    with ForkedServer(new_instance(), WESEND_WORKERS=request.param, WESEND_SANDBOX_DELAY="0") as server:
        yield server


@pytest.fixture(scope="module")
def account(server) -> int:
    return server.command("account", "create", "Storm")["account_id"]


@pytest.fixture
def customer_with(server, account):
    return lambda messages: new_customer(server, str(messages * PRICE), account=account)


def assert_clean(server) -> None:
    assert server.command("audit")["ok"]


def test_of_400_sends_exactly_the_100_that_the_balance_pays_for_are_accepted(server, customer_with):
    customer = customer_with(100)
    answers = at_once(server.port, customer, [lambda wire, to=good(): wire.send(to) for _ in range(400)])
    assert Counter(answer.status for answer in answers) == {200: 100, 402: 300}
    assert {answer.body["error"] for answer in answers if answer.status == 402} == {"insufficient_balance"}
    with Wire(server.port, customer) as wire:
        assert wire.balance() == 0
        assert len(wire.history()) == 100
    assert_clean(server)


def test_every_accepted_send_tells_a_balance_that_was_there_once_each(server, customer_with):
    customer = customer_with(64)
    answers = at_once(server.port, customer, [lambda wire, to=good(): wire.send(to) for _ in range(64)])
    assert [answer.status for answer in answers] == [200] * 64
    entries = server.query(
        "SELECT e.balance_after_micros / 1000000 FROM ledger_entries e JOIN wallets w"
        " ON w.id = e.wallet_id WHERE w.uid = ? AND e.kind = 'sms_charge' ORDER BY e.id",
        customer.wallet,
    )
    assert [row[0] for row in entries] == [PRICE * left for left in range(63, -1, -1)]


def test_refused_messages_are_given_back_to_the_last_shilling_while_others_pay(server, customer_with):
    # A pair needs two prices and keeps one; so 99 pairs fit into 100 prices, and one price is left for ever,
    # which is what each refused message needs for a moment.
    customer = customer_with(100)
    pairs = [lambda wire, to=good(): wire.send([to, refused()]) for _ in range(200)]
    singles = [lambda wire: wire.send(refused()) for _ in range(100)]
    mixed = [call for trio in zip(pairs[::2], singles, pairs[1::2], strict=True) for call in trio]
    answers = at_once(server.port, customer, mixed)
    assert Counter(answer.status for answer in answers) == {200: 99, 402: 101, 502: 100}
    assert {answer.data["refunded"] for answer in answers if answer.status in (200, 502)} == {PRICE}
    with Wire(server.port, customer) as wire:
        assert wire.balance() == PRICE
        statuses = Counter(message["status"] for message in wire.history())
    assert statuses["failed"] == 199 and statuses.total() == 298
    assert_clean(server)


def test_one_idempotency_key_used_by_50_threads_at_once_pays_once(server, customer_with):
    customer = customer_with(10)
    to = good()
    answers = at_once(server.port, customer, [lambda wire: wire.send(to, key="the-same")] * 50, threads=50)
    assert {answer.status for answer in answers} <= {200, 409}
    assert {answer.body["error"] for answer in answers if answer.status == 409} <= {"idempotency_in_flight"}
    sent = {answer.data["batch_id"] for answer in answers if answer.status == 200}
    with Wire(server.port, customer) as wire:
        again = wire.send(to, key="the-same")
        assert again.headers["Idempotency-Replayed"] == "true"
        assert sent == {again.data["batch_id"]}
        assert wire.balance() == 9 * PRICE
        assert len(wire.history()) == 1
    assert_clean(server)
