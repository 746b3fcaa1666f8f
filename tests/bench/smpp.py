"""SMPP on loopback, window 50, a receipt 0.2 s after everything: single API calls, and one call of many."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count as numbers_from
from statistics import median

from tests.support.live import customer_of, number
from tests.support.server import Server
from tests.support.wire import Customer, Wire

from . import load
from .figure import Figure, Yardstick, figure
from .rounds import EMPTY
from .serving import cpu_seconds, serving, serving_empty
from .sizes import Sizes
from .smsc_sink import SmscSink
from .traffic import count

RECEIPT_AFTER = 0.2  # seconds
A_CALL = 500  # recipients
TIMES_EMPTY, P99_MS, CPU = 0.22, 25, 1.0
AT_THE_SMSC, RECORDED = 0.10, 0.35  # seconds after the answer of a call of many began


def bench(sizes: Sizes) -> Iterator[Figure]:
    with SmscSink(RECEIPT_AFTER) as smsc, serving() as (_, server), serving_empty() as empty:
        server.command("gateway", "set", "smsc", "--type", "smpp", *_options(smsc.port))
        customer = customer_of(server, "smsc")
        load.run(server.url, 8, 1, wrk=sizes.wrk, customer=customer)
        load.run(empty.url, 8, 1, wrk=sizes.wrk)
        for concurrency in (8, 32):
            yield from _singles(sizes, server, customer, empty, concurrency)
        yield from _many(sizes, server, customer, smsc)


def _options(port: int) -> list[str]:
    options = {"host": "127.0.0.1", "port": port, "system_id": "wesend", "window": 50}
    return [*(f"--option={name}={value}" for name, value in options.items()), "--secret", "password=p"]


def _singles(sizes: Sizes, server: Server, customer: Customer, empty: Server, concurrency: int) -> Iterator[Figure]:
    ratios, p99s, cpus, rates, routes = [], [], [], [], []
    for _ in range(sizes.rounds):
        route = load.run(empty.url, concurrency, sizes.seconds, wrk=sizes.wrk)
        before = cpu_seconds(server)
        ours = load.run(server.url, concurrency, sizes.seconds, wrk=sizes.wrk, customer=customer)
        _all_recorded(server)
        cpus.append((cpu_seconds(server) - before) * 1000 / ours.requests)
        ratios.append(ours.per_second / route.per_second)
        p99s.append(ours.p99_ms)
        rates.append(ours.per_second)
        routes.append(route.per_second)
    name = f"single sends at c={concurrency}"
    yield figure(
        f"{name}: accepted", median(rates), "/s", at_least_times=TIMES_EMPTY, beside=Yardstick(EMPTY, median(routes))
    )._replace(ratio=median(ratios))
    yield figure(f"{name}: p99", median(p99s), "ms", at_most=P99_MS if concurrency == 8 else None)
    yield figure(f"{name}: server CPU per 1,000, receipts recorded", median(cpus), "s", at_most=CPU)


def _many(sizes: Sizes, server: Server, customer: Customer, smsc: SmscSink) -> Iterator[Figure]:
    arrived, recorded, places = [], [], numbers_from(0, A_CALL)
    for _ in range(sizes.rounds):
        start = next(places)
        before = smsc.taken().messages
        with Wire(server.port, customer) as wire:
            assert wire.send([number(start + index) for index in range(A_CALL)], "Hello all").status == 200
        began = time.monotonic()
        server.wait_until(lambda before=before: smsc.taken().messages >= before + A_CALL, 60, "the SMSC gets not all", every=0.005)
        arrived.append(smsc.taken().last_at - began)
        _all_recorded(server)
        recorded.append(time.monotonic() - began)
    name = f"{A_CALL} recipients in one call"
    yield figure(f"{name}: all at the SMSC", median(arrived), "s", at_most=AT_THE_SMSC)
    yield figure(f"{name}: all recorded as delivered", median(recorded), "s", at_most=RECORDED)


def _all_recorded(server: Server) -> None:
    server.wait_until(lambda: count(server, "status <> 'delivered'") == 0, 120, "receipts are missing", every=0.01)
