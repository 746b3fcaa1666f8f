"""kill -9 during dispatch through a vendor in a process of its own, which writes down every message that it accepts."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress

import pytest

from tests.bench.carriers import LIKE_A_CODED_ONE
from tests.support.forked import ForkedServer
from tests.support.live import live_customer, number, queue_bulk
from tests.support.server import Server
from tests.support.vendor_files import write_file
from tests.support.vendor_server import VendorServer

MESSAGES, KILLS, PARALLEL, LATENCY = 3000, 30, 12, "0.02"
PARALLEL_BATCHES = 2
EVERYTHING = 6  # of so many kills one is of the whole server, the others of its workers: a new one is forked at once


@pytest.fixture
def vendor(tmp_path):
    with VendorServer(tmp_path, LATENCY) as vendor:
        yield vendor


def kill_workers(server: Server) -> None:
    """kill -9 of all workers; their leases are over before gunicorn, which was held, starts others."""
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGSTOP)
    killed = server.workers()
    for pid in killed:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.wait_until(lambda: not server.workers() & killed, 30, "a worker outlived its kill", every=0.002)
    server.end_leases()
    os.kill(server.process.pid, signal.SIGCONT)


def kill(server: Server, round_number: int) -> None:
    if round_number % EVERYTHING:
        kill_workers(server)
    else:
        server.kill()
        server.end_leases()
        server.start()


def unknown(server: Server) -> int:
    """Messages of which nobody knows the fate, once what the last kill left has been looked at."""
    return server.query("SELECT count(*) FROM messages WHERE status = 'unknown'")[0][0]


def test_30_kills_send_nothing_twice_refund_nothing_that_was_accepted_and_leave_few_in_doubt(new_instance, vendor):
    with ForkedServer(new_instance()) as server:
        customer = live_customer(server, vendor.url, parallel=PARALLEL)
        queue_bulk(server.instance, customer.wallet, MESSAGES)
        for round_number in range(1, KILLS + 1):
            goal = MESSAGES * round_number // (KILLS + 3)
            server.wait_until(lambda goal=goal: vendor.count() >= goal, 90, "dispatch does not go on", every=0.004)
            kill(server, round_number)
        server.wait_until(
            lambda: server.query("SELECT count(*) FROM messages WHERE status NOT IN ('submitted', 'unknown')") == [(0,)],
            90,
            "messages are left",
        )
        statuses = Counter(dict(server.query("SELECT status, count(*) FROM messages GROUP BY status")))
        recipients = {
            status: {row[0] for row in server.query("SELECT recipient FROM messages WHERE status = ?", status)}
            for status in statuses
        }
        assert server.command("audit")["ok"]
        refunds = server.query("SELECT * FROM ledger_entries WHERE kind = 'refund'")
    got = Counter(vendor.accepted())
    assert set(got.values()) == {1}, "a recipient got it twice"
    assert statuses.total() == MESSAGES and statuses.keys() <= {"submitted", "unknown"}
    assert recipients["submitted"] <= got.keys(), "nobody took what is said to be submitted"
    assert got.keys() == {number(index) for index in range(MESSAGES)} - (recipients.get("unknown", set()) - got.keys())
    assert statuses["unknown"] <= PARALLEL * KILLS
    assert refunds == []


BATCH = 10
FROM_A_FILE = LIKE_A_CODED_ONE.replace("batch = 100", f"batch = {BATCH}")


def test_30_kills_through_a_vendors_file_that_takes_batches_and_is_asked_for_receipts(new_instance, vendor):
    instance = new_instance()
    write_file(instance, FROM_A_FILE)
    with ForkedServer(instance) as server:
        customer = live_customer(server, vendor.url, kind="acme", parallel=PARALLEL_BATCHES)
        queue_bulk(server.instance, customer.wallet, MESSAGES, alike=True)
        for round_number in range(1, KILLS + 1):
            goal = MESSAGES * round_number // (KILLS + 3)
            server.wait_until(lambda goal=goal: vendor.count() >= goal, 90, "dispatch does not go on", every=0.004)
            kill(server, round_number)
        server.wait_until(
            lambda: server.query("SELECT count(*) FROM messages WHERE status NOT IN ('delivered', 'unknown')") == [(0,)],
            90,
            "messages are left, or receipts are not asked for",
        )
        statuses = Counter(dict(server.query("SELECT status, count(*) FROM messages GROUP BY status")))
        delivered = {row[0] for row in server.query("SELECT recipient FROM messages WHERE status = 'delivered'")}
        assert server.command("audit")["ok"]
        refunds = server.query("SELECT * FROM ledger_entries WHERE kind = 'refund'")
    got = Counter(vendor.accepted())
    assert set(got.values()) == {1}, "a recipient got it twice"
    assert statuses.total() == MESSAGES and delivered <= got.keys()
    assert statuses["unknown"] <= PARALLEL_BATCHES * BATCH * KILLS
    assert refunds == []


def test_a_stop_in_the_middle_leaves_nothing_in_doubt(new_instance, vendor):
    with ForkedServer(new_instance()) as server:
        customer = live_customer(server, vendor.url, parallel=PARALLEL)
        queue_bulk(server.instance, customer.wallet, 400)
        for goal in (50, 150):
            server.wait_until(lambda goal=goal: vendor.count() >= goal, 60, "dispatch does not go on", every=0.004)
            server.stop()
            assert server.query("SELECT count(*) FROM messages WHERE status IN ('claimed', 'submitting')") == [(0,)]
            server.start()
        server.wait_until(
            lambda: server.query("SELECT count(*) FROM messages WHERE status <> 'submitted'") == [(0,)], 60, "messages are left"
        )
        assert unknown(server) == 0 and set(Counter(vendor.accepted()).values()) == {1}
