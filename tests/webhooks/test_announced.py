"""What is sent makes events: Wasambazie's finalised batches, exactly once; Wesendall's recipients, one by one."""

import threading

import pytest

from wesend.adapters.sms.base import DELIVERED as GATEWAY_DELIVERED
from wesend.adapters.sms.base import Receipt
from wesend.core import clock as wesend_clock
from wesend.database import query, write
from wesend.messages.receipts.polling import plan_receipt
from wesend.messages.sending import send
from wesend.messages.state.transitions import move
from wesend.webhooks import endpoints

from ..support.apis import Wasambazie, Wesendall
from ..support.jobs import ManualJobs
from ..support.receiver import answer

DELIVERED, FAILS_LATER, REFUSED, UNKNOWN, SILENT = (
    "+255712345678",
    "+255710000099",
    "+255710000077",
    "+255710000066",
    "+255710000055",
)


@pytest.fixture
def api(app) -> Wasambazie:
    return Wasambazie(app.test_client())


@pytest.fixture
def jobs(app) -> ManualJobs:
    return ManualJobs(app)


@pytest.fixture
def endpoint(engine, receiver):
    return engine.add(receiver.url, "wasambazie")


@pytest.fixture
def wesendall_endpoint(engine, receiver):
    return engine.add(receiver.url, "wesendall")


def told(engine, receiver) -> list[dict]:
    engine.round()
    return [posted.json for posted in receiver.posted]


# -- Wasambazie ------------------------------------------------------------------------


def test_a_finalised_batch_is_told_with_the_references_body(engine, endpoint, receiver, api, jobs, clock):
    batch = api.send(f"{DELIVERED},{FAILS_LATER}").json["message_batch_id"]
    clock.advance(5)
    jobs.receipts()
    assert told(engine, receiver) == [
        {
            "event": "delivery.batch.finalized",
            "message_batch_id": batch,
            "summary": {"total": 2, "delivered": 1, "failed": 1},
            "messages": [
                {"to_number": DELIVERED, "status": "delivered", "delivered_at": "2026-06-10T12:00:05Z"},
                {"to_number": FAILS_LATER, "status": "failed", "delivered_at": None},
            ],
        }
    ]
    assert list(receiver.posted[0].json) == ["event", "message_batch_id", "summary", "messages"]


def test_the_event_says_what_the_report_says(engine, endpoint, receiver, api, jobs):
    batch = api.send(f"{DELIVERED},{REFUSED}").json["message_batch_id"]
    jobs.receipts()
    (event,) = told(engine, receiver)
    assert {key: value for key, value in event.items() if key != "event"} == api.report(batch).json


def test_nothing_is_told_while_a_message_is_under_way(engine, endpoint, receiver, api, jobs, clock):
    api.send(f"{DELIVERED},{SILENT},{UNKNOWN}")
    jobs.receipts()
    assert told(engine, receiver) == []
    clock.advance(48 * 3600)
    jobs.expire()
    (event,) = told(engine, receiver)
    assert event["summary"] == {"total": 3, "delivered": 1, "failed": 2}


def test_a_call_answered_with_502_is_told_to_nobody(engine, endpoint, receiver, api):
    assert api.send(REFUSED).status_code == 502
    assert told(engine, receiver) == []
    assert engine.deliveries() == []


def test_a_batch_of_the_queue_that_was_refused_is_told(engine, endpoint, receiver, api, jobs, monkeypatch):
    monkeypatch.setattr(send, "IN_REQUEST_LIMIT", 1)
    assert api.send(f"{REFUSED},+255720000077").status_code == 201
    jobs.dispatch()
    (event,) = told(engine, receiver)
    assert event["summary"] == {"total": 2, "delivered": 0, "failed": 2}


def receive_again(app, uid: str) -> None:
    """Another `delivered` for every message of a batch, as a gateway's callback would bring it."""
    with app.app_context():
        rows = query("SELECT m.* FROM messages m JOIN batches b ON b.id = m.batch_id WHERE b.uid = ?", (uid,))
        now = wesend_clock.now_ms()
        write(lambda tx: move(tx, [plan_receipt(row, Receipt(GATEWAY_DELIVERED), now) for row in rows], now))


def test_repeated_and_late_receipts_finalise_nothing_again(engine, endpoint, receiver, api, jobs, clock, app):
    batch = api.send(f"{DELIVERED},{SILENT}").json["message_batch_id"]
    jobs.receipts()
    clock.advance(48 * 3600)
    jobs.expire()
    receive_again(app, batch)
    receive_again(app, batch)
    assert [event["summary"]["total"] for event in told(engine, receiver)] == [2]
    assert api.report(batch).json["summary"] == {"total": 2, "delivered": 2, "failed": 0}
    assert len(engine.deliveries()) == 1


def test_what_a_batch_came_to_is_told_though_a_late_receipt_comes_before_the_first_attempt(
    engine, endpoint, receiver, api, jobs, clock, app
):
    batch = api.send(SILENT).json["message_batch_id"]
    clock.advance(48 * 3600)
    jobs.expire()
    receive_again(app, batch)
    assert [event["summary"] for event in told(engine, receiver)] == [{"total": 1, "delivered": 0, "failed": 1}]


