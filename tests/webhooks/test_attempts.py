"""Five attempts with growing gaps, each kept with what came of it."""

import pytest

from wesend.dialects.esms.webhook import INBOUND
from wesend.webhooks import deliver

from ..support.receiver import answer, drop, drop_amid_headers, hang, raw, redirect
from ..support.webhooks import Engine

DAY = 24 * 3600


def gap(engine, clock) -> float:
    """Seconds until the next attempt."""
    return engine.delivery()["due_at"] / 1000 - clock.seconds


# -- what counts as received ---------------------------------------------------------


@pytest.mark.parametrize(
    ("format_name", "status", "received"),
    [
        ("wasambazie", 200, True),
        ("wasambazie", 201, False),
        ("wasambazie", 204, False),
        ("wasambazie", 302, False),
        ("wasambazie", 404, False),
        ("wasambazie", 500, False),
        ("wesendall", 200, True),
        ("wesendall", 201, True),
        ("wesendall", 204, True),
        ("wesendall", 299, True),
        ("wesendall", 301, False),
        ("wesendall", 400, False),
        ("wesendall", 503, False),
    ],
)
def test_what_counts_as_received_is_the_formats(engine, receiver, format_name, status, received):
    receiver.behave(answer(status, b""))
    engine.put(engine.add(receiver.url, format_name).id)
    engine.round()
    assert engine.delivery()["status"] == ("delivered" if received else "pending")


def test_after_it_was_received_it_is_never_sent_again(engine, receiver, clock):
    engine.put(engine.add(receiver.url).id)
    for _ in range(4):
        engine.round()
        clock.advance(DAY)
    assert len(receiver.posted) == 1
    assert (engine.delivery()["status"], engine.delivery()["attempts"]) == ("delivered", 1)


# -- gaps ------------------------------------------------------------------------------


def test_five_attempts_in_gaps_that_double_then_it_is_given_up(engine, receiver, clock):
    receiver.behave(answer(500))
    engine.put(engine.add(receiver.url).id)
    for number, expected in enumerate((30, 60, 120, 240), start=1):
        engine.round()
        assert (len(receiver.posted), engine.delivery()["status"]) == (number, "pending")
        assert 0.9 * expected <= gap(engine, clock) <= 1.1 * expected
        clock.advance(gap(engine, clock) - 1)
        engine.round()
        assert len(receiver.posted) == number, "not before its time"
        clock.advance(1)
    engine.round()
    assert (len(receiver.posted), engine.delivery()["status"]) == (5, "exhausted")
    clock.advance(DAY)
    engine.round()
    assert len(receiver.posted) == 5


@pytest.mark.parametrize(
    ("event", "gaps"),
    [
        ("message.delivered", (10, 30, 90, 270, 810)),
        ("message.failed", (10, 30, 90, 270, 810)),
        (INBOUND, (60, 300, 1800, 7200, 28_800)),
    ],
)
@pytest.mark.parametrize("backoff", [30, 3])
def test_a_format_may_have_gaps_of_its_own(app_with, receiver, clock, event, gaps, backoff):
    engine = Engine(app_with(WESEND_ALLOW_PRIVATE_URLS="1", WESEND_WEBHOOK_BACKOFF=str(backoff)))
    receiver.behave(answer(500))
    engine.put(engine.add(receiver.url, "esms").id, event=event)
    for number, expected in enumerate(gaps, start=1):
        engine.round()
        assert (len(receiver.posted), engine.delivery()["status"]) == (number, "pending")
        assert 0.9 <= gap(engine, clock) / (expected * backoff / 30) <= 1.1
        clock.advance(gap(engine, clock))
    engine.round()
    assert (len(receiver.posted), engine.delivery()["status"]) == (6, "exhausted")
    named = {post.headers["x-webhook-id"] for post in receiver.posted}
    assert named == {"evt_" + engine.delivery()["uid"].removeprefix("msg_")}, "the same on every attempt"
    with engine.app.app_context():
        assert deliver.longest_gap_ms() >= 28_800_000 * 1.1 * backoff / 30
    engine.close()


def test_gaps_are_scattered_so_that_failures_do_not_come_back_together(engine, receiver, clock):
    receiver.behave(answer(500))
    engine.put(engine.add(receiver.url).id, count=40)
    engine.round()
    gaps = [row["due_at"] / 1000 - clock.seconds for row in engine.deliveries()]
    assert all(27 <= seconds <= 33 for seconds in gaps)
    assert len(set(gaps)) > 20
    assert max(gaps) - min(gaps) > 1


def test_the_base_of_the_gaps_is_a_setting(app_with, receiver, clock):
    engine = Engine(app_with(WESEND_ALLOW_PRIVATE_URLS="1", WESEND_WEBHOOK_BACKOFF="2"))
    receiver.behave(answer(500))
    engine.put(engine.add(receiver.url).id)
    engine.round()
    assert 1.8 <= gap(engine, clock) <= 2.2
    engine.close()


# -- what is kept ------------------------------------------------------------------------


def test_every_attempt_is_kept_with_what_came_of_it(engine, receiver, clock):
    receiver.behave(
        answer(500, b"x" * 5000),
        drop,
        redirect("http://127.0.0.1/"),
        raw(b"HTTP/1.1 teapot\r\n\r\n"),
        answer(201, "schön".encode()),
    )
    engine.put(engine.add(receiver.url).id)
    started = clock.seconds
    for _ in range(5):
        engine.round()
        clock.advance(1000)
    kept = engine.attempts()
    assert [(row["status_code"], row["answer"]) for row in kept] == [
        (500, "x" * 2048),
        (None, None),
        (302, ""),
        (None, None),
        (201, "schön"),
    ]
    assert [row["error"] is None for row in kept] == [True, False, True, False, True]
    assert [row["at"] for row in kept] == [int((started + 1000 * index) * 1000) for index in range(5)]
    assert all(row["duration_ms"] >= 0 for row in kept)
    assert engine.delivery()["status"] == "delivered"


def test_a_server_that_hangs_is_kept_with_the_time_it_took(engine, receiver):
    engine.answer_within(0.3)
    receiver.behave(hang)
    engine.put(engine.add(receiver.url).id)
    engine.round()
    (kept,) = engine.attempts()
    assert (kept["status_code"], kept["error"]) == (None, "no answer within 0.3 s")
    assert kept["duration_ms"] >= 250


@pytest.mark.parametrize("behaviour", [drop, drop_amid_headers, answer(500), redirect("http://127.0.0.1/")])
def test_an_endpoint_that_comes_back_gets_what_it_missed(engine, receiver, clock, behaviour):
    receiver.behave(behaviour, answer(200))
    engine.put(engine.add(receiver.url).id)
    engine.round()
    clock.advance(60)
    engine.round()
    assert engine.delivery()["status"] == "delivered"
    assert receiver.posted[0].body == receiver.posted[1].body


def test_an_endpoint_that_was_down_gets_what_it_missed(engine, receiver, clock):
    receiver.go_away()
    engine.put(engine.add(receiver.url).id)
    engine.round()
    assert [row["error"] for row in engine.attempts()] == ["connection refused"]
    receiver.come_back()
    clock.advance(60)
    engine.round()
    assert engine.delivery()["status"] == "delivered"
