"""The SMPP server on loopback: two binds with a window of 50 submit as fast as they are answered, then take their receipts."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from statistics import median, quantiles

from tests.support.live import number
from tests.support.server import Server, free_port
from tests.support.smpp_client import DELIVER, RECEIVER, RESPONSE, SUBMIT, TRANSMITTER, Client, submit_body

from .figure import Figure, figure
from .serving import serving
from .sizes import Sizes

BINDS, WINDOW = 2, 50
ACCEPTED, P99_MS, RECEIPTS = 1000, 150, 1000


class Submitting(threading.Thread):
    """``answered``: seconds that each acknowledged submit_sm took."""

    def __init__(self, port: int, key: dict, seconds: float):
        super().__init__()
        self.client = Client(port).bind(key, TRANSMITTER)
        self.seconds, self.answered = seconds, list[float]()

    def run(self) -> None:
        out, sent = deque[tuple[int, float]](), 0
        end = time.monotonic() + self.seconds
        with self.client as client:
            while out or time.monotonic() < end:
                while len(out) < WINDOW and time.monotonic() < end:
                    body = submit_body(number(sent % 1000).removeprefix("+"), b"Hello from a bind", registered=1)
                    out.append((client.send(SUBMIT, body), time.monotonic()))
                    sent += 1
                if out:
                    sequence, began = out.popleft()
                    assert client.answer_of(sequence).status == 0
                    self.answered.append(time.monotonic() - began)


def bench(sizes: Sizes) -> Iterator[Figure]:
    port = free_port()
    with serving(WESEND_SMPP_PORT=str(port), WESEND_SANDBOX_DELAY="0") as (_, server):
        account = str(server.command("account", "create", "Bench", "--countries", "all")["account_id"])
        wallet = server.command("wallet", "create", "--account", account, "--currency", "UGX", "--sandbox")["wallet_id"]
        server.command("wallet", "credit", wallet, "1000000000")
        of_key = ("--account", account, "--wallet", wallet, "--api", "smpp")
        key = server.command("key", "create", *of_key, "--binds", "9", "--tps", "10000", "--window", str(WINDOW))
        rates, p99s, receipts = [], [], []
        for _ in range(sizes.rounds):
            threads = [Submitting(port, key, sizes.seconds) for _ in range(BINDS)]
            began = time.monotonic()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = [seconds for thread in threads for seconds in thread.answered]
            rates.append(len(took) / (time.monotonic() - began))
            p99s.append(1000 * quantiles(took, n=100)[98])
            receipts.append(_receipts(server, port, key, len(took)))
        assert server.command("audit")["ok"]
        yield figure("submit_sm acknowledged (2 binds, window 50)", median(rates), "/s", at_least=ACCEPTED)
        yield figure("submit_sm: p99 of the answer", median(p99s), "ms", at_most=P99_MS)
        yield figure("receipts taken by a bind", median(receipts), "/s", at_least=RECEIPTS)


def _receipts(server: Server, port: int, key: dict, count: int) -> float:
    """Those of all that were accepted, once they are there."""
    waiting = "SELECT count(*) FROM smpp_deliveries"
    server.wait_until(lambda: server.query(waiting)[0][0] >= count, 120, "the receipts are not there")
    began = time.monotonic()
    with Client(port).bind(key, RECEIVER) as client:
        for _ in range(count):
            got = client.read()
            if got.command == DELIVER:
                client.send(DELIVER | RESPONSE, b"\0", sequence=got.sequence)
    return count / (time.monotonic() - began)
