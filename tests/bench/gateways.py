"""`python -m tests.bench.gateways`: dispatch, single sends and SMPP through fake vendors, beside their bars."""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.support.live import customer_of, live_customer, number, queue_bulk
from tests.support.server import Server
from tests.support.smsc_smpp34 import Smpp34Smsc
from tests.support.vendor_server import VendorServer
from tests.support.wire import Customer, Wire

from .load import summary
from .rounds import cpu_seconds

PARALLEL = 16
A_CALL = 500


class ReceiptSmsc(Smpp34Smsc):
    """Brings a receipt of everything that it accepts."""

    def _take(self, event) -> None:
        super()._take(event)
        receipt = f"id:{self.arrived[-1].message_id} sub:001 dlvrd:001 stat:DELIVRD err:000"
        asyncio.get_running_loop().create_task(self._deliver(event.destination_addr, receipt.encode(), 4, 0, {}))


@contextmanager
def serving() -> Iterator[tuple[Path, Server]]:
    """A server with the number of workers and threads that a user gets."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "served" / "instance"
        instance.parent.mkdir()
        server = Server(instance)
        del server.environment["WESEND_WORKERS"]
        server.command("sandbox")
        with server:
            yield Path(folder), server


def count(server: Server, condition: str) -> int:
    return server.query(f"SELECT count(*) FROM messages WHERE {condition}")[0][0]


def seconds_until(server: Server, began: float, is_over: Callable[[], bool]) -> float:
    server.wait_until(is_over, 300, "it does not come to its end", every=0.02)
    return time.monotonic() - began


def bench_dispatch(size: int) -> dict:
    """A bulk with a text for each, through a gateway that takes 50 ms a call."""
    with serving() as (folder, server), VendorServer(folder, "0.05") as vendor:
        customer = live_customer(server, vendor.url, parallel=PARALLEL)
        cpu = cpu_seconds(server)
        queue_bulk(server.instance, customer.wallet, size)
        server.wait_until(lambda: len(vendor.accepted()) > PARALLEL, 60, "it does not begin", every=0.005)
        began, before = time.monotonic(), len(vendor.accepted())
        taken = seconds_until(server, began, lambda: len(vendor.accepted()) >= size)
        rate = (size - before) / taken
        seconds_until(server, began, lambda: count(server, "status = 'submitted'") >= size)
        return figures("dispatch, 50 ms a call, 16 at once: messages/s", rate, 0.8 * PARALLEL / 0.05,
                       cpu_s_per_1000=round((cpu_seconds(server) - cpu) * 1000 / size, 2))


def send_for(server: Server, customer: Customer, concurrency: int, *, seconds: float | None = None,
             size: int | None = None) -> list[float]:
    """Single sends from as many connections; seconds that each answer took."""
    end = time.monotonic() + (seconds or 1e9)

    def work(worker: int) -> list[float]:
        taken: list[float] = []
        with Wire(server.port, customer) as wire:
            index = worker
            while time.monotonic() < end and (size is None or index < size):
                began = time.monotonic()
                try:
                    answer = wire.send(number(index), f"Hello {index}")
                except (OSError, http.client.HTTPException):
                    continue
                assert answer.status == 200, answer
                taken.append(time.monotonic() - began)
                index += concurrency
        return taken

    with ThreadPoolExecutor(concurrency) as pool:
        return [each for done in pool.map(work, range(concurrency)) for each in done]


def bench_singles(seconds: float) -> list[dict]:
    """c=32 through a gateway of 200 ms: accepted and submitted."""
    with serving() as (folder, server), VendorServer(folder, "0.2") as vendor:
        customer = live_customer(server, vendor.url, parallel=PARALLEL)
        began = time.monotonic()
        answers = send_for(server, customer, 32, seconds=seconds)
        submitted = count(server, "status = 'submitted'") / (time.monotonic() - began)
        load = summary(answers, seconds, errors=0)
        return [figures("single sends, c=32, 200 ms a call: accepted and submitted/s", submitted, 70,
                        accepted_per_second=round(load.per_second, 1)),
                figures("the same: p99 ms of the answer, at most", load.p99_ms, 1000, at_least=False)]


def bench_smpp(size: int) -> list[dict]:
    """Window 50, receipts for all: delivered, by a bulk and by single API calls."""
    smsc = ReceiptSmsc().start()
    try:
        with serving() as (_, server):
            server.command("gateway", "set", "smsc", "--type", "smpp", "--option", "host=127.0.0.1", "--option",
                           f"port={smsc.port}", "--option", "system_id=wesend", "--option", "window=50",
                           "--secret", "password=p")
            customer = customer_of(server, "smsc")
            found = []
            began, cpu = time.monotonic(), cpu_seconds(server)
            answers = send_for(server, customer, 8, size=size)
            accepted = time.monotonic() - began
            taken = seconds_until(server, began, lambda: count(server, "status = 'delivered'") >= size)
            found.append(figures("SMPP, window 50, single sends at c=8: delivered/s (for comparison)", size / taken, 0,
                                 accepted_per_second=round(size / accepted, 1),
                                 p99_ms=round(summary(answers, taken, errors=0).p99_ms, 1),
                                 cpu_s_per_1000=round((cpu_seconds(server) - cpu) * 1000 / size, 2)))
            began, cpu = time.monotonic(), cpu_seconds(server)
            for start in range(size, 2 * size, A_CALL):
                with Wire(server.port, customer) as wire:
                    numbers = [number(index) for index in range(start, min(start + A_CALL, 2 * size))]
                    assert wire.send(numbers, "Hello all").status == 200
            taken = seconds_until(server, began, lambda: count(server, "status = 'delivered'") >= 2 * size)
            found.append(figures("SMPP, window 50, 500 recipients a call: accepted by API and delivered/s", size / taken,
                                 1500,
                                 cpu_s_per_1000=round((cpu_seconds(server) - cpu) * 1000 / size, 2)))
            return found
    finally:
        smsc.stop()
        smsc.close()


def figures(bar: str, measured: float, limit: float, *, at_least: bool = True, **more) -> dict:
    return {"bar": bar, "limit": limit, "measured": round(measured, 1),
            "held": measured >= limit if at_least else measured <= limit, **more}


def main(arguments: list[str] | None = None) -> int:
    """0; a bar that is not held is told, not punished: machines differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateways", description=__doc__)
    parser.add_argument("--only", choices=("dispatch", "singles", "smpp"), help="one of them")
    parser.add_argument("--messages", type=int, default=4000, help="messages a bulk (4000)")
    parser.add_argument("--seconds", type=float, default=10, help="of single sends (10)")
    parser.add_argument("--json", metavar="FILE", help="write the figures here, too")
    given = parser.parse_args(arguments)
    found: list[dict] = []
    if given.only in (None, "dispatch"):
        found.append(bench_dispatch(given.messages))
    if given.only in (None, "singles"):
        found += bench_singles(given.seconds)
    if given.only in (None, "smpp"):
        found += bench_smpp(given.messages)
    for row in found:
        rest = {key: value for key, value in row.items() if key not in ("bar", "limit", "measured", "held")}
        print(f"{'held    ' if row['held'] else 'NOT HELD'}  {row['bar']}: {row['measured']:g} (bar {row['limit']:g})"
              + (f"  {rest}" if rest else ""))
    if given.json:
        Path(given.json).write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