def test_the_payload_of_a_large_batch_is_frozen_at_its_first_attempt(engine, endpoint, receiver, api, jobs, clock, app):
    assert api.send(",".join(f"+2557123456{index:02d}" for index in range(100)) + ",+255710000055").status_code == 201
    jobs.settle()
    clock.advance(48 * 3600)
    jobs.expire()
    receiver.behave(answer(500), answer(200))
    engine.round()
    (frozen,) = engine.deliveries()
    clock.advance(60)
    engine.round()
    first, second = receiver.posted
    assert first.body == second.body == frozen["payload"].encode()
    assert first.json["summary"] == {"total": 101, "delivered": 100, "failed": 1}


def test_receipts_that_come_at_the_same_moment_finalise_exactly_once(engine, endpoint, receiver, api, app):
    """Twenty threads, each with the receipt of one message; only one of them is the last."""
    numbers = [f"+2557123456{index:02d}" for index in range(20)]
    uid = api.send(",".join(numbers)).json["message_batch_id"]
    with app.app_context():
        rows = query("SELECT m.* FROM messages m JOIN batches b ON b.id = m.batch_id WHERE b.uid = ?", (uid,))
    together = threading.Barrier(len(rows))

    def receive(row) -> None:
        with app.app_context():
            together.wait()
            now = wesend_clock.now_ms()
            write(lambda tx: move(tx, [plan_receipt(row, Receipt(GATEWAY_DELIVERED), now)], now))
            app.extensions["wesend.database"].close_thread()

    threads = [threading.Thread(target=receive, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (event,) = told(engine, receiver)
    assert event["summary"] == {"total": 20, "delivered": 20, "failed": 0}
    with app.app_context():
        (batch,) = query("SELECT * FROM batches WHERE uid = ?", (uid,))
    assert (batch["queued"], batch["submitted"], batch["delivered"], batch["state"]) == (0, 0, 20, "finished")


def test_every_endpoint_hears_of_a_batch_once(engine, endpoint, receiver, api, jobs):
    engine.add(receiver.url, "wasambazie")
    api.send(DELIVERED)
    jobs.receipts()
    assert len(told(engine, receiver)) == 2
    assert len(told(engine, receiver)) == 2


def test_an_endpoint_hears_only_of_its_own_apis_messages(engine, endpoint, receiver, app, jobs):
    Wesendall(app.test_client()).send("+256712345678")
    jobs.receipts()
    assert told(engine, receiver) == []


def test_who_listens_is_read_when_it_changes_not_for_every_message(engine, endpoint, receiver, api, jobs, monkeypatch):
    read, load = [], endpoints._load_listening

    def counted(reader):
        read.append(1)
        return load(reader)

    monkeypatch.setattr(endpoints, "_load_listening", counted)
    for _ in range(5):
        api.send(DELIVERED)
        jobs.receipts()
    assert len(read) == 1
    engine.switch(endpoint.id, False)
    api.send(DELIVERED)
    jobs.receipts()
    assert len(read) == 2
    assert len(told(engine, receiver)) == 0
    engine.switch(endpoint.id, True)
    assert len(told(engine, receiver)) == 5


# -- Wesendall ---------------------------------------------------------------------------


def test_each_recipient_is_told_with_the_contracts_body(engine, wesendall_endpoint, receiver, app, jobs, clock):
    api = Wesendall(app.test_client())
    sent = api.send(["+256712345678", "+256710000099"]).json["data"]
    clock.advance(5)
    jobs.receipts()
    good, bad = sent["results"]
    common = {
        "batch_id": sent["batch_id"],
        "wallet_id": api.wallet,
        "segments": 1,
        "currency": "UGX",
        "timestamp": "2026-06-10T12:00:05Z",
        "cost": 35,
    }
    events = sorted(told(engine, receiver), key=lambda event: event["event"])
    assert events[0] == {
        "event": "sms.delivered",
        "message_id": good["message_id"],
        "recipient": good["recipient"],
        "status": "delivered",
        "error": None,
        **common,
    }
    assert events[1] == {
        "event": "sms.failed",
        "message_id": bad["message_id"],
        "recipient": bad["recipient"],
        "status": "failed",
        "error": events[1]["error"],
        **common,
    }
    assert events[1]["error"]


def test_one_refused_at_submission_is_told_too(engine, wesendall_endpoint, receiver, app):
    sent = Wesendall(app.test_client()).send(["+256712345678", "+256710000077"]).json["data"]
    (event,) = told(engine, receiver)
    assert (event["event"], event["message_id"], event["cost"]) == ("sms.failed", sent["results"][1]["message_id"], 0)


def test_one_that_failed_by_time_out_may_still_be_told_as_delivered(engine, wesendall_endpoint, receiver, app, jobs, clock):
    sent = Wesendall(app.test_client()).send("+256710000055").json["data"]
    clock.advance(48 * 3600)
    jobs.expire()
    receive_again(app, sent["batch_id"])
    receive_again(app, sent["batch_id"])
    told(engine, receiver)
    assert sorted(posted.json["event"] for posted in receiver.posted) == ["sms.delivered", "sms.failed"]


def test_what_was_told_stays_as_it_was_when_it_happened(engine, wesendall_endpoint, receiver, app, jobs, clock):
    """The payload is of the moment of the change, not of the moment of its delivery."""
    sent = Wesendall(app.test_client()).send("+256710000055").json["data"]
    clock.advance(48 * 3600)
    jobs.expire()
    expired_at = clock.seconds
    receive_again(app, sent["batch_id"])
    clock.advance(3600)
    told(engine, receiver)
    failed = next(posted.json for posted in receiver.posted if posted.json["event"] == "sms.failed")
    assert failed["status"] == "failed"
    assert failed["timestamp"] == wesend_clock.iso(int(expired_at * 1000))
