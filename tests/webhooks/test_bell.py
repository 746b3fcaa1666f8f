"""The process that runs the jobs listens for what was committed, whatever went wrong the last time."""

import threading

from wesend.jobs import Jobs
from wesend.wake import Bell

from ..support.receiver import Receiver


class Stub:
    """Rung; the first time it fails."""

    def __init__(self):
        self.rung = 0

    def ring(self) -> None:
        self.rung += 1
        if self.rung == 1:
            raise OSError("disk full")


def test_a_bell_that_could_not_be_answered_is_answered_the_next_time(app):
    jobs, courier = Jobs(app), Stub()
    app.extensions["wesend.dispatcher"] = dispatcher = Stub()
    bell = Bell(app.config["WESEND"].instance)
    listening = threading.Thread(target=jobs._listen, args=(bell, courier))
    listening.start()
    try:
        Receiver.wait_until(lambda: courier.rung > 1 and dispatcher.rung > 1, "nobody listens any more")
    finally:
        jobs.stopping.set()
        listening.join()
        bell.close()
