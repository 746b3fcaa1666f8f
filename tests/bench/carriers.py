"""The engine that vendors' files work by: beside a coded adapter of the same shape, and asking for many receipts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.conftest import close, make_app
from tests.support.domain import make_route, make_wallet, send
from tests.support.vendor_files import write_file
from tests.support.vendor_server import VendorServer
from wesend.adapters.sms.africastalking import AfricasTalking
from wesend.adapters.sms.base import SmsGateway, Submission
from wesend.adapters.sms.engine.loader import parse
from wesend.adapters.sms.engine.types import vendor_type
from wesend.core import clock
from wesend.database import query, write
from wesend.gateways import service
from wesend.messages.receipts import polling

from .figure import Figure, Yardstick, figure
from .serving import instance_of
from .sizes import Sizes

LIKE_A_CODED_ONE = """
format = 1
name = "acme"
label = "As Africa's Talking"
[options.base_url]
kind = "url"
[options.username]
[secrets.api_key]
[auth]
kind = "header"
name = "apiKey"
value = "{api_key}"
[send]
url = "{base_url}/version1/messaging"
content_type = "form"
batch = 100
join = ","
body = { username = "{username}", to = "{to_list}", message = "{text}", bulkSMSMode = "1", enqueue = "1", from = "{sender}" }
[answer.item]
path = "SMSMessageData.Recipients"
to = "number"
code = "statusCode"
codes = { 100 = "accepted", 101 = "accepted", 102 = "accepted", 401 = "refused", 403 = "refused", 500 = "temporary" }
id = "messageId"
cost = "cost"
error = "status"
[poll]
url = "{base_url}/report/{id}"
status = "status"
words = { Success = "delivered", Failed = "failed" }
first = 1
gaps = [1]
"""
GIVEN = {"username": "acme"}, {"api_key": "k"}
CALLS, BATCH, ROUNDS = 300, 20, 5
POLL_DELAY, POLLED = "0.05", 10_000


def bench(sizes: Sizes) -> Iterator[Figure]:
    yield bench_engine()
    yield bench_polls(min(POLLED, 10 * sizes.queued))


def bench_engine() -> Figure:
    """Calls of 20 messages, one after the other, alternating; the median of the rounds."""
    with instance_of() as folder, VendorServer(folder) as vendor:
        coded = _made(AfricasTalking, vendor.url)
        from_file = _made(vendor_type(parse(LIKE_A_CODED_ONE.encode(), "acme.toml")), vendor.url)
        took: dict[str, list[float]] = {"coded": [], "file": []}
        for _ in range(ROUNDS):
            took["coded"].append(_microseconds(coded))
            took["file"].append(_microseconds(from_file))
    beside = Yardstick("the coded adapter", statistics.median(took["coded"]))
    took_by_file = statistics.median(took["file"])
    return figure("a call of 20 messages by a vendor's file", took_by_file, "us", at_most_times=1.15, beside=beside)


def _made(kind: Callable[..., SmsGateway], url: str) -> SmsGateway:
    options, secrets = GIVEN
    return kind("g", {**options, "base_url": url}, secrets, timeout=10, callback_url="http://127.0.0.1/")


def _microseconds(gateway: SmsGateway) -> float:
    messages = [Submission(n, f"ref-{n}", f"+25677{1_000_000 + n}", "Hello", None, 1, "GSM-7", 1) for n in range(BATCH)]
    began = time.perf_counter()
    for _ in range(CALLS):
        assert {outcome.kind for outcome in gateway.submit(messages)} == {"accepted"}
    return (time.perf_counter() - began) / CALLS * 1e6


def bench_polls(size: int) -> Figure:
    """As whoever runs the jobs asks: a page after the other, 16 calls at once."""
    with instance_of() as folder, VendorServer(folder, POLL_DELAY) as vendor:
        seconds = poll_many(folder / "instance", vendor.url, size)
    beside = Yardstick("calls of 50 ms, 16 at once", size * float(POLL_DELAY) / 16)
    return figure(f"asking for {size:,} receipts, 50 ms a call", seconds, "s", at_most=60 * size / POLLED, beside=beside)


def poll_many(instance: Path, url: str, size: int) -> float:
    """Seconds until each of so many submitted messages is delivered."""
    write_file(instance, LIKE_A_CODED_ONE)
    app = make_app(instance)
    with app.app_context():
        service.set_gateway("acme1", "acme", {"base_url": url, "username": "acme"}, {"api_key": "k"}, actor="bench")
        _submitted(size)
        began = time.monotonic()
        while polling.poll_due(gateway="acme1"):
            pass
        taken = time.monotonic() - began
        assert query("SELECT count(*) FROM messages WHERE status = 'delivered'")[0][0] == size
    close(app)
    return taken


def _submitted(size: int) -> None:
    """Messages that the gateway has, whose time to be asked about has come."""
    make_route("ACME", "acme1", priority=-9)
    wallet = make_wallet("100000000")
    for first in range(0, size, 1000):
        send(wallet, *(f"+25677{1_000_000 + first + n}" for n in range(min(1000, size - first))))
    now = clock.now_ms()
    write(
        lambda tx: tx.execute(
            "UPDATE messages SET status = 'submitted', gateway_ref = 'a' || id, submitted_at = ?, poll_at = ?, expires_at = ?",
            (now, now - 1, now + clock.DAY),
        )
    )
    write(lambda tx: tx.execute("UPDATE batches SET submitted = queued, queued = 0"))
