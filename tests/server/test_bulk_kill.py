"""kill -9 of the whole server while a bulk is taken in and while it is dispatched: all of it or none, money included."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from ..support.domain import NUMBERS
from ..support.forked import ForkedServer
from ..support.published import CREDENTIALS
from ..support.server import Server

AUTH = {"Authorization": f"Bearer {CREDENTIALS['esms'].secret}"}
COST_MICROS = 1_213_000  # a segment to Uganda, in KES
OPENING_MICROS = 50_000_000_000
LARGE, SMALL = 10_000, 3_000


@pytest.fixture
def server(instance):
    instance.chmod(0o700)
    with ForkedServer(instance, WESEND_SANDBOX_DELAY="0") as server:
        yield server


def ask(server: Server, sql: str) -> list[tuple]:
    """Read beside the server."""
    connection = sqlite3.connect(f"file:{server.instance / 'wesend.db'}?mode=ro", uri=True, timeout=15)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def count(server: Server, condition: str = "1") -> int:
    return ask(server, f"SELECT count(*) FROM messages WHERE {condition}")[0][0]


def balance(server: Server) -> int:
    return ask(server, "SELECT balance_micros FROM wallets WHERE uid = 'wal_sandbox_esms'")[0][0]


def end_leases(instance: Path) -> None:
    """As if the machine had been down for a minute."""
    connection = sqlite3.connect(instance / "wesend.db", timeout=15)
    for table in ("messages", "batches", "idempotency_keys"):
        connection.execute(f"UPDATE {table} SET lease_until = 1 WHERE lease_until IS NOT NULL")
    connection.commit()
    connection.close()


def kill_and_restart(server: Server) -> None:
    server.kill()
    end_leases(server.instance)
    server.start()


def upload(server: Server, size: int) -> int:
    csv = "phone,name\n" + "".join(f"{phone},Ann\n" for phone in NUMBERS[:size])
    answer = requests.post(f"{server.url}/api/contact-lists", headers=AUTH, files={"file": ("a.csv", csv)}, timeout=60)
    assert answer.json()["count"] == size, answer.text
    return answer.json()["id"]


class Call(threading.Thread):
    """A request that may never be answered."""

    def __init__(self, server: Server, body: dict):
        super().__init__(daemon=True)
        self.server, self.body = server, body
        self.answer: requests.Response | None = None
        self.start()

    def run(self) -> None:
        with suppress(requests.RequestException):
            self.answer = requests.post(
                f"{self.server.url}/api/messages/send-bulk",
                json=self.body,
                timeout=60,
                headers={**AUTH, "Idempotency-Key": "campaign-1"},
            )


def later() -> str:
    return (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_kill_during_intake_leaves_all_of_the_bulk_or_none(server):
    body = {
        "contact_list_ids": [upload(server, LARGE)],
        "text": "Hi {{name}}",
        "schedule_mode": "scheduled",
        "scheduled_at": later(),
    }
    cut_short = 0
    for written in (1, LARGE // 2, LARGE - 1000):
        call = Call(server, body)
        wait_closely(lambda written=written, call=call: not call.is_alive() or count(server) >= written)
        server.kill()
        call.join()
        states = [state for (state,) in ask(server, "SELECT state FROM batches ORDER BY id")]
        cut_short += states[-1] == "intake"
        end_leases(server.instance)
        server.start()
        server.wait_until(
            lambda: ask(server, "SELECT 1 FROM batches WHERE state = 'intake'") == [] and count(server) in (0, LARGE),
            60,
            "the bulk was neither finished nor undone",
        )
        if count(server):
            assert states[-1] == "open", "what was cut short is undone, never finished without its request"
            break
        assert balance(server) == OPENING_MICROS
        assert requests.get(f"{server.url}/api/messages", headers=AUTH, timeout=30).json()["total"] == 0
    assert cut_short, "no kill came while the bulk was written"
    answers = [Call(server, body) for _ in range(2)]
    for call in answers:
        call.join()
    assert 200 in {call.answer.status_code for call in answers if call.answer is not None}
    assert count(server) == LARGE and balance(server) == OPENING_MICROS - LARGE * COST_MICROS
    assert server.command("audit")["ok"]


def wait_closely(condition) -> None:
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)


def test_kills_during_dispatch_lose_nothing_and_submit_nothing_twice(server):
    call = Call(server, {"contact_list_ids": [upload(server, SMALL)], "text": "Hi {{name}}"})
    for submitted in (1, SMALL // 3, 2 * SMALL // 3):
        wait_closely(lambda submitted=submitted: count(server, "status IN ('submitted', 'delivered')") >= submitted)
        if submitted == 1:
            call.join()
            assert call.answer is not None and call.answer.status_code == 200
        kill_and_restart(server)
    server.wait_until(lambda: count(server, "status <> 'delivered'") == 0, 60, "messages did not find their end")
    assert count(server) == SMALL and balance(server) == OPENING_MICROS - SMALL * COST_MICROS
    assert (
        ask(server, "SELECT message_id FROM message_events WHERE event IN ('submitted', 'unknown') GROUP BY 1 HAVING count(*) > 1")
        == []
    ), "one submission each, certain or not"
    assert ask(server, "SELECT state, delivered FROM batches") == [("finished", SMALL)]
    assert server.command("audit")["ok"]
