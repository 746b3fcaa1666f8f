"""Files that blow up, uploaded to a real server: refused soon, and its processes never hold more than 300 MB together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from ..bench.serving import memory_mb
from ..server.conftest import new_instance as new_instance
from ..support.published import CREDENTIALS
from ..support.server import Server
from ..support.workbooks import by_hand, cell

MOST_MB = 300
KEY = {"Authorization": f"Bearer {CREDENTIALS['esms'].secret}"}
MB = 2**20
ROW = b"<row>" + cell("phone") + cell("note") + b"</row>"


@pytest.fixture(scope="module")
def server(new_instance) -> Iterator[Server]:
    with Server(new_instance()) as server:
        yield server


class Peak:
    """The most that the server's processes have held together so far, in MB; what they share is counted once."""

    def __init__(self, server: Server):
        self.server, self.most, self.ended = server, 0.0, threading.Event()

    def watch(self) -> None:
        while not self.ended.wait(0.02):
            self.most = max(self.most, memory_mb(self.server))


@contextmanager
def watched(server: Server) -> Iterator[Peak]:
    peak = Peak(server)
    watcher = threading.Thread(target=peak.watch)
    watcher.start()
    try:
        yield peak
    finally:
        peak.ended.set()
        watcher.join()


def blocks(block: bytes, size: int) -> Iterator[bytes]:
    for _ in range(size // len(block)):
        yield block


FILES = {
    "a million columns": lambda: b",".join(b"c%d" % (n % 10) for n in range(1_000_000)) + b"\n0712345678\n",
    "a million empty columns": lambda: b"phone" + b"," * 1_000_000 + b"\n0712345678\n",
    "25,000 columns of 400 rows": lambda: (b"phone" + b",c" * 25_000 + b"\n") + (b"0712345678" + b",x" * 25_000 + b"\n") * 400,
    "25,000 cells below two columns": lambda: b"phone,name\n" + (b"0712345678" + b",x" * 25_000 + b"\n") * 400,
    "one line of 40 MB": lambda: b"phone\n" + b"x" * (40 * MB),
    "one quoted cell of 40 MB": lambda: b'phone\n"' + b"xxxxxxx\n" * (5 * MB),
    "long cells of wide letters": lambda: (
        "phone,a,b,c,d,e\n" + "".join(f"07{n:08}" + f",{'😀' * 3_900}" * 5 + "\n" for n in range(12_000_000, 12_000_200))
    ).encode(),
    "a workbook of 200 MB": lambda: by_hand(blocks(b" " * MB, 200 * MB)),
    "many texts": lambda: by_hand(ROW, strings=blocks(b"<si><t>a</t></si>" * 4096, 62 * MB)),
    "many cells": lambda: by_hand((ROW, b"<row>", *blocks(b"<c/>" * 16_384, 40 * MB))),
    "entities of entities": lambda: by_hand(
        ROW,
        prolog=b"<!DOCTYPE x [<!ENTITY a 'lol'>"
        + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
        + b"]>",
    ),
    "one text in every cell": lambda: by_hand(
        (ROW, *blocks((b"<row>" + cell("0", "s") * 4 + b"</row>") * 100, 20 * MB)), strings=b"<si><t>" + b"x" * 4000 + b"</t></si>"
    ),
}


def upload(server: Server, content: bytes) -> requests.Response:
    return requests.post(f"{server.url}/api/contact-lists", headers=KEY, files={"file": ("list.csv", content)}, timeout=60)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_blows_up_takes_little_memory_and_time(server, name):
    content = FILES[name]()
    with watched(server) as peak:
        answer = upload(server, content)  # within a minute, on whatever machine
    assert answer.status_code in (200, 400, 422), answer.text
    assert peak.most < MOST_MB
    assert server.health() == 200


def test_four_at_once_take_no_more(server):
    content = by_hand(ROW, strings=blocks(b"<si><t>" + b"x" * 4000 + b"</t></si>", 60 * MB))
    with watched(server) as peak:
        threads = [threading.Thread(target=upload, args=(server, content)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert peak.most < MOST_MB


def test_what_they_left_behind_is_nothing(server):
    assert [path.name for path in Path(server.instance).glob("uploads/*")] == []
    assert server.query("SELECT count(*) FROM groups WHERE state <> 'ready'") == [(0,)]
