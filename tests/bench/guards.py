"""What limits, bounds of keys and tiers of prices cost: single sends of an account without any, and of one with all, in turns."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from tests.support.live import RICH, live_customer
from tests.support.server import Server
from tests.support.vendor_server import VendorServer
from tests.support.wire import Customer

from . import load
from .figure import Figure, Yardstick, figure
from .serving import cpu_seconds, serving
from .sizes import Sizes
from .traffic import count

CONCURRENCY = 8
PARALLEL = 16
TIMES_PLAIN = 0.97
PLAIN = "no limit"
"""High enough that nothing of a run is refused."""
OF_ACCOUNT = (
    "--countries=UG,KE",
    f"--daily-limit={RICH}",
    "--recipient-limit=50/10m,200/24h",
    "--burst-limit=100000/1h",
    "--quiet-hours=03:00-03:01",
    "--price-list=Gold",
)
OF_KEY = ("--expires=2099-01-01", "--allow-ip=127.0.0.0/8,::1", "--countries=UG", f"--daily-limit={RICH}", "--valid-for=3600")


def bench(sizes: Sizes) -> Iterator[Figure]:
    with serving() as (folder, server), VendorServer(folder) as vendor:
        plain = live_customer(server, vendor.url, parallel=PARALLEL)
        customers = {PLAIN: plain, "everything set": _guarded(server)}
        rates: dict[str, list[float]] = {name: [] for name in customers}
        spent: dict[str, list[float]] = {name: [] for name in customers}
        for customer in customers.values():
            load.run(server.url, CONCURRENCY, 1, wrk=sizes.wrk, customer=customer)
        for _ in range(sizes.rounds):
            for name, customer in customers.items():
                before = cpu_seconds(server)
                found = load.run(server.url, CONCURRENCY, sizes.seconds, wrk=sizes.wrk, customer=customer)
                if found.errors:
                    raise RuntimeError(f"{name}: {found.errors} requests were not answered with 200")
                server.wait_until(lambda: count(server, "status = 'queued'") == 0, 60, "a round's messages do not leave")
                rates[name].append(found.per_second)
                spent[name].append((cpu_seconds(server) - before) * 1000 / found.requests)
        yield from _figures(rates, spent)


def _figures(rates: dict[str, list[float]], spent: dict[str, list[float]]) -> Iterator[Figure]:
    """Both of one round lie beside each other: their ratio is taken before the median."""
    for what, found, unit, bar in (("sends", rates, "/s", TIMES_PLAIN), ("server CPU per 1,000", spent, "s", None)):
        plain, guarded = found.values()
        yield figure(
            f"c={CONCURRENCY}: {what}, everything set",
            median(guarded),
            unit,
            at_least_times=bar,
            beside=Yardstick(PLAIN, median(plain)),
        )._replace(ratio=median(ours / max(theirs, 1e-9) for ours, theirs in zip(guarded, plain, strict=True)))


def _guarded(server: Server) -> Customer:
    server.command("price-list", "create", "Gold", "--currency", "UGX")
    for price in (("--price=35",), ("--price=34", "--from=100000000")):
        server.command("price-list", "set", "Gold", "--country", "UG", *price)
    account = str(server.command("account", "create", "Guarded")["account_id"])
    wallet = server.command("wallet", "create", "--account", account, "--currency", "UGX")["wallet_id"]
    server.command("wallet", "credit", wallet, RICH)
    server.command("wallet", "set", wallet, "--credit-limit", "1000")
    server.command("account", "set", account, *OF_ACCOUNT)
    key = server.command("key", "create", "--account", account, "--wallet", wallet, "--api", "wesendall", *OF_KEY)
    return Customer(key["api_key"], key["api_secret"], wallet)
