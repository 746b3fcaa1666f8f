"""An endpoint that fails for days, or says that it is gone, is switched off, and says so."""

from wesend.database import query

from ..support.receiver import answer

DAY = 24 * 3600


def fail_once(engine, endpoint) -> None:
    engine.put(endpoint.id)
    engine.round()


def audit(engine) -> list[tuple]:
    with engine.app.app_context():
        return [
            tuple(row)
            for row in query(
                "SELECT action, actor, detail FROM audit_log WHERE action LIKE 'webhook.%' AND action <> 'webhook.add' ORDER BY id"
            )
        ]


def test_410_switches_it_off_at_once(engine, receiver, clock):
    receiver.behave(answer(410))
    endpoint = engine.add(receiver.url)
    fail_once(engine, endpoint)
    found = engine.endpoint(endpoint.id)
    assert (found["is_active"], found["disabled_reason"]) == (0, "Switched off: it answered 410 Gone")
    assert audit(engine) == [("webhook.disable", "system", "Switched off: it answered 410 Gone")]
    clock.advance(DAY)
    engine.round()
    assert len(receiver.posted) == 1


def test_three_days_of_failure_switch_it_off(engine, receiver, clock):
    receiver.behave(answer(500))
    endpoint = engine.add(receiver.url)
    fail_once(engine, endpoint)
    clock.advance(3 * DAY - 1)
    fail_once(engine, endpoint)
    assert engine.endpoint(endpoint.id)["is_active"] == 1
    clock.advance(1)
    fail_once(engine, endpoint)
    found = engine.endpoint(endpoint.id)
    assert found["is_active"] == 0
    assert found["disabled_reason"] == "Switched off: it has failed for 3 days, last with HTTP 500"
    assert len(audit(engine)) == 1


def test_the_reason_names_what_was_no_answer_too(engine, receiver, clock):
    receiver.go_away()
    endpoint = engine.add(receiver.url)
    fail_once(engine, endpoint)
    clock.advance(3 * DAY)
    fail_once(engine, endpoint)
    assert engine.endpoint(endpoint.id)["disabled_reason"].endswith("last with connection refused")
    receiver.come_back()


def test_one_success_begins_the_days_anew(engine, receiver, clock):
    receiver.behave(answer(500), answer(200), answer(500))
    endpoint = engine.add(receiver.url)
    fail_once(engine, endpoint)
    assert engine.endpoint(endpoint.id)["failing_since"] == int(clock.seconds * 1000)
    clock.advance(2 * DAY)
    engine.round()
    assert engine.endpoint(endpoint.id)["failing_since"] is None
    fail_once(engine, endpoint)
    clock.advance(2 * DAY)
    fail_once(engine, endpoint)
    assert engine.endpoint(endpoint.id)["is_active"] == 1


def test_what_waited_is_delivered_when_it_is_switched_on_again(engine, receiver, clock):
    receiver.behave(answer(410), answer(200))
    endpoint = engine.add(receiver.url)
    fail_once(engine, endpoint)
    clock.advance(10 * DAY)
    engine.switch(endpoint.id, True)
    found = engine.endpoint(endpoint.id)
    assert (found["disabled_reason"], found["failing_since"]) == (None, None)
    engine.round()
    assert [row["status"] for row in engine.deliveries()] == ["delivered"]
    assert [entry[:2] for entry in audit(engine)] == [("webhook.disable", "system"), ("webhook.enable", "test")]


def test_switching_twice_is_noted_once(engine, receiver):
    endpoint = engine.add(receiver.url)
    engine.switch(endpoint.id, False)
    engine.switch(endpoint.id, False)
    assert audit(engine) == [("webhook.disable", "test", None)]
