"""Delivered again by hand, tested by hand, and forgotten in the end."""

from wesend.webhooks import attempts as history

from ..support.receiver import answer

DAY = 24 * 3600


def run_out(engine, clock) -> None:
    """Attempt after attempt until the delivery is given up."""
    for _ in range(5):
        engine.round()
        clock.advance(1000)


def test_a_retry_by_hand_is_a_new_round_with_the_same_id(engine, receiver, clock):
    receiver.behave(answer(500))
    engine.put(engine.add(receiver.url).id)
    run_out(engine, clock)
    engine.retry(engine.delivery()["uid"])
    run_out(engine, clock)
    assert (len(receiver.posted), engine.delivery()["status"]) == (10, "exhausted")
    receiver.behave(answer(200))
    engine.retry(engine.delivery()["uid"])
    engine.round()
    assert (len(receiver.posted), engine.delivery()["status"]) == (11, "delivered")
    assert len({posted.headers["webhook-id"] for posted in receiver.posted}) == 1
    assert len(engine.attempts()) == 11


def test_a_delivered_one_can_be_had_again(engine, receiver):
    engine.put(engine.add(receiver.url).id)
    engine.round()
    engine.retry(engine.delivery()["uid"])
    engine.round()
    first, second = receiver.posted
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])


def test_all_that_was_given_up_since_a_time_is_delivered_again(engine, receiver, clock):
    receiver.behave(answer(500))
    endpoint, other = engine.add(receiver.url), engine.add(receiver.url)
    engine.put(endpoint.id)
    run_out(engine, clock)
    since = int(clock.seconds * 1000)
    engine.put(endpoint.id, other.id)
    run_out(engine, clock)
    receiver.behave(answer(200))
    engine.put(endpoint.id)
    assert engine.retry_failed(endpoint.id, since) == 1
    engine.round()
    assert [row["status"] for row in engine.deliveries(endpoint.id)] == ["exhausted", "delivered", "delivered"]
    assert [row["status"] for row in engine.deliveries(other.id)] == ["exhausted"]
    assert engine.retry_failed(endpoint.id, 0) == 1


def test_a_test_event_is_one_attempt_at_once(engine, receiver, clock):
    endpoint = engine.add(receiver.url, "wasambazie")
    engine.switch(endpoint.id, False)
    assert engine.send_test(endpoint.id)["status_code"] == 200
    assert receiver.posted[0].json["event"] == "webhook.test"
    assert engine.delivery()["status"] == "delivered"
    receiver.behave(answer(204, b""))
    assert engine.send_test(endpoint.id)["status_code"] == 204
    assert [row["status"] for row in engine.deliveries()] == ["delivered", "exhausted"]
    engine.switch(endpoint.id, True)
    clock.advance(DAY)
    engine.round()
    assert len(receiver.posted) == 2


# -- housekeeping -----------------------------------------------------------------------------


def test_what_is_finished_is_kept_for_thirty_days_and_what_waits_for_ever(engine, receiver, clock):
    waiting, done = engine.add("http://127.0.0.1:9/"), engine.add(receiver.url)
    engine.put(waiting.id, done.id)
    engine.switch(waiting.id, False)
    engine.round()
    clock.advance(30 * DAY)
    engine.put(done.id)
    engine.round()

    def forget() -> int:
        with engine.app.app_context():
            return history.forget_old()

    assert forget() == 0
    clock.advance(1)
    assert (forget(), forget()) == (1, 0)
    assert [(row["endpoint_id"], row["status"]) for row in engine.deliveries()] == [(waiting.id, "pending"), (done.id, "delivered")]
    assert len(engine.attempts()) == 1
