"""The process that runs the jobs listens for what was committed, whatever went wrong the last time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wesend import jobs as jobs_module
from wesend.coordination import bell
from wesend.coordination.bell import Bell
from wesend.jobs import Jobs

from ..support.receiver import Receiver, answer
from ..support.webhooks import Engine


class Stub:
    """Rung; the first time it fails."""

    def __init__(self):
        self.rung = 0

    def ring(self, _gateways: object = None) -> None:
        self.rung += 1
        if self.rung == 1:
            raise OSError("disk full")


@contextmanager
def listening(app, dispatcher, courier) -> Iterator[None]:
    """The loop of the process that runs the jobs, without its jobs."""
    jobs = Jobs(app)
    app.extensions["wesend.dispatcher"] = dispatcher
    listener = Bell(app.config["WESEND"].instance)
    thread = threading.Thread(target=jobs._listen, args=(listener, courier))
    thread.start()
    try:
        yield
    finally:
        jobs.stopping.set()
        with app.app_context():
            bell.webhooks()
        thread.join()
        listener.close()


def test_a_bell_that_could_not_be_answered_is_answered_the_next_time(app):
    dispatcher, courier = Stub(), Stub()
    with listening(app, dispatcher, courier):
        Receiver.wait_until(lambda: courier.rung > 1 and dispatcher.rung > 1, "nobody listens any more")


def test_the_next_attempt_of_a_webhook_is_waited_for_not_found_at_the_next_look(app_with, receiver, monkeypatch):
    monkeypatch.setattr(jobs_module, "BELL_INTERVAL", 3600.0)
    receiver.behave(answer(500))
    app = app_with(WESEND_ALLOW_PRIVATE_URLS="1", WESEND_WEBHOOK_BACKOFF="0.01")
    engine = Engine(app)
    engine.put(engine.add(receiver.url).id)
    with listening(app, Stub(), engine.courier):
        receiver.wait_for(5)
    engine.close()
