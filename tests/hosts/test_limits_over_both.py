"""What two hosts on one PostgreSQL have in common: callbacks, keys of idempotency, pauses, throttles, changed settings."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.cluster import Cluster
from tests.support.connections import browser
from tests.support.dashboard import TOKEN
from tests.support.live import live_customer, number
from tests.support.server import Server
from tests.support.vendor_server import VendorServer
from tests.support.wire import Answer, Customer, Wire, at_once, new_customer

SECONDS = 3.0
"""In which a change at one host holds at every other."""
CALLS = 24
OF_UGANDA = ("--country", "UG", "--gateway", "at", "--currency", "UGX", "--priority", "-1")
WORKING = "SELECT count(*) FROM messages WHERE status = 'submitting'"
OPEN = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - INTERVAL '1 s'
"""


@pytest.fixture(scope="module")
def cluster(shared_postgresql, migrated_template, tmp_path_factory) -> Iterator[Cluster]:
    url = shared_postgresql.create(template=migrated_template)
    with Cluster(tmp_path_factory.mktemp("both"), url, 2, WESEND_THREADS="8") as cluster:
        cluster.wait_for_leader()
        yield cluster
    shared_postgresql.drop(url)


@pytest.fixture(scope="module")
def vendor(tmp_path_factory) -> Iterator[VendorServer]:
    with VendorServer(tmp_path_factory.mktemp("vendor"), "0.5") as vendor:
        yield vendor


@pytest.fixture(scope="module")
def customer(cluster, vendor) -> Customer:
    """Of a gateway that takes two calls at once."""
    customer = live_customer(cluster.hosts[0], vendor.url, parallel=2)
    cluster.wait_until_known()
    return customer


def holds(what: Callable[[], bool], told: str) -> None:
    Server.wait_until(what, SECONDS, told)


@contextmanager
def watched(cluster: Cluster) -> Iterator[list[int]]:
    """How many transactions stood open for a while, looked at until the end, which a failure is, too."""
    found: list[int] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            found.append(cluster.query(OPEN)[0][0])

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            yield found
        finally:
            ended.set()
        watching.result()


def test_a_gateway_has_its_calls_at_once_over_both_and_no_transaction_is_open_meanwhile(cluster, customer, vendor):
    def half(host: Server, first: int) -> list[Answer]:
        return at_once(
            host.port, customer, [lambda wire, i=i: wire.send(number(i)) for i in range(first, first + CALLS // 2)], threads=6
        )

    with watched(cluster) as most:
        with ThreadPoolExecutor(2) as pool:
            answers = [answer for part in pool.map(half, cluster.hosts, (0, CALLS // 2)) for answer in part]
        assert {answer.status for answer in answers} <= {200, 202}, answers
        Server.wait_until(lambda: vendor.count() == CALLS, 30, "not all left")
    assert vendor.most_at_once() <= 2
    assert max(most) == 0, "a transaction waits while a gateway is called"


def test_a_callback_may_come_to_any_host(cluster, customer):
    a, b = cluster.hosts
    with Wire(a.port, customer) as wire:
        assert wire.send(number(900)).status in (200, 202)
    Server.wait_until(lambda: status(cluster, 900) == "submitted", 20, "it does not leave")
    path = urlsplit(next(one for one in a.command("gateway", "list")["gateways"] if one["name"] == "at")["callback_url"]).path
    receipt = {"id": f"AT{number(900)}", "status": "Success", "phoneNumber": number(900), "networkCode": "64110"}
    assert requests.post(b.url + path, data=receipt, timeout=10).status_code == 200
    Server.wait_until(lambda: status(cluster, 900) == "delivered", 20, "the receipt is not taken")


def status(cluster: Cluster, index: int) -> str:
    return cluster.query("SELECT status FROM messages WHERE recipient = %s", number(index))[0][0]


def test_one_key_of_idempotency_at_both_hosts_is_one_message(cluster):
    sandbox = new_customer(cluster.hosts[0], "1000")
    answers: list[int] = []

    def send(port: int) -> None:
        with Wire(port, sandbox) as wire:
            for _ in range(8):
                answers.append(wire.send(number(910), key="once").status)

    threads = [threading.Thread(target=send, args=(host.port,)) for host in cluster.hosts * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 200 in answers and set(answers) <= {200, 409}
    assert cluster.query("SELECT count(*) FROM messages WHERE recipient = %s", number(910)) == [(1,)]


def test_a_pause_at_one_host_holds_at_the_other_and_ends_there(cluster, customer, vendor):
    a, b = cluster.hosts
    a.command("pause")
    time.sleep(SECONDS)
    before = vendor.count()
    with Wire(b.port, customer) as wire:
        assert wire.send(number(920)).status in (200, 202)
    time.sleep(1)
    assert vendor.count() == before
    b.command("resume")
    Server.wait_until(lambda: vendor.count() > before, 10, "it does not go on")


def test_a_key_that_was_revoked_and_a_price_that_was_changed_hold_at_the_other(cluster, customer):
    a, b = cluster.hosts
    account = str(a.command("account", "create", "Shop")["account_id"])
    wallet = a.command("wallet", "create", "--account", account, "--currency", "UGX")["wallet_id"]
    a.command("wallet", "credit", wallet, "1000")
    key = a.command("key", "create", "--account", account, "--wallet", wallet, "--api", "wesendall")
    with Wire(b.port, Customer(key["api_key"], key["api_secret"], wallet)) as wire:
        holds(lambda: wire.send(number(930)).status == 200, "the route is not known")
        a.command("route", "set", "LIVE", *OF_UGANDA, "--price", "50")
        holds(lambda: spent(wire) == 50, "the old price is taken")
        a.command("key", "revoke", str(key["key_id"]))
        holds(lambda: wire.send(number(931)).status == 401, "the key is taken")


def spent(wire: Wire) -> float:
    before = wire.balance()
    assert wire.send(number(930)).status == 200
    return before - wire.balance()


def test_wrong_passwords_are_counted_over_both(cluster):
    answers = [sign_in(cluster.hosts[index % 2]) for index in range(20)]
    first = answers.index(429)
    assert first > 1 and set(answers[first:]) == {429}, "at whichever host"


def sign_in(host: Server) -> int:
    session = browser()
    found = TOKEN.search(session.get(f"{host.url}/sign-in", timeout=10).text)
    assert found is not None
    form = {"csrf_token": found[1], "email": "boss@example.com", "password": "wrong"}
    return session.post(f"{host.url}/sign-in", data=form, timeout=10).status_code
