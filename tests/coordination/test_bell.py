"""The bell: who is rung for is told apart, and nothing that was rung for is overheard."""

from __future__ import annotations

from wesend.coordination import bell
from wesend.coordination.bell import DISPATCH, READ, WEBHOOKS, Bell, read_dispatch


def test_one_gateways_messages_ring_for_it_alone(app):
    listening = Bell(app.config["WESEND"].instance)
    with app.app_context():
        assert read_dispatch(listening.wait(0)) == set()
        bell.dispatcher_of(["smsc", "at", "smsc"])()
        bell.webhooks()
        rung = listening.wait(1)
        assert read_dispatch(rung) == {"smsc", "at"} and WEBHOOKS in rung
        bell.dispatcher_of(["smsc"])()
        bell.dispatcher()
        assert read_dispatch(listening.wait(1)) is None, "all of them"
    listening.close()


def test_a_bell_that_is_full_rings_for_all(app):
    listening = Bell(app.config["WESEND"].instance)
    with app.app_context():
        for _ in range(READ // 10 + 100):
            bell.dispatcher_of(["gateway12"])()
        rung = listening.wait(1)
        assert read_dispatch(rung) in (None, {"gateway12"})
        assert DISPATCH + b"gateway12" in rung
    listening.close()
