"""The machine's clock is set, ahead and back, by an hour and by a day: everything goes on, and nothing waits for it to catch up."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import requests

from tests.support.moved_clock import MovedClock
from tests.support.receiver import answer
from tests.support.server import Server
from tests.support.wire import Wire

from ..support.published import CREDENTIALS

HOUR, DAY = 3600, 86400
SOON = 4.0  # seconds: the sandbox's one, the two that are promised, and one for a busy machine
ESMS = {"Authorization": f"Bearer {CREDENTIALS['esms'].secret}"}


@pytest.fixture(scope="module")
def moved(tmp_path_factory) -> MovedClock:
    return MovedClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def running(new_instance, moved) -> Iterator[Server]:
    with Server(
        new_instance(), WESEND_SANDBOX_DELAY="1", WESEND_ALLOW_PRIVATE_URLS="1", WESEND_WEBHOOK_BACKOFF="2", **moved.environment
    ) as server:
        yield server


@pytest.fixture
def server(running, moved) -> Iterator[Server]:
    """With the right clock, before and after."""
    yield running
    moved.set(0)
    let_it_be_seen()


@pytest.fixture
def wire(server) -> Iterator[Wire]:
    with Wire(server.port) as wire:
        yield wire


def let_it_be_seen() -> None:
    time.sleep(0.3)  # it is looked at ten times a second


def status(wire: Wire, number: str) -> set[str]:
    return {message["status"] for message in wire.get("/sms/history", recipient=number)["messages"]}


def is_delivered(server: Server, wire: Wire, number: str) -> None:
    server.wait_until(lambda: status(wire, number) == {"delivered"}, SOON, f"{number} waits: {status(wire, number)}")


@pytest.mark.parametrize("step", (-HOUR, HOUR, -DAY, DAY))
def test_messages_and_money_arrive_while_the_clock_is_wrong_and_after_it(server, wire, moved, step):
    numbers = [f"+25677{abs(step) + (step > 0):06d}{digit}" for digit in (1, 2, 3)]
    wire.send(numbers[0])
    moved.set(step)
    is_delivered(server, wire, numbers[0])
    let_it_be_seen()
    wire.send(numbers[1])
    deposit = wire.call("POST", "/account/topup", {"walletId": wire.customer.wallet, "amount": 500, "phone": "0772345678"})
    moved.set(0)
    is_delivered(server, wire, numbers[1])
    server.wait_until(
        lambda: wire.get(f"/account/topup/{deposit.data['deposit_id']}")["status"] == "successful", SOON, "the money does not come"
    )
    wire.send(numbers[2])
    is_delivered(server, wire, numbers[2])
    assert requests.get(f"{server.url}/healthz", timeout=10).json()["status"] == "ok"


def test_a_drip_keeps_its_pace_whatever_the_clock_does(server, moved):
    contacts = "phone\n" + "".join(f"+25671{number:07d}\n" for number in range(100, 135))
    uploaded = requests.post(f"{server.url}/api/contact-lists", headers=ESMS, files={"file": ("drip.csv", contacts)}, timeout=30)
    sent = requests.post(
        f"{server.url}/api/messages/send-bulk",
        headers=ESMS,
        timeout=30,
        json={"contact_list_ids": [uploaded.json()["id"]], "text": "Hello", "schedule_mode": "drip", "drip_rate": 600},
    )
    left = []

    def has_left(count: int) -> bool:
        left.append(
            server.query(
                "SELECT count(*) FROM messages WHERE recipient LIKE '+25671%' AND status NOT IN"
                " ('dripping', 'queued', 'claimed', 'submitting')"
            )[0][0]
        )
        return left[-1] >= count

    assert sent.status_code == 200, sent.text
    for step, count in ((-HOUR, 7), (0, 14), (DAY, 21), (0, 28), (0, 35)):
        server.wait_until(lambda count=count: has_left(count), SOON, f"the drip stands at {left[-1:]}", every=0.1)
        moved.set(step)
    assert max(after - before for before, after in pairwise(left)) <= 15


def test_what_is_due_by_the_right_clock_leaves_when_it_is_right(server, wire, moved):
    due = datetime.now(UTC) + timedelta(hours=1)
    requests.post(
        f"{server.url}/api/messages/send",
        headers=ESMS,
        timeout=30,
        json={
            "to": "+256712000777",
            "text": "Later",
            "schedule_mode": "scheduled",
            "scheduled_at": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    ).raise_for_status()
    moved.set(-DAY)
    let_it_be_seen()
    moved.set(HOUR + 1)
    server.wait_until(
        lambda: server.query("SELECT status FROM messages WHERE recipient = '+256712000777'")[0][0] not in ("scheduled", "queued"),
        3,
        "it did not leave",
    )


def test_a_webhook_is_tried_again_though_its_gap_was_reckoned_a_day_ahead(server, wire, moved, receiver):
    account_id = server.command("sandbox")["account_id"]
    server.command("webhook", "add", "--account", str(account_id), "--format", "wesendall", "--url", receiver.url)
    receiver.behave(answer(500), answer(200))
    moved.set(DAY)
    let_it_be_seen()
    wire.send("+256772999001")
    receiver.wait_for(1)
    server.wait_until(lambda: server.query("SELECT 1 FROM webhook_attempts WHERE status_code = 500"), 5, "no record of it")
    moved.set(0)
    receiver.wait_for(2)


def test_nobody_is_locked_out_or_held_up_until_the_clock_catches_up(server, wire, moved):
    sign_in = f"{server.url}/sign-in"
    with sqlite3.connect(server.instance / "wesend.db", timeout=15) as connection:
        tomorrow = int((time.time() + DAY) * 1000)
        connection.executemany(
            "INSERT INTO sign_in_attempts (email, address, at) VALUES ('ann@example.com', '127.0.0.1', ?)", [(tomorrow,)] * 20
        )
    connection.close()
    with requests.Session() as browser:
        page = browser.get(sign_in, timeout=30).text
        token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
        tried = browser.post(
            sign_in,
            timeout=30,
            headers={"Referer": sign_in},
            data={"csrf_token": token, "email": "ann@example.com", "password": "wrong"},
        )
    assert tried.status_code != 429 and "Too many" not in tried.text


def test_a_request_that_died_under_its_key_while_the_clock_stood_ahead_can_be_repeated(server, wire, moved):
    with closing(sqlite3.connect(server.instance / "wesend.db", timeout=15)) as connection:
        first = wire.send("+256772999002", key="ahead")
        connection.execute(
            "UPDATE idempotency_keys SET status_code = NULL, subject = NULL, lease_until = ? WHERE key = 'ahead'",
            (int((time.time() + DAY) * 1000),),
        )
        connection.commit()
    assert (first.status, wire.send("+256772999002", key="ahead").status) == (200, 200)


def test_nothing_is_given_up_or_done_twice_because_the_clock_stands_days_ahead(server, wire, moved):
    """A validity of two days, a key of one: neither is over before its time."""
    first = wire.send("+256700000055", key="days")  # its phone says nothing
    moved.set(3 * DAY)
    time.sleep(2.5)  # what expires is looked for every two seconds
    assert status(wire, "+256700000055") == {"sent"}
    again = wire.send("+256700000055", key="days")
    assert again.body == first.body and again.headers["Idempotency-Replayed"] == "true"
    moved.set(0)
    let_it_be_seen()
    assert status(wire, "+256700000055") == {"sent"} and wire.send("+256700000055", key="days").body == first.body
