"""What goes wrong with one of two hosts: nothing is lost, nothing is sent twice, nothing is wrongly refunded, and work goes on."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.cluster import HOST_TIME, Cluster, HostServer
from tests.support.live import live_customer, number
from tests.support.moved_clock import MovedClock
from tests.support.server import Server
from tests.support.tcp_proxy import TcpProxy
from tests.support.vendor_server import VendorServer
from tests.support.wire import Customer, Wire, new_customer

MESSAGES, BATCH = 1200, 100
LEASES = 75.0  # seconds: a message's lease, and a sweep after it, on a machine that is busy
UNSETTLED = "SELECT count(*) FROM messages WHERE status NOT IN ('submitted', 'unknown')"

ENDS = ("runs the jobs no more", "WORKER TIMEOUT")
UNKNOWN = "SELECT recipient FROM messages WHERE status = 'unknown'"
DELIVERED = "SELECT count(*) FROM messages WHERE status = 'delivered'"


@pytest.fixture
def vendor(tmp_path) -> Iterator[VendorServer]:
    with VendorServer(tmp_path, "0.05") as started:
        yield started


@pytest.fixture
def cluster(cluster_of) -> Cluster:
    return cluster_of(2, WESEND_LOG="text")


def queue(host: HostServer, customer: Customer, count: int = MESSAGES, first: int = 0) -> None:
    with Wire(host.port, customer) as wire:
        answer = wire.send([number(first + index) for index in range(count)])
        assert answer.status in (200, 202), answer


class Storm:
    """Single sends at hosts from threads of their own, each once; what was acknowledged is remembered."""

    def __init__(self, hosts: list[HostServer], customer: Customer, first: int):
        self.acknowledged: list[str] = []
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._run, args=(host, customer, first + 10_000 * index))
            for index, host in enumerate(hosts * 2)
        ]

    def __enter__(self) -> Storm:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def _run(self, host: HostServer, customer: Customer, first: int) -> None:
        with Wire(host.port, customer, timeout=15) as wire:
            for index in range(first, first + 10_000):
                if self.stopping.wait(0.02):
                    return
                with suppress(Exception):
                    if wire.send(number(index)).status in (200, 202):
                        self.acknowledged.append(number(index))


def settle(cluster: Cluster, host: HostServer) -> None:
    Server.wait_until(lambda: cluster.query(UNSETTLED) == [(0,)], LEASES, "messages are left", every=0.5)
    assert host.command("audit")["problems"] == []


def check(cluster: Cluster, vendor: VendorServer, acknowledged: list[str]) -> Counter[str]:
    """Nobody got it twice, what was acknowledged is there, and nothing was refunded; how many messages have which status."""
    got = Counter(vendor.accepted())
    assert set(got.values()) <= {1}, [recipient for recipient, times in got.items() if times > 1][:5]
    rows = cluster.query("SELECT recipient, status FROM messages")
    known = dict(rows)
    assert len(known) == len(rows) and set(acknowledged) <= known.keys()
    assert {recipient for recipient, status in rows if status == "submitted"} <= got.keys()
    assert got.keys() <= known.keys()
    assert cluster.query("SELECT count(*) FROM ledger_entries WHERE kind = 'refund'") == [(0,)]
    return Counter(known.values())


class Watch:
    """Who runs the jobs, asked all the time: by the table, and by what each epoch's holder was."""

    def __init__(self, cluster: Cluster):
        self.cluster, self.seen = cluster, set()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.thread.join()
        epochs = Counter(epoch for epoch, _ in self.seen)
        assert set(epochs.values()) == {1}, "two had the same epoch"

    def _run(self) -> None:
        while not self.stopping.wait(0.1):
            with suppress(Exception):
                self.seen |= set(self.cluster.query("SELECT epoch, holder FROM leases WHERE name = 'jobs'"))


def goes_on(vendor: VendorServer, seconds: float) -> float:
    """How long until the vendor gets something again."""
    began, before = time.monotonic(), vendor.count()
    Server.wait_until(lambda: vendor.count() > before, seconds, "dispatch does not go on")
    return time.monotonic() - began


def test_the_others_stay_healthy_while_they_take_the_jobs_over(cluster):
    """A load balancer that asks for /healthz has somebody to send requests to all the time."""
    leader, other = cluster.wait_for_leader(), cluster.follower()
    Server.wait_until(lambda: other.health() == 200, 20, "it is not healthy")
    leader.kill()
    told: list[tuple[int, str]] = []
    while not told or (told[-1][1] == "changing" or cluster.leader() is not other):
        answer = requests.get(other.url + "/healthz", timeout=10)
        told.append((answer.status_code, answer.json()["scheduler"]))
        time.sleep(0.05)
    assert {status for status, _ in told} == {200}
    assert {scheduler for _, scheduler in told} <= {"running", "changing"}


def test_a_host_is_killed_in_a_storm(cluster, vendor):
    leader, other = cluster.wait_for_leader(), cluster.follower()
    customer = live_customer(leader, vendor.url, parallel=8)
    cluster.wait_until_known()
    queue(other, customer)
    with Watch(cluster), Storm(cluster.hosts, customer, 100_000) as storm:
        Server.wait_until(lambda: vendor.count() > 150, 60, "nothing leaves")
        leader.kill()
        cluster.wait_for_leader(but=leader, seconds=HOST_TIME)
        goes_on(vendor, HOST_TIME)
        time.sleep(2)
    settle(cluster, other)
    assert check(cluster, vendor, storm.acknowledged)["unknown"] <= 8 * BATCH + len(storm.threads)


