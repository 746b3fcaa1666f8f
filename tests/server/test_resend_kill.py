"""kill -9 while carriers tell of failures and what failed goes by another: once more at most, nothing lost, nothing given back."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress

from tests.bench.carriers import LIKE_A_CODED_ONE
from tests.support.forked import ForkedServer
from tests.support.live import RICH, live_customer, number, queue_bulk
from tests.support.server import Server
from tests.support.vendor_files import write_file
from tests.support.vendor_server import VendorServer

MESSAGES, KILLS, BATCH, PARALLEL = 1200, 12, 10, 2
EVERYTHING = 4  # of so many kills one is of the whole server, the others of its workers
IN_BATCHES = LIKE_A_CODED_ONE.replace("batch = 100", f"batch = {BATCH}")
ROUTE = ("--country", "UG", "--price", "35", "--currency", "UGX")


def test_kills_in_the_middle_of_resends_send_once_more_at_most_and_lose_and_refund_nothing(new_instance, tmp_path):
    instance = new_instance()
    write_file(instance, IN_BATCHES)
    fails = IN_BATCHES.replace('name = "acme"', 'name = "fails"').replace('Success = "delivered"', 'Success = "failed"')
    write_file(instance, fails, "fails")
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with (
        VendorServer(tmp_path / "first") as first,
        VendorServer(tmp_path / "second", "0.02") as second,
        ForkedServer(instance) as server,
    ):
        customer = live_customer(server, first.url, kind="fails", parallel=PARALLEL)
        server.command("route", "set", "LIVE", *ROUTE, "--gateway", "at", "--priority", "-1", "--resend-undelivered")
        given = [
            f"--option={name}={value}" for name, value in {"username": "u", "base_url": second.url, "parallel": PARALLEL}.items()
        ]
        server.command("gateway", "set", "other", "--type", "acme", *given, "--secret", "api_key=k")
        server.command("route", "set", "OTHER", *ROUTE, "--gateway", "other")
        queue_bulk(server.instance, customer.wallet, MESSAGES, alike=True)
        for round_number in range(1, KILLS + 1):
            goal = MESSAGES * round_number // (KILLS + 3)
            server.wait_until(lambda goal=goal: second.count() >= goal, 90, "nothing is sent again", every=0.004)
            kill(server, round_number)
        server.wait_until(
            lambda: server.query("SELECT count(*) FROM messages WHERE status NOT IN ('delivered', 'unknown')") == [(0,)],
            90,
            "messages are left",
        )
        assert_whole(server, first, second)


def kill(server: Server, round_number: int) -> None:
    if round_number % EVERYTHING:
        for pid in server.workers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    else:
        server.kill()
        server.end_leases()
        server.start()


def assert_whole(server: Server, first: VendorServer, second: VendorServer) -> None:
    assert server.command("audit")["ok"]
    once, again = Counter(first.accepted()), Counter(second.accepted())
    assert set(once.values()) == set(again.values()) == {1}, "a carrier got it twice"
    assert again.keys() <= once.keys() <= {number(index) for index in range(MESSAGES)}
    statuses = Counter(dict(server.query("SELECT status, count(*) FROM messages GROUP BY status")))
    delivered = {row[0] for row in server.query("SELECT recipient FROM messages WHERE status = 'delivered'")}
    assert statuses.total() == MESSAGES and delivered <= again.keys(), "what is said to be delivered went by the second carrier"
    assert statuses["unknown"] <= 2 * PARALLEL * BATCH * KILLS
    rerouted = server.query("SELECT message_id, count(*) FROM message_events WHERE event = 'rerouted' GROUP BY message_id")
    assert {times for _, times in rerouted} == {1} and len(rerouted) >= len(again)
    assert server.query("SELECT count(*) FROM ledger_entries WHERE kind = 'refund'") == [(0,)]
    assert server.query("SELECT balance_micros FROM wallets ORDER BY id DESC LIMIT 1") == [
        ((int(RICH) - 35 * MESSAGES) * 1_000_000,)
    ]
