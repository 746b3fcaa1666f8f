"""One of several hosts runs the jobs, and a former one writes nothing, however long it slept."""

from __future__ import annotations

import pytest

from wesend.coordination import hosts, leadership, lease
from wesend.coordination.leadership import Election
from wesend.database import atomic, query, write


def mark(name: str) -> None:
    write(lambda tx: tx.insert_many("marks", ("name", "value"), [(name, 1)]))


def marks() -> set[str]:
    return {row["name"] for row in query("SELECT name FROM marks")}


@pytest.fixture
def pair(host):
    return host("a", WESEND_PORT="8001"), host("b", WESEND_PORT="8002")


@pytest.fixture
def stand(pair):
    """A process's election, as often as it is called: ``stand(app)`` gives its term."""
    elections = {app: Election(app) for app in pair}
    return lambda app: elections[app].stand()


def test_one_of_two_hosts_is_chosen(pair, stand):
    first, second = (stand(app) for app in pair)
    assert first is not None and first.holds() and second is None


def test_another_follows_when_the_lease_has_ended_and_not_before(pair, stand, clock):
    a, b = pair
    term = stand(a)
    clock.advance(lease.LEASE_MS / 1000 - 0.5)
    assert stand(b) is None
    clock.advance(0.5)
    following = stand(b)
    assert term is not None and following is not None and following.lease is not None and term.lease is not None
    assert following.lease.epoch == term.lease.epoch + 1


def test_a_renewed_lease_goes_on(pair, stand, clock):
    a, b = pair
    term = stand(a)
    for _ in range(5):
        clock.advance(lease.LEASE_MS / 2000)
        with a.app_context():
            assert term.lease.renew()
        assert stand(b) is None


def test_a_holder_that_slept_writes_nothing(pair, stand, clock):
    a, b = pair
    stand(a)
    with leadership.at_work(a):
        mark("before")
        clock.advance(60)
        assert stand(b) is not None
        with pytest.raises(lease.LeaseLost):
            mark("written-asleep")
        with pytest.raises(lease.LeaseLost), atomic() as tx:
            tx.insert_many("marks", ("name", "value"), [("atomic-asleep", 1)])
    with leadership.at_work(b):
        mark("after")
        assert {"before", "after"} <= marks() and not {"written-asleep", "atomic-asleep"} & marks()


def test_it_learns_of_it_at_its_next_renewal_and_at_its_next_write(pair, stand, clock):
    a, b = pair
    term = stand(a)
    clock.advance(60)
    stand(b)
    with a.app_context():
        assert not term.lease.renew() and not term.holds()


def test_one_that_slept_while_nobody_took_over_goes_on(pair, stand, clock):
    a, _ = pair
    term = stand(a)
    clock.advance(60)
    with a.app_context():
        assert term.lease.renew() and term.holds()


def test_a_host_that_stops_leaves_it_to_another_at_once(pair, stand):
    a, b = pair
    term = stand(a)
    with a.app_context():
        term.give_up()
    assert stand(b) is not None


def test_a_request_at_a_host_that_does_not_run_the_jobs_writes_as_ever(pair, stand):
    a, b = pair
    stand(a)
    with b.app_context():
        mark("request")
        assert "request" in marks()


def test_work_that_stands_still_is_seen_by_every_host(pair, stand, clock):
    a, b = pair
    term = stand(a)
    for _ in range(10):
        clock.advance(5)
        with a.app_context():
            term.lease.renew()
    with b.app_context():
        found = leadership.running(b.config["WESEND"])
        assert found is not None and found.lag == 50 - leadership.BEAT_EVERY
        assert b.test_client().get("/healthz").json["scheduler"] == "stalled"


def test_every_host_tells_of_all(pair, stand, clock):
    for app in pair:
        with app.app_context():
            hosts.show()
    stand(pair[1])
    for app in pair:
        with app.app_context():
            found = hosts.list_hosts()
            assert [host.host.rpartition(":")[2] for host in found] == ["8001", "8002"]
            assert [host.runs_jobs for host in found] == [False, True]
            assert len({host.version for host in found}) == 1 and all(host.is_seen() for host in found)


def test_a_host_that_was_not_seen_for_a_day_is_forgotten(pair, clock):
    a, b = pair
    with a.app_context():
        hosts.show()
    clock.advance(61)
    with b.app_context():
        hosts.show()
        assert [host.is_seen() for host in hosts.list_hosts()] == [False, True]
    clock.advance(24 * 3600)
    with b.app_context():
        hosts.show()
        assert len(hosts.list_hosts()) == 1
