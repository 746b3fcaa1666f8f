"""Webhooks of a running server: killed between attempts, and one endpoint that hangs beside a healthy one."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ..support.forked import ForkedServer
from ..support.published import CREDENTIALS
from ..support.receiver import Posted, Receiver, answer, hang
from ..support.server import Server

KEYS = CREDENTIALS["wasambazie"]
HEADERS = {"X-API-PUBLIC-KEY": KEYS.public or "", "X-API-SECRET-KEY": KEYS.secret}
SENT_AT_ONCE = 100


@pytest.fixture
def server(instance: Path) -> Iterator[Server]:
    with ForkedServer(instance, WESEND_ALLOW_PRIVATE_URLS="1", WESEND_WEBHOOK_BACKOFF="0.2", WESEND_SANDBOX_DELAY="0") as made:
        yield made


def add(server: Server, url: str, format_name: str) -> int:
    account_id = server.command("sandbox")["account_id"]
    return server.command("webhook", "add", "--account", str(account_id), "--format", format_name, "--url", url)["webhook_id"]


def send(server: Server, to_number: str) -> str:
    answered = requests.post(
        f"{server.url}/v1/sms/send",
        headers=HEADERS,
        timeout=30,
        json={"to_number": to_number, "message": "Hello", "sender_id": "MYBRAND"},
    )
    assert answered.status_code == 201, answered.text
    return answered.json()["message_batch_id"]


def rows(instance: Path, sql: str, *parameters) -> list[tuple]:
    connection = sqlite3.connect(instance / "wesend.db", timeout=30)
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()


def finalised(posted: list[Posted]) -> Counter:
    return Counter(request.json["message_batch_id"] for request in posted)


def test_an_event_that_is_due_survives_kill_9_between_its_attempts(server, receiver, instance):
    add(server, receiver.url, "wasambazie")
    receiver.behave(answer(500))
    batch = send(server, "+255712345678")
    receiver.wait_for(2)
    server.kill()
    seen = len(receiver.posted)
    receiver.behave(answer(200))
    server.start()
    receiver.wait_for(seen + 1)
    Server.wait_until(
        lambda: rows(instance, "SELECT status FROM webhook_deliveries") == [("delivered",)], 20, "the 200 was not recorded"
    )
    assert set(finalised(receiver.posted)) == {batch}
    assert len({posted.headers["webhook-id"] for posted in receiver.posted}) == 1


def test_an_event_whose_post_was_cut_by_kill_9_comes_again(server, receiver, instance):
    add(server, receiver.url, "wasambazie")
    receiver.behave(hang, answer(200))
    send(server, "+255712345678")
    receiver.wait_for(1)
    server.kill()
    server.start()
    first, second = receiver.wait_for(2)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])


def test_kill_9_at_any_moment_loses_no_event_and_repeats_none_whose_200_was_recorded(server, receiver, instance):
    """Batches are sent while the server is killed again and again; every one of them is told of."""
    add(server, receiver.url, "wasambazie")
    batches: list[str] = []
    for _ in range(4):
        received = len(receiver.posted)
        batches += [send(server, f"+2557123456{index:02d}") for index in range(10)]
        receiver.wait_for(received + 1)
        server.kill()
        server.start()
    Server.wait_until(lambda: set(finalised(receiver.posted)) == set(batches), 40, "an event was lost")
    Server.wait_until(
        lambda: not rows(instance, "SELECT 1 FROM webhook_deliveries WHERE status <> 'delivered'"), 20, "not all were recorded"
    )
    ids = {posted.headers["webhook-id"] for posted in receiver.posted}
    assert len(ids) == len(batches), "each batch has one event, however often it was posted"
    recorded = {
        uid
        for (uid,) in rows(
            instance,
            "SELECT d.uid FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id WHERE a.status_code = 200",
        )
    }
    assert recorded == ids
    assert (
        rows(instance, "SELECT delivery_id FROM webhook_attempts WHERE status_code = 200 GROUP BY delivery_id HAVING count(*) > 1")
        == []
    )


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def test_a_thousand_events_reach_the_healthy_endpoint_beside_a_hanging_one(server, receiver, instance):
    """The bar is a p95 of 5 s; one endpoint that takes the 15 s of each attempt would make it minutes."""
    with Receiver() as hanging:
        hanging.behave(hang)
        slow, healthy = add(server, hanging.url, "wesendall"), add(server, receiver.url, "wesendall")
        given = CREDENTIALS["wesendall"]
        credentials = (given.public or "", given.secret)
        for start in range(0, 1000, SENT_AT_ONCE):
            numbers = [f"+25677{index:07d}" for index in range(2_000_000 + start, 2_000_000 + start + SENT_AT_ONCE)]
            answered = requests.post(
                f"{server.url}/api/v1/sms/send",
                timeout=60,
                auth=credentials,
                json={"walletId": "wal_sandbox_wesendall", "message": "Hi", "recipient": numbers},
            )
            assert answered.json()["data"]["successful"] == SENT_AT_ONCE
        receiver.wait_for(1000, seconds=60)
        Server.wait_until(
            lambda: (
                rows(instance, "SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = ? AND status = 'delivered'", healthy)
                == [(1000,)]
            ),
            30,
            "not recorded",
        )
        waited = [
            (at - created) / 1000
            for at, created in rows(
                instance,
                "SELECT a.at, d.created_at FROM webhook_attempts a JOIN webhook_deliveries d"
                " ON d.id = a.delivery_id WHERE d.endpoint_id = ?",
                healthy,
            )
        ]
        assert len(waited) == len({posted.headers["webhook-id"] for posted in receiver.posted}) == 1000
        assert percentile(waited, 0.95) < 5
        assert hanging.posted
        assert rows(instance, "SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = ? AND status = 'delivered'", slow) == [
            (0,)
        ]
