"""/metrics: figures that equal what the database says, and that only this machine or the token's holder may read."""

from __future__ import annotations

import sqlite3
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from wesend.coordination import leadership
from wesend.database import query, write
from wesend.messages.dispatch import queue
from wesend.messages.sending import actions
from wesend.messages.sending import send as sending
from wesend.messages.sending.compose import read_recipients
from wesend.messages.sending.options import Options
from wesend.operations import pausing, status_counts
from wesend.webhooks import endpoints, outbox
from wesend.webhooks.formats import Event

from ..support.domain import ACTOR, NUMBERS, ORIGIN, batch, composer, make_wallet, named, send


def scrape(client, **headers) -> dict[tuple, float]:
    """(name, labels in order) → value."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def by_name(found: dict[tuple, float], name: str) -> dict[tuple, float]:
    return {key[1:]: value for key, value in found.items() if key[0] == name}


@pytest.fixture
def wallet(context):
    return make_wallet("100000", is_sandbox=True)


def test_every_figure_that_is_promised_is_there(client):
    names = {key[0] for key in scrape(client)} | {key[0] for key in scrape(client)}
    assert names >= {
        "wesend_sms_accepted_total",
        "wesend_scheduled_messages",
        "wesend_dispatch_paused",
        "wesend_webhook_backlog",
        "wesend_webhook_oldest_due_seconds",
        "wesend_scheduler_up",
        "wesend_database_bytes",
        "wesend_backup_late",
        "wesend_http_request_seconds_bucket",
        "wesend_database_busy_wait_seconds_count",
    }


def test_sends_are_counted_by_dialect_gateway_and_status(client, app, jobs, wesendall):
    wesendall.send("+256771000001")
    wesendall.send("+256700000077")  # refused by the gateway
    jobs.settle()
    with app.app_context():  # a context around requests would be theirs, too
        send(make_wallet("100", is_sandbox=True), NUMBERS[0], in_request=True)
    assert by_name(scrape(client), "wesend_messages_total") == {
        ("wesendall", "sandbox", "submitted"): 2,
        ("wesendall", "sandbox", "delivered"): 1,
        ("wesendall", "sandbox", "failed"): 1,
    }
    assert scrape(client)["wesend_sms_accepted_total",] == 3


def timeline() -> Counter:
    return Counter(
        tuple(row)
        for row in query(
            "SELECT b.api, m.gateway, e.status FROM message_events e JOIN messages m ON m.id = e.message_id"
            " JOIN batches b ON b.id = m.batch_id"
        )
    )


@pytest.mark.parametrize("chunk", [1, 3, 10_000])
def test_rolled_up_or_not_the_counts_are_those_of_the_timeline(context, jobs, wallet, chunk):
    for start in (0, 5, 9):
        send(wallet, *NUMBERS[start : start + 4], in_request=True)
        jobs.settle()
        assert status_counts.status_counts() == timeline()
        while status_counts.roll_up(chunk):
            pass
        assert status_counts.status_counts() == timeline()
    assert query("SELECT sum(count) FROM status_counts")[0][0] == timeline().total()


def test_two_that_roll_up_at_once_count_once(context, jobs, wallet):
    send(wallet, *NUMBERS[:4], in_request=True)
    news = query(status_counts.NEWS, (0, 100))
    for _ in range(2):
        write(lambda tx: status_counts._add(tx, 0, 100, news))
    assert status_counts.status_counts() == timeline()


def test_opening_a_mail_is_no_change_of_status(context, jobs, wallet):
    send(wallet, NUMBERS[0], in_request=True)
    write(lambda tx: tx.insert("message_events", message_id=1, event="opened", status="submitted", at=1))
    assert status_counts.status_counts().total() == 1


def test_the_queue_tells_how_much_waits_and_for_how_long(client, wallet, clock):
    send(wallet, *NUMBERS[:3])
    clock.advance(90)
    send(wallet, NUMBERS[5], options=Options(mode="scheduled", scheduled_at=2 * 10**12))
    found = scrape(client)
    assert found["wesend_queue_messages", "sandbox"] == 3
    assert found["wesend_queue_oldest_due_seconds", "sandbox"] == 90
    assert found["wesend_scheduled_messages",] == 1
    queue.claim("sandbox", 10)
    assert by_name(scrape(client), "wesend_queue_messages") == {}


def test_a_bulk_counts_and_a_paused_one_is_not_late(client, wallet, clock):
    to = read_recipients(NUMBERS[:4], "UG")
    bulk = sending.send_bulk(composer(wallet), to, actor=ACTOR, origin=ORIGIN, options=Options())
    clock.advance(60)
    assert scrape(client)["wesend_queue_oldest_due_seconds", "sandbox"] == 60
    actions.pause(*named(batch(bulk["id"])), actor=ACTOR)
    found = scrape(client)
    assert found["wesend_queue_messages", "sandbox"] == 4 and found["wesend_queue_oldest_due_seconds", "sandbox"] == 0


def test_the_webhook_backlog_leaves_out_endpoints_that_are_off(client, wallet, clock):
    ids = [
        endpoints.add_endpoint(account_id=wallet.account_id, format_name="esms", url="https://shop.example.org/hook", actor=ACTOR)[
            0
        ]["id"]
        for _ in range(2)
    ]
    write(lambda tx: outbox.put(tx, [(endpoint, Event("message.sent", "1", {})) for endpoint in ids]))
    endpoints.switch(ids[0], False, actor=ACTOR)
    clock.advance(45)
    found = scrape(client)
    assert found["wesend_webhook_backlog",] == 1 and found["wesend_webhook_oldest_due_seconds",] == 45


def test_a_pause_is_shown(client, context):
    pausing.pause("Restored", actor=ACTOR)
    assert scrape(client)["wesend_dispatch_paused",] == 1


def test_the_scheduler_is_up_while_it_holds_its_lock_and_late_when_it_does_not_come_round(client, app, monkeypatch):
    settings = app.config["WESEND"]
    assert scrape(client)["wesend_scheduler_up",] == 0
    monkeypatch.setattr(leadership, "scheduler_pid", lambda _: 4711)
    leadership.beat(settings)
    assert scrape(client)["wesend_scheduler_up",] == 1
    beaten = int((settings.instance / leadership.BEAT).read_text())
    (settings.instance / leadership.BEAT).write_text(f"{beaten - 61 * 10**9:020d}")
    assert 60 <= scrape(client)["wesend_scheduler_lag_seconds",] < 600
    answer = client.get("/healthz")
    assert answer.status_code == 503 and answer.json["scheduler"] == "stalled"


def test_requests_are_timed_by_endpoint_and_status_and_no_path_is_kept(client):
    client.get("/t/secret-token")
    client.get("/nowhere/secret-token")
    client.get("/healthz")
    found = by_name(scrape(client), "wesend_http_request_seconds_count")
    assert found["tracking.follow", "404"] == 1 and found["none", "404"] == 1 and found["health.healthz", "503"] == 1
    assert "secret-token" not in client.get("/metrics").text


def test_waits_for_the_turn_to_write_are_counted(client, app):
    database = app.extensions["wesend.database"]
    with app.app_context(), database.gate():
        pass
    quick = scrape(client)["wesend_database_busy_wait_seconds_count",]
    database.on_busy(0.02)
    assert scrape(client)["wesend_database_busy_wait_seconds_count",] == quick + 1


def test_size_of_the_database_is_that_of_its_files(client, app):
    found = scrape(client)
    assert found["wesend_database_bytes", "main"] == app.config["WESEND"].database.stat().st_size


def test_others_are_answered_only_with_the_token(app_with):
    client = app_with(WESEND_METRICS_TOKEN="t0ken").test_client()
    afar = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", environ_base=afar).status_code == 403
    assert client.get("/metrics", environ_base=afar, headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert client.get("/metrics", environ_base=afar, headers={"Authorization": "Bearer t0ken"}).status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    assert client.get("/metrics").status_code == 200


def test_without_a_token_an_empty_one_opens_nothing(client):
    for header in ("Bearer ", "Bearer", ""):
        answer = client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}, headers={"Authorization": header})
        assert answer.status_code == 403 and "WESEND_METRICS_TOKEN" in answer.text


def test_health_is_503_when_the_database_does_not_answer(app, client, monkeypatch):
    def broken(*_):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(app.extensions["wesend.database"], "query", broken)
    answer = client.get("/healthz")
    assert answer.status_code == 503 and answer.json["database"] == "OperationalError"
