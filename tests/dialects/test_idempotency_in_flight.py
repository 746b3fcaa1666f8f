"""Idempotency-Key while the first request is under way, after it died, and in a storm."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import TestResponse

from wesend.adapters.mail.caught import CaughtMail
from wesend.adapters.sms.sandbox import SandboxGateway
from wesend.database import query, write
from wesend.gateways import registry
from wesend.messages.sending import bulk
from wesend.operations.audit import audit

from ..support.apis import Wesendall
from ..support.database import batches
from ..support.idempotency import KEY, replayed
from ..support.server import Server


def die(*_args, **_options):
    raise SystemExit("killed here")


class Gate(SandboxGateway):
    """The sandbox as a gateway of another machine: a submission waits until it is let through, or takes wesend down."""

    in_process = known_by_number = False

    def __init__(self):
        super().__init__("sandbox", 0)
        self.reached, self.open, self.dies = threading.Event(), threading.Event(), False

    def submit(self, submissions):
        self.reached.set()
        if self.dies:
            raise SystemExit("killed while the gateway was called")
        assert self.open.wait(30)
        return super().submit(submissions)


@pytest.fixture
def gate(app) -> Gate:
    found = Gate()
    # Before any is looked up: the table that is made of them is kept.
    app.extensions["wesend.built_in_gateways"] = {registry.SANDBOX: found, registry.SANDBOX_MAIL: CaughtMail(registry.SANDBOX_MAIL)}
    return found


def test_a_key_in_flight_is_409_and_is_answered_once_it_is_done(app, wesendall, gate):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(Wesendall(app.test_client()).send, "0712345678", headers=KEY)
        try:
            assert gate.reached.wait(30)
            busy = wesendall.send("0712345678", headers=KEY)
            other = wesendall.send("0772345678", headers=KEY)
        finally:
            gate.open.set()
        first = running.result(30)
    assert (busy.status_code, busy.json["error"]) == (409, "idempotency_in_flight")
    assert (other.status_code, other.json["error"]) == (422, "idempotency_conflict")
    assert first.status_code == 200
    assert replayed(first, wesendall.send("0712345678", headers=KEY))
    assert batches(app) == 1


def test_a_request_that_died_after_it_paid_is_answered_from_what_it_paid_for(app, clock, wesendall, gate):
    gate.dies = True
    before = wesendall.balance()
    with pytest.raises(SystemExit):
        wesendall.send("0712345678", headers=KEY)
    assert wesendall.send("0712345678", headers=KEY).status_code == 409
    clock.advance(41)
    answer = wesendall.send("0712345678", headers=KEY)
    assert answer.status_code == 200
    assert [result["status"] for result in answer.json["data"]["results"]] == ["sent"]
    assert (batches(app), wesendall.balance()) == (1, before - 35)
    assert replayed(answer, wesendall.send("0712345678", headers=KEY))


def test_a_request_that_died_before_it_paid_is_carried_out_anew(app, clock, wesendall, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("wesend.messages.sending.send.accept", die)
        with pytest.raises(SystemExit):
            wesendall.send("0712345678", headers=KEY)
    assert wesendall.send("0712345678", headers=KEY).status_code == 409
    clock.advance(41)
    assert wesendall.send("0712345678", headers=KEY).status_code == 200
    assert batches(app) == 1


def test_a_storm_of_fifty_with_one_key_pays_once(app, wesendall):
    before, barrier = wesendall.balance(), threading.Barrier(50)

    def send(_) -> TestResponse:
        barrier.wait(60)
        return Wesendall(app.test_client()).send("0712345678", headers=KEY)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(send, range(50)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {answer.json["error"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_flight"}
    assert len({answer.data for answer in answers if answer.status_code == 200}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers if answer.status_code == 200) == 1
    assert (batches(app), wesendall.balance()) == (1, before - 35)
    with app.app_context():
        assert len(query("SELECT 1 FROM ledger_entries WHERE kind = 'sms_charge'")) == 1


def test_a_storm_in_which_each_tries_until_it_is_answered_ends_with_one_answer(app):
    def send(_) -> TestResponse:
        api, found = Wesendall(app.test_client()), []

        def answered() -> bool:
            found.append(api.send(["0712345678", "0700000077"], headers=KEY))
            return found[-1].status_code != 409

        Server.wait_until(answered, 60, "the key stayed in flight")
        return found[-1]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert batches(app) == 1


def die_while_a_bulk_is_taken_in(api: Wesendall, recipients: list[str], monkeypatch) -> None:
    """As kill -9 would: the money is taken, one chunk is written, nothing is undone."""
    with monkeypatch.context() as patched:
        patched.setattr(bulk, "count_accepted", die)
        patched.setattr(bulk, "undo", lambda _batch_id: False)
        with pytest.raises(SystemExit):
            api.send(recipients, headers=KEY)


def test_a_bulk_that_died_while_it_was_taken_in_is_undone_and_carried_out_anew(app, clock, wesendall, monkeypatch):
    """Its request may come again before the jobs have looked: a server that starts is called at once."""
    before = wesendall.balance()
    recipients = [f"0712{number:06d}" for number in range(150)]
    die_while_a_bulk_is_taken_in(wesendall, recipients, monkeypatch)
    assert wesendall.balance() == before - 150 * 35
    assert wesendall.send(recipients, headers=KEY).status_code == 409
    clock.advance(41)
    answer = wesendall.send(recipients, headers=KEY)
    assert (answer.status_code, answer.json["data"]["successful"]) == (200, 150)
    assert wesendall.balance() == before - 150 * 35
    with app.app_context():
        bulk.undo_abandoned()
        assert audit().problems == []
    assert len(wesendall.history(per_page=100)) == 100
    assert replayed(answer, wesendall.send(recipients, headers=KEY))


def test_a_bulk_that_is_still_taken_in_is_in_flight_however_long_it_takes(app, clock, wesendall, monkeypatch):
    recipients = [f"0712{number:06d}" for number in range(150)]
    die_while_a_bulk_is_taken_in(wesendall, recipients, monkeypatch)
    clock.advance(41)
    with app.app_context():
        write(lambda tx: tx.changed("UPDATE batches SET lease_until = ?", (int(clock() * 1000) + 30_000,)))
    assert wesendall.send(recipients, headers=KEY).json["error"] == "idempotency_in_flight"
