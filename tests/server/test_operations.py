"""On a real server: workers' counts add up, logs are JSON without secrets, backups are whole amid a storm of sends."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.support.forked import ForkedServer
from tests.support.server import Server
from tests.support.wire import PUBLISHED, Wire, new_customer

REQUESTS = 40


@pytest.fixture(scope="module")
def server(new_instance) -> Iterator[Server]:
    with ForkedServer(new_instance(), WESEND_SANDBOX_DELAY="0", WESEND_LOG="json") as server:
        server.wait_until(lambda: len(server.workers()) == 2, 30, "gunicorn did not start two workers")
        yield server


def scrape(server: Server) -> dict[tuple, float]:
    answer = requests.get(f"{server.url}/metrics", timeout=30)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def logged(server: Server) -> list[dict]:
    """The JSON lines; `up` itself prints for people."""
    return [json.loads(line) for line in server.output().splitlines() if line.startswith("{")]


def test_whichever_worker_is_asked_the_counts_of_all_are_told(server):
    name = ("wesend_http_request_seconds_count", "sandbox.list_messages", "200")
    before = scrape(server).get(name, 0)
    for _ in range(REQUESTS):
        assert requests.get(f"{server.url}/sandbox/messages", timeout=30).status_code == 200
    assert len({line["pid"] for line in logged(server) if line.get("endpoint") == "sandbox.list_messages"}) == 2
    assert {scrape(server)[name] - before for _ in range(10)} == {REQUESTS}


def test_what_was_sent_is_told_by_every_worker_and_the_scheduler_is_up(server):
    customer = new_customer(server, "1000")
    with Wire(server.port, customer) as wire:
        for _ in range(3):
            assert wire.send("+256771000001").status == 200
    name = ("wesend_messages_total", "wesendall", "sandbox", "delivered")
    server.wait_until(lambda: scrape(server).get(name) == 3, 30, "deliveries are not counted")
    found = scrape(server)
    assert found["wesend_messages_total", "wesendall", "sandbox", "submitted"] == 3
    assert found["wesend_scheduler_up",] == 1 and found["wesend_scheduler_lag_seconds",] < 30


def test_a_request_that_gunicorn_can_not_read_is_logged_without_what_was_in_it(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"GET /t/s3cr3t HTTP/1.1\r\nHost: x\r\nAuthorization Basic s3cr3t\r\n\r\n")
        assert b" 400 " in connection.recv(200)
    server.wait_until(lambda: any("Invalid request" in line["message"] for line in logged(server)), 30, "nothing is logged")
    assert "s3cr3t" not in server.output()


def test_no_line_holds_credentials_texts_or_numbers(server):
    with Wire(server.port) as wire:
        wire.send("+256771555555", "Your code is 998877")
    server.wait_until(
        lambda: any(
            line.get("endpoint") == "wesendall.sms.send" or line.get("path") == "/api/v1/sms/send" for line in logged(server)
        ),
        30,
        "the send is not logged",
    )
    lines = json.dumps(logged(server))
    assert [part for part in (PUBLISHED.secret, "998877", "771555555") if part in lines] == []


class Storm:
    """Sends by several threads until it ends."""

    def __init__(self, server: Server, customer):
        self.server, self.customer = server, customer
        self.stopping, self.sent = threading.Event(), 0
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(4)]

    def _run(self) -> None:
        with Wire(self.server.port, self.customer) as wire:
            while not self.stopping.is_set():
                with suppress(OSError):
                    self.sent += wire.send("+256771000001").status == 200

    def __enter__(self) -> Storm:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)


def test_backups_amid_a_storm_are_whole_and_the_sends_go_on(server, tmp_path):
    customer = new_customer(server, "1000000")
    seen = 0
    with Storm(server, customer) as storm:
        for number in range(3):
            goal = storm.sent + 50
            server.wait_until(lambda goal=goal: storm.sent >= goal, 60, "the storm does not rage")
            file = tmp_path / f"{number}.db"
            assert server.command("backup", str(file))["bytes"] == file.stat().st_size
            taken = whole(file)
            assert taken > seen
            seen = taken
    assert server.command("audit")["ok"]


def whole(file) -> int:
    """Messages in a backup of which everything agrees: each balance with its ledger, each batch with its messages."""
    with closing(sqlite3.connect(file)) as connection:

        def rows(sql):
            return connection.execute(sql).fetchall()

        assert rows("PRAGMA integrity_check") == [("ok",)] and rows("PRAGMA foreign_key_check") == []
        assert (
            rows(
                "SELECT uid FROM wallets w WHERE balance_micros <> (SELECT coalesce(sum(amount_micros), 0)"
                " FROM ledger_entries WHERE wallet_id = w.id)"
            )
            == []
        )
        assert rows("SELECT id FROM batches b WHERE total <> (SELECT count(*) FROM messages WHERE batch_id = b.id)") == []
        return rows("SELECT count(*) FROM messages")[0][0]


def test_a_restore_is_refused_while_it_serves_and_starts_paused_afterwards(new_instance, tmp_path):
    file = tmp_path / "kept.db"
    server = ForkedServer(new_instance(), WESEND_SANDBOX_DELAY="0", WESEND_SCHEDULER="0", WESEND_WORKERS="1")
    with server:
        server.run("backup", str(file))
        with pytest.raises(AssertionError, match="A server runs"):
            server.run("restore", str(file))
        server.stop()
    assert server.run("restore", str(file))["dispatch"] == "paused"
    server.environment.pop("WESEND_SCHEDULER")
    with server:
        told = requests.get(f"{server.url}/healthz", timeout=30).json()
        assert told["dispatch"] == "paused" and "Restored from kept.db" in told["reason"]
        assert "DISPATCH IS PAUSED" in server.output() and "wesend resume" in server.output()
        with Wire(server.port) as wire:
            assert wire.send("+256771000001").status == 200
        assert server.query("SELECT status FROM messages") == [("queued",)]
        server.run("resume")
        server.wait_until(lambda: server.query("SELECT status FROM messages") == [("delivered",)], 30, "it stays paused")


def test_the_clock_makes_backups_while_it_serves(new_instance, tmp_path):
    folder = tmp_path / "backups"
    with ForkedServer(new_instance(), WESEND_BACKUP_DIR=str(folder), WESEND_WORKERS="1") as server:
        server.wait_until(lambda: list(folder.glob("wesend-*.db")), 90, "no backup is made")
        (made,) = folder.glob("wesend-*.db")
        assert whole(made) == 0
