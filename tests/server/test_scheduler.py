"""Who runs the jobs: one process an instance folder, and another one at once when it dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
import requests

from tests.support.forked import ForkedServer
from tests.support.server import Server
from tests.support.wire import Wire

TAKE_OVER = 5  # seconds


@pytest.fixture(scope="module")
def server(new_instance) -> Iterator[Server]:
    with ForkedServer(new_instance(), WESEND_SANDBOX_DELAY="0") as server:
        server.wait_until(lambda: len(server.workers()) == 2, 30, "gunicorn did not start two workers")
        yield server


def health(server: Server) -> dict:
    return requests.get(f"{server.url}/healthz", timeout=10).json()


def send_and_wait_for_delivery(server: Server, number: str) -> None:
    with Wire(server.port) as wire:
        assert wire.send(number).status == 200
        server.wait_until(
            lambda: {m["status"] for m in wire.get("/sms/history", recipient=number)["messages"]} == {"delivered"},
            30,
            "nobody fetches receipts",
        )


def lock_holders(server: Server) -> list[int]:
    """The processes that the kernel says hold the scheduler's lock."""
    inode = (server.instance / "scheduler.lock").stat().st_ino
    with open("/proc/locks") as locks:
        rows = [line.split() for line in locks if " -> " not in line]
    return [int(row[4]) for row in rows if row[5].endswith(f":{inode}") and row[1] == "FLOCK" and row[3] == "WRITE"]


def kill(server: Server, worker: int) -> None:
    os.kill(worker, signal.SIGKILL)
    server.wait_until(lambda: worker not in server.workers(), 10, "a killed process lives on")


def test_one_of_two_workers_holds_the_lock_and_runs_the_jobs(server):
    assert lock_holders(server) == [server.scheduler()]
    assert server.scheduler() in server.workers()
    assert health(server)["scheduler"] == "running"
    send_and_wait_for_delivery(server, "+256771000001")


def test_when_the_holder_is_killed_another_takes_over_and_the_jobs_go_on(server):
    for round_number in range(2):
        holder, before = server.scheduler(), server.workers()
        kill(server, holder)
        server.wait_until(
            lambda holder=holder: lock_holders(server) and server.scheduler() != holder, TAKE_OVER, "nobody took over"
        )
        assert lock_holders(server) == [server.scheduler()]
        send_and_wait_for_delivery(server, f"+25677100001{round_number}")
        server.wait_until(
            lambda before=before: len(server.workers()) == 2 and server.workers() != before,
            30,
            "gunicorn did not start the worker again",
        )
    assert health(server) == {"status": "ok", "database": "ok", "scheduler": "running"}


def test_a_bulk_that_is_being_dispatched_is_finished_by_the_successor(server):
    recipients = [f"+25677{2_000_000 + index}" for index in range(1500)]
    with Wire(server.port) as wire:
        batch = wire.send(recipients).data["batch_id"]
    kill(server, server.scheduler())
    server.end_leases()
    server.wait_until(
        lambda: server.query("SELECT delivered FROM batches WHERE uid = ?", batch) == [(1500,)], 60, "the bulk was not finished"
    )


def test_without_a_scheduler_it_serves_says_so_and_leaves_the_jobs_to_another(new_instance):
    instance = new_instance()
    with ForkedServer(instance, WESEND_SCHEDULER="0", WESEND_SANDBOX_DELAY="0", WESEND_WORKERS="1") as idle:
        assert health(idle) == {"status": "ok", "database": "ok", "scheduler": "off"}
        with Wire(idle.port) as wire:
            assert wire.send("+256771000001").status == 200
        assert idle.scheduler() is None
        assert idle.query("SELECT status FROM messages") == [("submitted",)]
        with ForkedServer(instance, WESEND_SANDBOX_DELAY="0", WESEND_WORKERS="1") as busy:
            busy.wait_until(
                lambda: busy.query("SELECT status FROM messages") == [("delivered",)],
                30,
                "the other server's jobs did not fetch the receipt",
            )
            assert health(idle)["scheduler"] == "running"
