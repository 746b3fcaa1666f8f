"""kill -9 of everything, again and again: what was acknowledged is there once, paid once, and ends by itself."""

from __future__ import annotations

import http.client
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.forked import ForkedServer
from tests.support.recording_server import JOURNAL
from tests.support.server import Server
from tests.support.unstoppable import Clients
from tests.support.wire import Answer, Customer, Wire, new_customer

PRICE = 35
UNDER_WAY = "status NOT IN ('delivered', 'failed')"
KILLS = 4
RICH = str(PRICE * 1_000_000)


@pytest.fixture
def server(new_instance):
    with ForkedServer(new_instance(), WESEND_SANDBOX_DELAY="0") as server:
        yield server


@pytest.fixture
def recording(new_instance):
    with ForkedServer(new_instance(), program=("-m", "tests.support.recording_server"), WESEND_SANDBOX_DELAY="0") as server:
        yield server


def wait_for_the_end(server: Server) -> None:
    server.wait_until(
        lambda: server.query(f"SELECT count(*) FROM messages WHERE {UNDER_WAY}") == [(0,)], 60, "messages did not find their end"
    )


def assert_clean(server: Server) -> None:
    assert server.command("audit")["ok"]


def history(server: Server, customer: Customer) -> list[dict]:
    with Wire(server.port, customer) as wire:
        return wire.history()


def submissions(server: Server) -> Counter:
    """How many messages were submitted how often, as their timelines tell."""
    return Counter(
        times for (times,) in server.query("SELECT count(*) FROM message_events WHERE event = 'submitted' GROUP BY message_id")
    )


def test_sends_survive_kills_in_the_middle_of_a_storm(server):
    customer = new_customer(server, RICH)
    with Clients(server, customer) as clients:
        for _ in range(KILLS):
            before = clients.answered
            server.wait_until(lambda before=before: clients.answered > before + 100, 60, "the clients get no answers")
            clients.kill_and_restart()
    wait_for_the_end(server)
    assert clients.unexpected == []
    assert_everything_answered_is_there_once(server, customer, clients)
    assert {message["status"] for message in history(server, customer)} == {"delivered", "failed"}
    assert set(submissions(server)) == {1}
    assert_paid_for_what_was_delivered(server, customer)
    assert_clean(server)


def assert_everything_answered_is_there_once(server: Server, customer: Customer, clients: Clients) -> None:
    found = history(server, customer)
    texts = Counter(message["message"] for message in found)
    assert set(texts.values()) == {1}, "a message was taken in twice"
    by_text = {message["message"]: message for message in found}
    assert {text: by_text[text]["message_id"] for text in clients.accepted} == clients.accepted
    assert clients.refused <= texts.keys()
    assert texts.keys() - clients.accepted.keys() - clients.refused <= clients.lost


def assert_paid_for_what_was_delivered(server: Server, customer: Customer) -> None:
    found = history(server, customer)
    kept = sum(1 for message in found if message["status"] != "failed")
    with Wire(server.port, customer) as wire:
        assert wire.balance() == int(RICH) - PRICE * kept


def send_until_answered(server: Server, customer: Customer, number: int, size: int) -> Answer:
    """A bulk with an Idempotency-Key, sent again until the server says what became of it."""
    recipients = [f"+25677{1_000_000 + number * size + index}" for index in range(size)]
    with Wire(server.port, customer) as wire:
        while True:
            try:
                answer = wire.send(recipients, f"bulk {number}", key=f"bulk {number}")
            except (OSError, http.client.HTTPException):
                server.wait_until(server.serves, 60, "it stays down")
                continue
            if answer.status != 409:
                return answer


def kill_between_submissions(server: Server, total: int) -> None:
    """Kill as many times, each when a further share of ``total`` messages has been submitted."""
    for round_number in range(1, KILLS + 1):
        goal = total * round_number // (KILLS + 2)
        server.wait_until(lambda goal=goal: submissions(server).total() >= goal, 60, "dispatch does not go on", every=0.002)
        server.kill()
        server.end_leases()
        server.start()


def test_bulks_survive_kills_while_they_are_taken_in_and_dispatched(server):
    customer = new_customer(server, RICH)
    bulks, size = 4, 1200
    with ThreadPoolExecutor(bulks) as pool:
        futures = [pool.submit(send_until_answered, server, customer, number, size) for number in range(bulks)]
        kill_between_submissions(server, bulks * size)
        answers = [future.result(60) for future in futures]
    wait_for_the_end(server)
    assert [answer.status for answer in answers] == [200] * bulks
    assert_each_bulk_was_taken_in_once(server, customer, answers, bulks, size)
    assert {message["status"] for message in history(server, customer)} == {"delivered"}
    assert submissions(server).keys() <= {1}
    assert_paid_for_what_was_delivered(server, customer)
    assert_clean(server)


def assert_each_bulk_was_taken_in_once(server, customer, answers, bulks: int, size: int) -> None:
    told = {result["message_id"] for answer in answers for result in answer.data["results"]}
    found = history(server, customer)
    assert {message["message_id"] for message in found} == told
    assert Counter(message["message"] for message in found) == {f"bulk {number}": size for number in range(bulks)}
    assert len({message["recipient"] for message in found}) == bulks * size


def test_a_gateway_on_a_wire_never_gets_a_message_twice_and_what_it_got_is_never_refunded(recording):
    server, customer = recording, new_customer(recording, RICH)
    with ThreadPoolExecutor(2) as pool, Clients(server, customer, threads=4, refuse_every=None) as clients:
        futures = [pool.submit(send_until_answered, server, customer, number, 400) for number in range(2)]
        for _ in range(KILLS):
            before = clients.answered
            server.wait_until(lambda before=before: clients.answered > before + 40, 60, "the clients get no answers")
            clients.kill_and_restart()
        answers = [future.result(60) for future in futures]
    assert [answer.status for answer in answers] == [200, 200]
    server.wait_until(lambda: all_known_are_settled(server), 60, "messages did not find their end")
    assert clients.unexpected == []
    given = journal(server)
    assert max(given.values()) == 1, "the gateway was given a message twice"
    statuses = dict(server.query("SELECT uid, status FROM messages"))
    assert set(statuses.values()) <= {"delivered", "unknown"}
    assert {uid for uid, status in statuses.items() if status == "delivered"} == given.keys()
    assert server.query("SELECT message_id FROM ledger_entries WHERE kind = 'refund' AND message_id IS NOT NULL") == []
    assert clients.accepted.items() <= {(m["message"], m["message_id"]) for m in history(server, customer)}
    assert_clean(server)


def journal(server: Server) -> Counter:
    """Message → how often the gateway was given it."""
    return Counter((server.instance / JOURNAL).read_text().split())


def all_known_are_settled(server: Server) -> bool:
    given = journal(server)
    return all(
        uid not in given and status == "unknown"
        for uid, status in server.query("SELECT uid, status FROM messages WHERE status <> 'delivered'")
    )
