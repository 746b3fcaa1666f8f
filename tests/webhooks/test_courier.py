"""The courier: every endpoint with threads of its own, claims that end, and no way to a private address."""

import threading

import pytest

from wesend.coordination import cluster
from wesend.webhooks import claims, courier, deliver
from wesend.webhooks.courier import Courier

from ..support.receiver import Receiver, answer, hang
from ..support.webhooks import Engine


def delivered(engine, endpoint) -> int:
    return sum(row["status"] == "delivered" for row in engine.deliveries(endpoint.id))


def test_a_hanging_endpoint_holds_up_no_other(engine, receiver):
    with Receiver() as hanging:
        hanging.behave(hang)
        slow, healthy = engine.add(hanging.url), engine.add(receiver.url)
        engine.put(slow.id, count=courier.WIDTH * courier.CHUNK)
        engine.ring()
        hanging.wait_for(courier.WIDTH)
        engine.put(healthy.id, count=100)
        engine.ring()
        receiver.wait_for(100)
        Receiver.wait_until(lambda: delivered(engine, healthy) == 100, "not all were recorded")
        assert delivered(engine, slow) == 0
        assert len(hanging.posted) == courier.WIDTH
        engine.courier.stop()
    engine.wait()


def test_many_hanging_endpoints_leave_a_thread_for_each_other(engine, receiver, monkeypatch):
    monkeypatch.setattr(courier, "MOST_THREADS", 10)
    with Receiver() as hanging:
        hanging.behave(hang)
        for endpoint in [engine.add(hanging.url) for _ in range(3)]:
            engine.put(endpoint.id, count=50)
        engine.ring()
        hanging.wait_for(10)
        healthy = engine.add(receiver.url)
        engine.put(healthy.id, count=20)
        engine.ring()
        receiver.wait_for(20)
        engine.courier.stop()
    engine.wait()


def test_each_delivery_is_posted_once_however_many_threads_carry(engine, receiver):
    endpoint = engine.add(receiver.url)
    engine.put(endpoint.id, count=500)
    for _ in range(5):
        engine.ring()
    engine.wait()
    ids = [posted.headers["webhook-id"] for posted in receiver.posted]
    assert (len(ids), len(set(ids))) == (500, 500)
    assert delivered(engine, endpoint) == 500


def test_a_second_courier_takes_nothing_that_the_first_has(engine, receiver, app):
    answering = threading.Event()

    def wait(_receiver, peer, _posted):
        answering.wait(60)
        return answer(200)(_receiver, peer, _posted)

    receiver.behave(wait)
    endpoint = engine.add(receiver.url)
    engine.put(endpoint.id)
    engine.ring()
    receiver.wait_for(1)
    with app.app_context():
        assert claims.claim(endpoint.id, 10).rows == []
    answering.set()
    engine.wait()
    assert (len(receiver.posted), delivered(engine, endpoint)) == (1, 1)


def test_what_a_dead_courier_held_is_free_when_its_lease_is_over(engine, receiver, app, clock):
    endpoint = engine.add(receiver.url)
    engine.put(endpoint.id)
    with app.app_context():
        assert len(claims.claim(endpoint.id, 10).rows) == 1
    engine.courier.succeeding = False
    engine.round()
    assert receiver.posted == []
    clock.advance(claims.LEASE_MS / 1000)
    engine.round()
    assert (len(receiver.posted), delivered(engine, endpoint)) == (1, 1)


@pytest.mark.parametrize("hosts", ["one", "many"])
def test_a_successor_frees_what_its_predecessor_held_at_once_unless_that_may_live_at_another_host(
    engine, receiver, app, clock, monkeypatch, hosts, postgresql_server
):
    if hosts == "one" and postgresql_server is not None:
        pytest.skip("on PostgreSQL there may always be others")
    monkeypatch.setitem(app.extensions, cluster.SHARED, hosts == "many")
    endpoint = engine.add(receiver.url)
    engine.put(endpoint.id)
    with app.app_context():
        claims.claim(endpoint.id, 10)
    engine.courier = Courier(app)
    if hosts == "many":
        engine.round()
        assert receiver.posted == []
        clock.advance(claims.LEASE_MS / 1000)
    engine.round()
    assert (len(receiver.posted), delivered(engine, endpoint)) == (1, 1)


def test_a_successor_does_not_hurry_what_waits_for_its_next_attempt(engine, receiver, app):
    receiver.behave(answer(500))
    engine.put(engine.add(receiver.url).id)
    engine.round()
    engine.courier = Courier(app)
    engine.round()
    assert len(receiver.posted) == 1


def test_a_200_that_comes_after_the_lease_was_lost_still_ends_it(engine, receiver, app, clock):
    endpoint = engine.add(receiver.url)
    engine.put(endpoint.id)
    with app.app_context():
        lost = claims.claim(endpoint.id, 1)
        clock.advance(claims.LEASE_MS / 1000)
        held = claims.claim(endpoint.id, 1)
        target = deliver.load_target(endpoint.id)
        assert deliver.attempt(engine.courier.http, target, lost.rows[0], lost.token)
        assert claims.claim(endpoint.id, 1).rows == []
        receiver.behave(answer(500))
        assert not deliver.attempt(engine.courier.http, target, held.rows[0], held.token)
    assert engine.delivery()["status"] == "delivered"


def test_a_thread_that_fails_leaves_the_rest_to_the_next(engine, receiver, monkeypatch, clock):
    monkeypatch.setattr(deliver, "load_target", lambda _: 1 / 0)
    endpoint = engine.add(receiver.url)
    engine.put(endpoint.id)
    engine.round()
    monkeypatch.undo()
    clock.advance(claims.LEASE_MS / 1000)
    engine.round()
    assert delivered(engine, endpoint) == 1


def test_private_addresses_are_refused_unless_they_are_allowed(app_with, receiver):
    engine = Engine(app_with())
    engine.put(engine.add(receiver.url).id, engine.add(f"http://localhost:{receiver.port}/").id)
    engine.round()
    assert (receiver.connections, receiver.posted) == (0, [])
    assert {row["error"] for row in engine.attempts()} == {
        f"refused: {host} leads to an address that is not public" for host in ("127.0.0.1", "localhost")
    }
    assert {row["status"] for row in engine.deliveries()} == {"pending"}
    engine.close()
