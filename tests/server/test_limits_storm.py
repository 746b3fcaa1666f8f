"""Limits under a storm: 64 threads on two workers against a limit for exactly 100 leave exactly 100 accepted."""

from __future__ import annotations

from collections import Counter
from itertools import count

import pytest

from tests.support.forked import ForkedServer
from tests.support.live import RICH
from tests.support.wire import Answer, Customer, Wire, at_once, new_customer

PRICE, MANY, LIMIT, THREADS = 35, 192, 100, 64
numbers = count(1)


def number() -> str:
    """Each begins with other eight digits."""
    return f"+2567{next(numbers):05d}678"


@pytest.fixture(scope="module")
def server(new_instance):
    with ForkedServer(new_instance(), WESEND_WORKERS="2", WESEND_SANDBOX_DELAY="0") as server:
        yield server


@pytest.fixture
def account(server) -> int:
    return server.command("account", "create", "Storm")["account_id"]


@pytest.fixture
def customer(server, account) -> Customer:
    return new_customer(server, RICH, account=account)


def storm(server, customer: Customer, recipients) -> list[Answer]:
    sends = [lambda wire, to=to: wire.send(to) for to in recipients]
    return at_once(server.port, customer, sends, THREADS)


def test_a_days_limit_of_an_account_with_two_keys(server, account, customer):
    server.command("account", "set", str(account), "--daily-limit", str(LIMIT * PRICE))
    answers = storm(server, customer, [number() for _ in range(MANY)])
    assert Counter(answer.status for answer in answers) == {200: LIMIT, 429: MANY - LIMIT}
    assert {answer.body["error"] for answer in answers if answer.status == 429} == {"daily_limit_reached"}
    with Wire(server.port, customer) as wire:
        assert len(wire.history()) == LIMIT
    assert server.query("SELECT used_micros FROM daily_use WHERE account_id = ?", account)[0][0] == LIMIT * PRICE * 10**6
    assert server.command("audit")["ok"]


def test_the_days_limits_of_a_key_and_its_account_are_taken_together(server, account, customer):
    key = server.command("key", "list", "--account", str(account))["keys"][0]["key_id"]
    server.command("key", "set", str(key), "--daily-limit", str(LIMIT * PRICE))
    server.command("account", "set", str(account), "--daily-limit", str((LIMIT - 10) * PRICE))
    answers = storm(server, customer, [[number() for _ in range(3)] for _ in range(THREADS)])
    assert Counter(answer.status for answer in answers) == {200: 30, 429: THREADS - 30}
    used = server.query("SELECT used_micros FROM daily_use WHERE account_id = ?", account)
    assert [row[0] for row in used] == [90 * PRICE * 10**6] * 2


def test_a_burst_limit(server, account, customer):
    server.command("account", "set", str(account), "--burst-limit", f"{LIMIT}/1h")
    answers = storm(server, customer, [f"+25671234{place:04d}" for place in range(1000, 1000 + MANY)])
    assert Counter(answer.status for answer in answers) == {200: LIMIT, 429: MANY - LIMIT}
    assert {answer.body["error"] for answer in answers if answer.status == 429} == {"burst_limit"}
    assert server.query("SELECT count(*) FROM burst_alerts WHERE account_id = ?", account)[0][0] == 1


def test_a_burst_limit_with_several_recipients_a_call(server, account, customer):
    server.command("account", "set", str(account), "--burst-limit", f"{LIMIT}/1h")
    calls = [[f"+25671235{place:04d}", f"+25671235{place + 1000:04d}", number()] for place in range(1000, 1000 + THREADS)]
    answers = storm(server, customer, calls)
    results = Counter(result["error"] for answer in answers for result in answer.data["results"])
    assert results == {None: LIMIT + THREADS, "burst_limit": 2 * THREADS - LIMIT}


def test_a_recipient_limit_of_a_live_wallet(server, account):
    server.command("route", "set", "LIVE", "--country", "UG", "--gateway", "sandbox", "--price", str(PRICE), "--currency", "UGX")
    wallet = server.command("wallet", "create", "--account", str(account), "--currency", "UGX")["wallet_id"]
    server.command("wallet", "credit", wallet, RICH)
    key = server.command("key", "create", "--account", str(account), "--wallet", wallet, "--api", "wesendall")
    server.command("account", "set", str(account), "--recipient-limit", f"{LIMIT}/1h,{2 * LIMIT}/1d")
    answers = storm(server, Customer(key["api_key"], key["api_secret"], wallet), ["+256712345678"] * MANY)
    assert Counter(answer.status for answer in answers) == {200: LIMIT, 429: MANY - LIMIT}
    assert {answer.body["error"] for answer in answers if answer.status == 429} == {"recipient_limit"}
    assert server.command("audit")["ok"]