def test_a_host_stands_still_for_longer_than_its_lease_and_wakes_up(cluster, vendor):
    leader, other = cluster.wait_for_leader(), cluster.follower()
    customer = live_customer(leader, vendor.url, parallel=8)
    cluster.wait_until_known()
    queue(other, customer)
    with Watch(cluster):
        Server.wait_until(lambda: vendor.count() > 100, 60, "nothing leaves")
        leader.freeze()
        following = cluster.wait_for_leader(but=leader, seconds=HOST_TIME)
        goes_on(vendor, HOST_TIME)
        Server.wait_until(
            lambda: cluster.query(UNKNOWN) or cluster.query(UNSETTLED) == [(0,)], LEASES, "what it was submitting has no end"
        )
        lost = {row[0] for row in cluster.query(UNKNOWN)}
        leader.wake()
        Server.wait_until(lambda: leader.health() == 200, 30, "it does not come back")
        assert cluster.leader() is following
        # gunicorn replaces a worker that it has not heard of for 30 seconds: that is an end of its work, too.
        Server.wait_until(lambda: any(end in leader.output() for end in ENDS), 30, "it does not know that it lost the jobs")
        settle(cluster, other)
    check(cluster, vendor, [])
    after = {row[0] for row in cluster.query(UNKNOWN)}
    assert lost <= after, "it wrote about messages that it had lost"


def test_a_host_that_is_cut_off_from_the_database_refuses_and_comes_back(tmp_path, migrated_url, vendor):
    parts = urlsplit(migrated_url)
    with TcpProxy(parts.port) as proxy:
        cluster = Cluster(tmp_path, migrated_url, 2)
        leading = cluster.hosts[0]
        through = migrated_url.replace(f":{parts.port}/", f":{proxy.port}/")
        leading.environment["WESEND_DATABASE_URL"] = through
        cluster.hosts[1].environment["WESEND_SCHEDULER"] = "0"  # so that the first one leads
        with cluster:
            assert cluster.wait_for_leader() is leading
            customer = live_customer(cluster.hosts[1], vendor.url, parallel=8)
            cluster.hosts[1].stop()
            del cluster.hosts[1].environment["WESEND_SCHEDULER"]
            cluster.hosts[1].start()
            other = cluster.hosts[1]
            queue(other, customer)
            Server.wait_until(lambda: vendor.count() > 50, 60, "nothing leaves")
            callback = urlsplit(other.command("gateway", "list")["gateways"][-1]["callback_url"]).path
            proxy.freeze()
            receipt = {"id": "AT1", "status": "Success", "phoneNumber": number(1), "networkCode": "64110"}
            for refused in (
                lambda: requests.get(f"{leading.url}/healthz", timeout=8),
                lambda: sent(leading, customer),
                lambda: requests.post(leading.url + callback, data=receipt, timeout=8),
            ):
                began = time.monotonic()
                assert refused().status_code == 503 and time.monotonic() - began < 5.5
            cluster.hosts[0], cluster.hosts[1] = other, leading
            cluster.wait_for_leader(but=leading, seconds=HOST_TIME)
            goes_on(vendor, HOST_TIME)
            proxy.thaw()
            Server.wait_until(lambda: leading.health() == 200, 10, "it does not come back")
            assert sent(leading, customer).status_code == 200
            settle(cluster, other)
        # The vendor may have been told of the last one, too.
    got = Counter(vendor.accepted())
    assert set(got.values()) == {1}


def sent(host: HostServer, customer: Customer) -> requests.Response:
    return requests.post(
        f"{host.url}/api/v1/sms/send",
        json={"walletId": customer.wallet, "message": "Hello", "recipient": number(990_000)},
        auth=(customer.key, customer.secret),
        timeout=8,
    )


def test_hosts_whose_clocks_are_apart(tmp_path, migrated_url):
    """One is five seconds ahead of the database, the other five behind: they lead by turns, and deliver as ever."""
    clocks = [MovedClock(folder(tmp_path / f"clock{index}")) for index in range(2)]
    cluster = Cluster(tmp_path, migrated_url, 2, WESEND_LOG="text")
    for host, moved, seconds in zip(cluster.hosts, clocks, (5, -5), strict=True):
        moved.set(seconds)
        host.environment |= moved.environment
    with cluster, Watch(cluster):
        first = cluster.wait_for_leader()
        customer = new_customer(first, "1000")
        deliver(cluster, customer, 0)
        found = {check["check"]: check for check in first.run("doctor")["checks"]}
        assert found["Clock distance"]["state"] == "warning"
        for host in cluster.hosts:
            assert abs(host.query("SELECT max(last_seen) - extract(epoch FROM clock_timestamp()) * 1000 FROM hosts")[0][0]) < 3500
        first.kill()
        cluster.wait_for_leader(but=first, seconds=HOST_TIME)
        cluster.hosts.remove(first)
        deliver(cluster, customer, 10)


def deliver(cluster: Cluster, customer: Customer, before: int) -> None:
    for index in range(10):
        with Wire(cluster.hosts[index % len(cluster.hosts)].port, customer) as wire:
            assert wire.send(number(before + index)).status == 200
    Server.wait_until(lambda: cluster.query(DELIVERED) == [(before + 10,)], 20, "not delivered")


def folder(path):
    path.mkdir()
    return path
