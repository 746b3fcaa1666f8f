"""Connections are kept for the next post, of so many hosts; a lost one is made anew."""

from wesend.adapters import guarded_http

from ...support.receiver import Receiver, answer, drop
from .posting import post


def test_a_connection_is_kept_for_the_next_post(http, receiver):
    assert [post(http, receiver.url).status_code for _ in range(5)] == [200] * 5
    assert receiver.connections == 1


def test_a_kept_connection_that_was_closed_meanwhile_is_no_attempt(http, receiver):
    receiver.behave(answer(200), drop, answer(201))
    assert post(http, receiver.url).status_code == 200
    assert post(http, receiver.url).status_code == 201
    assert (receiver.connections, len(receiver.posted)) == (2, 3)


def test_a_new_connection_that_is_dropped_is_not_tried_again(http, receiver):
    receiver.behave(answer(200, keep=False), drop, answer(201))
    assert post(http, receiver.url).status_code == 200
    assert post(http, receiver.url).status_code is None
    assert len(receiver.posted) == 2


def test_the_connections_of_only_so_many_hosts_are_kept(http, receiver, monkeypatch):
    monkeypatch.setattr(guarded_http, "KEPT_HOSTS", 2)
    assert post(http, receiver.url).status_code == 200
    with Receiver(host="127.0.0.2") as second, Receiver(host="127.0.0.3") as third:
        for url in (second.url, third.url):
            assert post(http, url).status_code == 200
        Receiver.wait_until(lambda: not receiver.peers, "the oldest host's connection was closed")
        assert post(http, receiver.url).status_code == 200
    assert receiver.connections == 2
