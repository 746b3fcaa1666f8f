"""PostgreSQL beside SQLite, on the same cores in the same run: single sends, round trips, far databases, a bulk, a hot wallet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.support import postgresql
from tests.support.proxy import Proxy
from tests.support.server import Server
from tests.support.wire import Customer

from ..support.published import WALLETS
from . import load
from .bulk import TEXT, call, csv_of, seconds_until_settled
from .figure import Figure, Yardstick, figure
from .serving import MONEY, default, prepare
from .sizes import Sizes

DURABLE = ("synchronous_commit=on", "fsync=on", "shared_buffers=128MB", "max_connections=100")
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
"""What the commands left open: a database that is copied must be nobody's."""
FAR = 0.001  # seconds that a round trip takes more
ACCOUNTS = 8
STORM = 4  # connections of one account, or of as many accounts


def bench(sizes: Sizes) -> Iterator[Figure]:
    if not postgresql.is_here():
        return
    with postgresql.Server(*DURABLE) as database, _on_sqlite() as sqlite:
        prepared = database.create()
        with _host(prepared) as server:
            server.command("sandbox")
            customers = _customers(server)
        database.execute(END.format(prepared.rpartition("/")[2]))
        with _on(database.create(prepared), database.port, customers) as near:
            yield from _near(sqlite, near, sizes)
            yield _bulk(near[0], sizes.on_postgresql)
        with Proxy(database.port, FAR) as proxy, _on(database.create(prepared), proxy.port, customers) as far:
            yield from _far(sqlite, far, sizes)
        counted = database.create(prepared)
        with _host(counted) as other, other, Proxy(database.port) as proxy:
            other.wait_until(lambda: any(host["runs_jobs"] for host in other.command("host", "list")["hosts"]), 30, "no jobs")
            with _on(counted, proxy.port, customers) as serving:
                yield _round_trips(serving, proxy, sizes)


Serving = tuple[Server, list[Customer]]


@contextmanager
def _on_sqlite() -> Iterator[Serving]:
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "served" / "instance"
        prepare(instance)
        with default(Server(instance)) as server:
            yield server, _customers(server)


@contextmanager
def _on(url: str, port: int, customers: list[Customer]) -> Iterator[Serving]:
    """On PostgreSQL, by a port that may be a proxy's."""
    address = url.rpartition(":")[0] + f":{port}/" + url.rpartition("/")[2]
    with _host(address) as host, host as server:
        yield server, customers


@contextmanager
def _host(url: str) -> Iterator[Server]:
    """Not started yet."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "served" / "instance"
        instance.mkdir(parents=True)
        yield default(Server(instance, WESEND_DATABASE_URL=url, WESEND_SECRET_KEY=postgresql.KEY))


def _customers(server: Server) -> list[Customer]:
    """Of accounts of their own, whose sends go to the sandbox."""

    def one(number: int) -> Customer:
        account = str(server.command("account", "create", f"Customer {number}", "--country", "UG")["account_id"])
        wallet = server.command("wallet", "create", "--account", account, "--currency", "UGX", "--sandbox")["wallet_id"]
        server.command("wallet", "credit", wallet, MONEY)
        key = server.command("key", "create", "--account", account, "--wallet", wallet, "--api", "wesendall")
        return Customer(key["api_key"], key["api_secret"], wallet)

    return [one(number) for number in range(ACCOUNTS - 1 + STORM)]


def _rate(server: Server, customers: list[Customer], each: int, sizes: Sizes, *, last: int | None = None) -> list[float]:
    """Sends a second of every customer, all at the same time, over ``each`` connections, or ``last`` of the last one."""
    connections = [each] * (len(customers) - 1) + [last or each]
    with ThreadPoolExecutor(len(customers)) as pool:
        found = list(
            pool.map(
                lambda one, each: load.run(server.url, each, sizes.seconds, wrk=sizes.wrk, customer=one), customers, connections
            )
        )
    errors = sum(one.errors for one in found)
    if errors:
        raise RuntimeError(f"{errors} requests were not answered with 200")
    return [one.per_second for one in found]


def _near(sqlite: Serving, near: Serving, sizes: Sizes) -> Iterator[Figure]:
    rounds = [
        [_rate(server, customers[:ACCOUNTS], 1, sizes) for server, customers in (sqlite, near)] for _ in range(sizes.rounds + 1)
    ][1:]
    yield _beside("c=8: sends on PostgreSQL", rounds, 0.6)


def _far(sqlite: Serving, far: Serving, sizes: Sizes) -> Iterator[Figure]:
    rounds, alone, hot = [], [], []
    server, customers = far
    others = ACCOUNTS - 1
    for _ in range(sizes.rounds + 1):
        rounds.append([_rate(server, customers[:ACCOUNTS], 32 // ACCOUNTS, sizes) for server, customers in (sqlite, far)])
        alone.append(sum(_rate(server, customers[:1], 32, sizes)) / sum(rounds[-1][1]))
        # The cores are shared, so what the others lose to the load alone is measured, too: the same one, of four accounts.
        spread = sum(_rate(server, customers, 1, sizes)[:others])
        hot.append(sum(_rate(server, customers[:ACCOUNTS], 1, sizes, last=STORM)[:others]) / spread)
    yield _beside("c=32, 1 ms a round trip more, eight accounts: sends", rounds[1:], 0.5)
    yield figure("the same, one account alone", median(alone[1:]), "times the eight", at_least=0.8)
    yield figure("seven accounts' sends beside one that storms", median(hot[1:]), "times those beside four", at_least=0.85)


def _beside(name: str, rounds: list[list[list[float]]], bar: float) -> Figure:
    ratio = median(sum(ours) / max(sum(sqlite), 1e-9) for sqlite, ours in rounds)
    rate = median(sum(ours) for _, ours in rounds)
    return figure(name, rate, "/s", at_least_times=bar)._replace(ratio=ratio, ratio_to="SQLite, the same")


def _round_trips(counted: Serving, proxy: Proxy, sizes: Sizes) -> Figure:
    server, customers = counted
    load.run(server.url, 1, sizes.seconds, wrk=sizes.wrk, customer=customers[0])
    before = proxy.round_trips
    found = load.run(server.url, 1, sizes.seconds, wrk=sizes.wrk, customer=customers[0])
    trips = (proxy.round_trips - before) / found.requests
    return figure("round trips a single send, of a host beside the one that runs the jobs", trips, "", at_most=3)


def _bulk(server: Server, size: int) -> Figure:
    server.command("wallet", "credit", WALLETS["esms"][0], str(size * 4))
    _, group = call(server, "POST", "/contact-lists", files={"file": ("customers.csv", csv_of(size))})
    accepted, sent = call(server, "POST", "/messages/send-bulk", json={"contact_list_ids": [group["id"]], "text": TEXT})
    dispatched = seconds_until_settled(server, sent["batch_id"])
    beside = Yardstick("accepted, of which a second", size / accepted)
    return figure(
        f"a bulk of {size:,} on PostgreSQL, dispatched and settled", size / dispatched, "/s", at_least=4000, beside=beside
    )
