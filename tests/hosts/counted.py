"""Hosts are killed and the database is restarted in a storm, and what became of each message is counted.

`python -m tests.hosts.counted` kills 100 hosts and restarts the database 30 times: half an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

from tests.support import postgresql
from tests.support.cluster import Cluster, HostServer
from tests.support.live import live_customer, number
from tests.support.server import Server
from tests.support.vendor_server import VendorServer
from tests.support.wire import Customer, Wire

HOSTS, SENDERS = 3, 6
BULK = 40  # every so many calls one is to a hundred numbers, which go through the queue
CALM = 120.0  # seconds: all leases are over, and sweeps have been
SURE = ("synchronous_commit=on", "fsync=on", "autovacuum=on", "max_connections=100", "shared_buffers=64MB")
UNSETTLED = "SELECT count(*) FROM messages WHERE status NOT IN ('submitted', 'unknown', 'failed')"


class Found(NamedTuple):
    """What the storm came to. All of the last three have to be nothing."""

    kills: int
    restarts: int
    calls: int
    acknowledged: int
    messages: int
    submitted: int
    unknown: int
    failed: int
    lost: int
    doubled: int
    wrongly_refunded: int


class Senders:
    """Threads that send each message until it has an answer, at whichever host takes it, under one Idempotency-Key."""

    def __init__(self, hosts: list[HostServer], customer: Customer):
        self.hosts, self.customer = hosts, customer
        self.acknowledged: list[str] = []
        self.calls = 0
        self.lock = threading.Lock()
        self.next = 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(seed,)) for seed in range(SENDERS)]

    def __enter__(self) -> Senders:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _numbers(self) -> list[str]:
        with self.lock:
            self.calls += 1
            first, count = self.next, 101 if self.calls % BULK == 0 else 1
            self.next += count
        return [number(index) for index in range(first, first + count)]

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        with ExitStack() as stack:
            wires = [stack.enter_context(Wire(host.port, self.customer, timeout=20)) for host in self.hosts]
            while not self.stopping.wait(0.02):
                to = self._numbers()
                if self._send(wires, to, chance):
                    with self.lock:
                        self.acknowledged += to

    def _send(self, wires: list[Wire], to: list[str], chance: random.Random) -> bool:
        """Until it is answered for good; False when the storm ends before."""
        while True:
            try:
                status = chance.choice(wires).send(to if len(to) > 1 else to[0], key=f"k{to[0]}").status
                if status in (200, 202):
                    return True
                assert status in (409, 503), status
            except (OSError, ValueError, HTTPException):
                pass
            if self.stopping.wait(0.1):
                return False


def count(folder: Path, kills: int, restarts: int, seed: int = 1) -> Found:
    chance = random.Random(seed)
    with ExitStack() as stack:
        server = stack.enter_context(postgresql.Server(*SURE))
        vendor = stack.enter_context(VendorServer(folder, "0.03"))
        cluster = Cluster(folder, server.create(), HOSTS, WESEND_THREADS="8")
        stack.enter_context(cluster)
        leader = cluster.wait_for_leader()
        customer = live_customer(leader, vendor.url, parallel=8)
        with Senders(cluster.hosts, customer) as senders:
            _storm(cluster, server, kills, restarts, chance)
        for host in cluster.hosts:
            Server.wait_until(lambda host=host: serves(host), 60, "a host does not come back", every=0.5)
        Server.wait_until(lambda: cluster.query(UNSETTLED) == [(0,)], CALM, "messages are left", every=1.0)
        assert cluster.hosts[0].command("audit")["problems"] == []
        return _found(cluster, vendor, senders, kills, restarts)


def _storm(cluster: Cluster, server: postgresql.Server, kills: int, restarts: int, chance: random.Random) -> None:
    what = ["kill"] * kills + ["restart"] * restarts
    chance.shuffle(what)
    while what:
        one = what.pop()
        time.sleep(chance.uniform(0.1, 1.0))
        if one == "restart":
            server.stop(chance.choice(("fast", "immediate")))
            time.sleep(chance.uniform(0.0, 1.0))
            server.start()
            continue
        host = chance.choice(cluster.hosts)
        told(f"{len(what)} to go: {host.instance.name} is killed")
        host.kill()
        host.process = host.launch()
        others = [other for other in cluster.hosts if other is not host]
        Server.wait_until(lambda others=others: any(map(serves, others)), 90, "no host serves", every=0.2)


def told(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def serves(host: HostServer) -> bool:
    """One that met no database at its start has ended: it is started again, as a service is."""
    if host.process is None or host.process.poll() is not None:
        host.process = host.launch()
    return host.serves()


def _found(cluster: Cluster, vendor: VendorServer, senders: Senders, kills: int, restarts: int) -> Found:
    got = Counter(vendor.accepted())
    rows = dict(cluster.query("SELECT recipient, status FROM messages"))
    [(messages,)] = cluster.query("SELECT count(*) FROM messages")
    statuses = Counter(rows.values())
    refunded = {
        recipient
        for (recipient,) in cluster.query(
            "SELECT m.recipient FROM ledger_entries e JOIN messages m ON m.id = e.message_id WHERE e.kind = 'refund'"
        )
    }
    sent = {recipient for recipient, status in rows.items() if status == "submitted"}
    return Found(
        kills,
        restarts,
        senders.calls,
        len(senders.acknowledged),
        messages,
        statuses["submitted"],
        statuses["unknown"],
        statuses["failed"],
        lost=len(set(senders.acknowledged) - rows.keys()) + len(sent - got.keys()) + len(got.keys() - rows.keys()),
        doubled=sum(times - 1 for times in got.values()) + messages - len(rows),
        wrongly_refunded=len(refunded & got.keys()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--restarts", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wesend-counted-") as folder:
        found = count(Path(folder), given.kills, given.restarts, given.seed)
    print(json.dumps(found._asdict(), indent=2))
    raise SystemExit(1 if found.lost or found.doubled or found.wrongly_refunded else 0)


if __name__ == "__main__":
    main()
