"""`python -m tests.bench.bulk`: a large personalised bulk from CSV to receipts, and lists at a million messages.

A real server with default settings; while it works, single sends go on beside it. Then, in this process, the pages.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import requests

from wesend import sandbox
from wesend.schema_version import bring_up_to_date

from ..conftest import close, make_app
from ..support.server import Server
from . import million

AUTH = million.HEADERS
TEXT = "Hi {{name}}, your balance in {{city}} is {{due}}. Thank you."


class Figure(NamedTuple):
    """What was measured, beside its bar: ``at_most`` or else at least; None for what has no bar."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    at_most: bool = True

    def line(self) -> str:
        if self.bar is None:
            return f"          {self.name}: {self.value:,.1f} {self.unit}"
        held = self.value <= self.bar if self.at_most else self.value >= self.bar
        return (f"{'held    ' if held else 'NOT HELD'}  {self.name}: {self.value:,.1f} {self.unit}"
                f" ({'<=' if self.at_most else '>='} {self.bar:,g})")


class Beside(threading.Thread):
    """Single sends, one after another and a pause between, until it is stopped; ``spent`` in milliseconds."""

    def __init__(self, url: str):
        super().__init__(daemon=True)
        self.url, self.stopping, self.spent, self.wrong = url, threading.Event(), [], 0

    def run(self) -> None:
        with requests.Session() as session:
            while not self.stopping.is_set():
                start = time.perf_counter()
                answer = session.post(f"{self.url}/api/messages/send", json={"to": "+254712345678", "text": "Hi"},
                                      headers=AUTH, timeout=60)
                self.spent.append((time.perf_counter() - start) * 1000)
                self.wrong += answer.status_code != 200
                self.stopping.wait(0.02)

    def p99(self) -> float:
        self.stopping.set()
        self.join()
        if self.wrong:
            raise RuntimeError(f"{self.wrong} single sends were refused")
        return statistics.quantiles(self.spent, n=100)[98]


class Memory(threading.Thread):
    """The most that the server's processes held together, in MB."""

    def __init__(self, leader: int):
        super().__init__(daemon=True)
        self.leader, self.peak, self.stopping = leader, 0.0, threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(0.05):
            self.peak = max(self.peak, sum(_rss_mb(pid) for pid in _group(self.leader)))


def _group(leader: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and int((folder / "stat").read_text().rsplit(")", 1)[1].split()[2]) == leader:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def _rss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024
    except (OSError, StopIteration):
        return 0.0


def csv_of(size: int) -> str:
    return "phone,name,city,due\n" + "".join(
        f"+25677{2_000_000 + index},Customer {index},Kampala,{index * 7} UGX\n" for index in range(size))


def measure_bulk(server: Server, size: int) -> list[Figure]:
    assert server.process is not None
    memory, beside = Memory(server.process.pid), Beside(server.url)
    memory.start()
    server.run("wallet", "credit", sandbox.WALLETS["esms"][0], str(size * 4))
    beside.start()

    def call(method: str, path: str, **options) -> tuple[float, dict]:
        start = time.perf_counter()
        answer = requests.request(method, f"{server.url}/api{path}", headers=AUTH, timeout=300, **options)
        answer.raise_for_status()
        return time.perf_counter() - start, answer.json()

    scale = size / 100_000
    uploaded, group = call("POST", "/contact-lists", files={"file": ("customers.csv", csv_of(size))})
    body = {"contact_list_ids": [group["id"]], "text": TEXT}
    checked, said = call("POST", "/messages/bulk-precheck", json=body)
    accepted, sent = call("POST", "/messages/send-bulk", json=body)
    if (group["count"], sent["estimated_cost"]) != (size, said["total_cost"]):
        raise RuntimeError("the bulk is not what was said")
    start = time.perf_counter()
    while call("GET", f"/messages/batch/{sent['batch_id']}")[1]["queued"]:
        time.sleep(0.2)
    dispatched = size / (time.perf_counter() - start)
    figures = [
        Figure(f"CSV upload of {size:,} contacts", uploaded, "s", 6 * scale), Figure("pre-check", checked, "s", 4 * scale),
        Figure("accept", accepted, "s", 6 * scale),
        Figure("dispatch, settled", dispatched, "messages/s", 2500, at_most=False),
        Figure("single sends meanwhile, p99", beside.p99(), "ms", 150), Figure("of them", len(beside.spent), "sends")]
    memory.stopping.set()
    return [*figures, Figure("peak memory of the server", memory.peak, "MB", 300)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bulk", description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000, help="contacts of the bulk (100,000)")
    parser.add_argument("--messages", type=int, default=million.TOTAL, help="messages for the lists (1,000,000); 0: none")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        fresh, folder = Path(name) / "fresh", Path(name) / "served" / "instance"
        fresh.mkdir()
        app = make_app(fresh)
        with app.app_context():
            bring_up_to_date()
            sandbox.ensure_sandbox()
        close(app)
        shutil.copytree(fresh, folder)
        folder.chmod(0o700)
        with Server(folder) as server:
            for figure in measure_bulk(server, given.contacts):
                print(figure.line(), flush=True)
        if given.messages:
            app = make_app(fresh)
            million.fill(app, given.messages)
            print(f"at {given.messages:,} messages, CPU in the server (median; the first; the slowest):")
            for timed in million.measure(app.test_client(), given.messages):
                print(Figure(timed.name, max(timed.first, timed.worst), "ms", million.BAR_MS).line()
                      + f"  [{timed.median:.1f}; {timed.first:.1f}; {timed.worst:.1f}]")
            with app.app_context():
                app.extensions["wesend.last_used"].flush()  # else its thread writes when the folder is gone
            close(app)
    return 0


if __name__ == "__main__":
    sys.exit(main())
