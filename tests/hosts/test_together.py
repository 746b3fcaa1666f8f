"""Two hosts on one PostgreSQL are one wesend."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from tests.support.cluster import Cluster
from tests.support.server import Server
from tests.support.wire import Wire, new_customer

QUEUED = "SELECT count(*) FROM messages WHERE status = 'queued'"
EXPECTED = ("synchronous_commit", "Free disk")
"""Warnings that are true of the tests' server, which does not wait for its disk, and of a machine that is nearly full."""


@pytest.fixture
def cluster(cluster_of):
    return cluster_of(2)


@pytest.fixture
def first_started(tmp_path, database_url) -> Iterator[Cluster]:
    with Cluster(tmp_path, database_url) as cluster:
        yield cluster


def test_hosts_that_start_at_once_are_one_wesend(first_started):
    """The first starts of both met in an empty database."""
    cluster = first_started
    a, b = cluster.hosts
    assert cluster.query("SELECT count(*) FROM accounts WHERE is_sandbox = 1") == [(1,)]
    assert cluster.query("SELECT count(*) FROM users") == [(1,)]
    leader = cluster.wait_for_leader()
    listed = a.command("host", "list")["hosts"]
    assert [host["pid"] for host in sorted(listed, key=lambda host: host["pid"])] == sorted(h.process.pid for h in cluster.hosts)
    assert [host["pid"] for host in listed if host["runs_jobs"]] == [leader.process.pid]
    for host in (a, b):
        told = requests.get(f"{host.url}/healthz", timeout=5).json()
        assert (told["database"], told["scheduler"]) == ("ok", "running")

    customer = new_customer(a, "1000")
    for host in (a, b):
        with Wire(host.port, customer) as wire:
            assert wire.send("+256771000001").status == 200
    delivered = "SELECT count(*) FROM messages WHERE status = 'delivered'"
    Server.wait_until(lambda: cluster.query(delivered) == [(2,)], 20, "not delivered")
    assert a.command("audit")["ok"]

    found = {check["check"]: check for check in b.command("doctor")["checks"]}
    assert [check for check in found.values() if check["state"] == "warning" and check["check"] not in EXPECTED] == []
    assert found["NOTIFY"]["state"] == "ok"
    assert str(leader.port) in found["Hosts"]["detail"] and str(leader.port) in found["Jobs"]["detail"]
    for check in ("PostgreSQL", "Isolation", "synchronous_commit", "Replication", "Clock distance"):
        assert check in found


def test_what_is_queued_at_one_host_leaves_at_once_from_another(cluster):
    """Not only at the next look, a second later at most. Other work on the machine may slow a round down, not each."""
    leader, other = cluster.wait_for_leader(), cluster.follower()
    customer = new_customer(leader, "100000")
    time.sleep(2)
    with Wire(other.port, customer) as wire:
        assert any(median_wait(cluster, wire) < 1.0 for _ in range(4))


def median_wait(cluster: Cluster, wire: Wire) -> float:
    """Seconds from a bulk's order to its last message's end; of eight."""
    waits = []
    for number in range(8):
        began = time.monotonic()
        answer = wire.send([f"+256771{index:06}" for index in range(120)], f"Hello {number}")
        assert answer.status in (200, 202), answer
        Server.wait_until(lambda: cluster.query(QUEUED) == [(0,)], 10, "it waits", every=0.01)
        waits.append(time.monotonic() - began)
    return sorted(waits)[len(waits) // 2]


def test_a_limit_holds_over_both(cluster_of):
    cluster = cluster_of(2, WESEND_RATE_LIMIT="10")
    customer = new_customer(cluster.hosts[0], "1000")
    statuses = []
    for index in range(16):
        with Wire(cluster.hosts[index % 2].port, customer) as wire:
            statuses.append(wire.call("GET", f"/account/balance?walletId={customer.wallet}").status)
    assert statuses == [200] * 10 + [429] * 6


def test_what_is_changed_at_one_host_holds_at_the_other_within_seconds(cluster):
    a, b = cluster.hosts
    owner = str(a.command("account", "create", "Shop")["account_id"])
    customer = new_customer(a, "1000", account=int(owner))
    with Wire(b.port, customer) as wire:
        assert wire.send("+256771000001").status == 200
        a.run("account", "suspend", owner)
        Server.wait_until(lambda: wire.send("+256771000002").status == 403, 3, "it is not suspended there")
        a.run("account", "resume", owner)
        Server.wait_until(lambda: wire.send("+256771000003").status == 200, 3, "it is not resumed there")
