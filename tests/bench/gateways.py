"""Through a fake vendor with a delay: a bulk's dispatch, and single sends that wait for the vendor's answer."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.support.live import live_customer, queue_bulk
from tests.support.vendor_server import VendorServer

from .figure import Figure, Yardstick, figure
from .load import summary
from .serving import cpu_seconds, serving
from .sizes import Sizes
from .traffic import count, seconds_until, send_for
from .yardsticks import bare_sends

PARALLEL = 16
DISPATCH_DELAY, SINGLES_DELAY = 0.05, 0.2  # seconds a call


def bench(sizes: Sizes) -> Iterator[Figure]:
    bare = bare_sends(sizes)
    yield bench_dispatch(sizes.queued, bare)
    yield from bench_singles(sizes.slow_seconds, bare)


def bench_dispatch(size: int, bare: Yardstick) -> Figure:
    """A bulk with a text for each."""
    with serving() as (folder, server), VendorServer(folder, str(DISPATCH_DELAY)) as vendor:
        customer = live_customer(server, vendor.url, parallel=PARALLEL)
        cpu = cpu_seconds(server)
        queue_bulk(server.instance, customer.wallet, size)
        server.wait_until(lambda: len(vendor.accepted()) > PARALLEL, 60, "it does not begin", every=0.005)
        began, before = time.monotonic(), len(vendor.accepted())
        taken = seconds_until(server, began, lambda: len(vendor.accepted()) >= size)
        rate = (size - before) / taken
        seconds_until(server, began, lambda: count(server, "status = 'submitted'") >= size)
        return figure(
            f"dispatch, {1000 * DISPATCH_DELAY:g} ms a call, {PARALLEL} at once",
            rate,
            "/s",
            at_least=0.8 * PARALLEL / DISPATCH_DELAY,
            beside=bare,
            cpu_s_per_1000=round((cpu_seconds(server) - cpu) * 1000 / size, 2),
        )


def bench_singles(seconds: float, bare: Yardstick) -> Iterator[Figure]:
    """Accepted and submitted inside the request, as far as there are threads to wait."""
    with serving() as (folder, server), VendorServer(folder, str(SINGLES_DELAY)) as vendor:
        customer = live_customer(server, vendor.url, parallel=PARALLEL)
        began = time.monotonic()
        answers = send_for(server, customer, 32, seconds=seconds)
        submitted = count(server, "status = 'submitted'") / (time.monotonic() - began)
        load = summary(answers, seconds, errors=0)
        name = f"single sends, c=32, {1000 * SINGLES_DELAY:g} ms a call"
        yield figure(
            f"{name}: accepted and submitted",
            submitted,
            "/s",
            at_least=70,
            beside=bare,
            accepted_per_second=round(load.per_second, 1),
        )
        yield figure(
            f"{name}: p99 of the answer",
            load.p99_ms,
            "ms",
            at_most=1000,
            beside=Yardstick("the gateway's own", 1000 * SINGLES_DELAY),
        )
