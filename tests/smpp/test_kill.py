"""kill -9 in a storm, a worker's death, a stop: what was acknowledged is there once and paid once."""

from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest

from tests.support.smpp_client import RECEIVER, RESPONSE, SUBMIT, TRANSMITTER, UNBIND, Client, submit_body

from .conftest import SmppServer

PHONE = "256712345678"
WINDOW = 30


@pytest.fixture(scope="module")
def server(new_instance):
    """One for all: the tests that end it come last, or start it again."""
    with SmppServer(new_instance()) as server:
        yield server


class Storm(threading.Thread):
    """Submits as fast as the window lets it, over any number of lost connections; ``ids`` that were acknowledged."""

    def __init__(self, port: int, key: dict):
        super().__init__(daemon=True)
        self.port, self.key = port, key
        self.ids: list[str] = []
        self.ending = False

    def run(self) -> None:
        while not self.ending:
            try:
                with Client(self.port) as client:
                    client.bind(self.key, TRANSMITTER)
                    self._submit(client)
            except (OSError, AssertionError):
                time.sleep(0.1)

    def _submit(self, client: Client) -> None:
        body, out = submit_body(PHONE, registered=1), []
        while not self.ending or out:
            if not self.ending:
                out.append(client.send(SUBMIT, body))
            if self.ending or len(out) >= WINDOW:
                got = client.answer_of(out.pop(0))
                if got.status == 0:
                    self.ids.append(got.message_id)


def check(server: SmppServer, key: dict, ids: list[str]) -> None:
    """Each is there once, and was paid once; others may be there whose answer was lost."""
    assert len(set(ids)) == len(ids)
    known = {uid for (uid,) in server.query("SELECT uid FROM messages")}
    assert set(ids) <= known
    ((messages, charges, paid, cost),) = server.query(
        "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM ledger_entries WHERE kind = 'sms_charge'),"
        " (SELECT -sum(amount_micros) FROM ledger_entries WHERE kind = 'sms_charge'), (SELECT sum(cost_micros) FROM messages)"
    )
    assert messages == charges and paid == cost
    assert server.command("audit")["ok"]


def test_a_slow_client_holds_up_no_other(server):
    customer = server.customer()
    slow, quick = server.key(customer), server.key(customer, "--tps", "1000")
    with server.bound(slow) as deaf, server.bound(quick) as client:
        deaf.answers = None
        for _ in range(40):
            deaf.send(SUBMIT, submit_body(PHONE, registered=1))  # and reads nothing of what comes
        for _ in range(50):
            assert client.submit(PHONE).status == 0


def test_a_workers_death_frees_its_binds(server):
    key = server.key(server.customer(), "--binds", "2", "--tps", "1000")
    with server.bound(key) as first, server.bound(key) as second:
        for pid in server.workers():
            os.kill(pid, signal.SIGKILL)
        assert first.is_closed() and second.is_closed()

    def binds() -> bool:
        try:
            with server.client() as client:
                return client.try_bind(key["system_id"], key["password"]).status == 0
        except OSError:
            return False

    server.wait_until(binds, 10, "the dead worker's binds count on")


def test_a_storm_survives_kills_of_everything(server):
    key = server.key(server.customer("10000000"), "--binds", "20", "--tps", "10000")
    storms = [Storm(server.smpp_port, key) for _ in range(3)]
    for storm in storms:
        storm.start()
    for _ in range(2):
        before = sum(len(storm.ids) for storm in storms)
        server.wait_until(lambda before=before: sum(len(storm.ids) for storm in storms) > before + 200, 30, "nothing is submitted")
        server.kill()
        server.start()
    server.wait_until(lambda: all(len(storm.ids) > 100 for storm in storms), 30, "they did not come back")
    for storm in storms:
        storm.ending = True
    for storm in storms:
        storm.join(20)
    ids = [one for storm in storms for one in storm.ids]
    check(server, key, ids)
    with server.bound(key, RECEIVER) as client:
        server.wait_until(lambda: told(client, set(ids)), 60, "some receipts never came", every=0)


def told(client: Client, ids: set[str]) -> bool:
    """Reads on until every acknowledged message has had its receipt: at least once."""
    client.wait_for(len(client.deliveries) + 1)
    return ids <= {receipt.field("id") for receipt in client.deliveries}


def test_guesses_are_shut_out(server):
    key = server.key(server.customer())
    for _ in range(10):
        with server.client() as client:
            assert client.try_bind(key["system_id"], "wrong").status == 0x0E
    with server.client() as client:
        assert client.try_bind(key["system_id"], key["password"]).status == 0x0D
    (server.instance / "smpp-failures").unlink()
    text = server.output() + str(server.query("SELECT * FROM smpp_refusals"))
    assert "wrong" not in text and key["password"] not in text


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [(700, 150, 0x0D), (1190, 595, 0x0D), (700, 50, 0), (1210, 605, 0)],
    ids=["for ten minutes from the tenth", "to their end", "ten within more than ten minutes", "no longer"],
)
def test_how_long_guesses_are_shut_out(server, first, last, status):
    """Ten failed binds, the first and the last of them so many seconds ago."""
    key, now = server.key(server.customer()), time.monotonic()
    file = server.instance / "smpp-failures"
    file.write_text(json.dumps({"127.0.0.1": [now - first] + [now - last - index for index in range(8, -1, -1)]}))
    try:
        with server.client() as client:
            assert client.try_bind(key["system_id"], key["password"]).status == status
    finally:
        file.unlink()


def test_a_stop_answers_what_was_read_and_unbinds(server):
    key = server.key(server.customer(), "--tps", "1000")
    with server.bound(key) as client:
        sequences = [client.send(SUBMIT, submit_body(PHONE)) for _ in range(40)]
        first = client.answer_of(sequences[0])
        os.killpg(server.process.pid, signal.SIGTERM)
        answers = [first] + [client.answer_of(sequence) for sequence in sequences[1:]]
        accepted = [got.message_id for got in answers if got.status == 0]
        assert {got.status for got in answers} <= {0, 4} and accepted
        unbind = next((got for got in client.waiting if got.command == UNBIND), None) or client.read(10)
        assert unbind.command == UNBIND
        client.send(UNBIND | RESPONSE, sequence=unbind.sequence)
        assert client.is_closed()
    server.process.wait(30)
    known = {uid for (uid,) in server.query("SELECT uid FROM messages")}
    assert set(accepted) <= known
    assert server.query("SELECT count(*) FROM smpp_binds WHERE api_key_id = ?", key["key_id"]) == [(0,)]
