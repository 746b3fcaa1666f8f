"""A large personalised bulk from CSV to receipts, and what goes on beside it: single sends, the write lock, memory."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from tests.support.server import Server

from ..support.published import WALLETS
from . import write_lock
from .beside import PeakMemory, SingleSends
from .figure import Figure, Yardstick, figure
from .serving import HEADERS, memory_mb, serving
from .sizes import Sizes
from .yardsticks import bare_rows

TEXT = "Hi {{name}}, your balance in {{city}} is {{due}}. Thank you."
ROWS = "bare sqlite3, the same rows"
PRICE = 4  # credits a message, at most


def bench(sizes: Sizes) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        holds = Path(folder) / "holds"
        with serving(("-m", write_lock.__name__, str(holds))) as (_, server):
            yield from _measure(server, sizes.contacts, holds)


def _measure(server: Server, size: int, holds: Path) -> Iterator[Figure]:
    server.run("wallet", "credit", WALLETS["esms"][0], str(size * PRICE))
    idle, scale = memory_mb(server), size / 100_000
    with SingleSends(server.url) as before:
        time.sleep(min(3, 20 * scale))
    with PeakMemory(server) as memory, SingleSends(server.url) as beside:
        uploaded, group = call(server, "POST", "/contact-lists", files={"file": ("customers.csv", csv_of(size))})
        body = {"contact_list_ids": [group["id"]], "text": TEXT}
        checked, said = call(server, "POST", "/messages/bulk-precheck", json=body)
        accepted, sent = call(server, "POST", "/messages/send-bulk", json=body)
        if (group["count"], sent["estimated_cost"]) != (size, said["total_cost"]):
            raise RuntimeError("the bulk is not what was said")
        dispatched = seconds_until_settled(server, sent["batch_id"])
    server.kill()
    bare, longest = bare_rows(server.instance / "wesend.db")
    rows = Yardstick(ROWS, bare)
    yield figure(f"CSV upload of {size:,} contacts", uploaded, "s", at_most=6 * scale, beside=rows)
    yield figure("pre-check", checked, "s", at_most=4 * scale, beside=rows)
    yield figure("accept", accepted, "s", at_most=6 * scale, beside=rows)
    yield figure("dispatch, settled", size / dispatched, "/s", at_least=2500, beside=Yardstick(ROWS, size / bare))
    yield figure(
        "single sends meanwhile, p99",
        beside.p99(),
        "ms",
        at_most=150,
        beside=Yardstick("those before it", before.p99()),
        sends=len(beside.spent),
    )
    held = write_lock.read(holds)
    yield figure(
        "write lock, longest hold",
        held[-1].wall,
        "ms",
        at_most=50,
        beside=Yardstick(f"{ROWS}, a chunk", longest * 1000),
        cpu_ms_of_it=held[-1].cpu,
        longest_cpu_ms=max(hold.cpu for hold in held),
        over_5_ms=len(held),
        over_50_ms=sum(hold.wall > 50 for hold in held),
    )
    yield figure("peak memory of the server (PSS)", memory.peak, "MB", at_most=300, beside=Yardstick("its own, idle", idle))


def call(server: Server, method: str, path: str, **options) -> tuple[float, dict]:
    """Seconds, and the answer."""
    start = time.perf_counter()
    answer = requests.request(method, f"{server.url}/api{path}", headers=HEADERS, timeout=300, **options)
    answer.raise_for_status()
    return time.perf_counter() - start, answer.json()


def seconds_until_settled(server: Server, batch: str) -> float:
    start = time.perf_counter()
    server.wait_until(
        lambda: call(server, "GET", f"/messages/batch/{batch}")[1]["queued"] == 0,
        600,
        "the bulk does not come to its end",
        every=0.2,
    )
    return time.perf_counter() - start


def csv_of(size: int) -> str:
    return "phone,name,city,due\n" + "".join(
        f"+25677{2_000_000 + index},Customer {index},Kampala,{index * 7} UGX\n" for index in range(size)
    )
