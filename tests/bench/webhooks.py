"""Webhooks from a full outbox to a local endpoint, alone and with an endpoint beside it that never answers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.conftest import close, make_app
from tests.support.receiver import Receiver, hang
from tests.support.server import Server
from tests.support.webhooks import Engine

from .figure import Figure, Yardstick, figure
from .serving import default, prepare
from .sizes import Sizes
from .yardsticks import empty_route

PRIVATE = {"WESEND_ALLOW_PRIVATE_URLS": "1"}
ROUNDS = 3
A_WRITE = 500


def bench(sizes: Sizes) -> Iterator[Figure]:
    alone, beside = [], []
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name) / "fresh" / "instance")
        for number in range(min(ROUNDS, sizes.rounds)):
            for rates, hanging in ((alone, False), (beside, True)):
                folder = Path(name) / f"{number} {hanging}"
                shutil.copytree(Path(name) / "fresh", folder)
                rates.append(_per_second(folder / "instance", sizes.events, hanging=hanging))
    rate = median(alone)
    yield figure("to one endpoint", rate, "/s", at_least=500, beside=empty_route(sizes))
    yield figure("with a hanging one beside it", median(beside), "/s", at_least_times=0.9, beside=Yardstick("alone", rate))


def _per_second(instance: Path, events: int, *, hanging: bool) -> float:
    """From the first to the last that arrives; the server starts with all of them due."""
    with Receiver() as receiver, Receiver() as hangs:
        hangs.behave(hang)
        app = make_app(instance, **PRIVATE)
        engine = Engine(app)
        endpoints = [engine.add(each.url).id for each in ([hangs, receiver] if hanging else [receiver])]
        for start in range(0, events, A_WRITE):
            engine.put(*endpoints, count=min(A_WRITE, events - start))
        engine.close()
        close(app)
        with default(Server(instance, **PRIVATE)) as server:
            posted = receiver.wait_for(events, seconds=120)
            assert bool(hangs.posted) == hanging
            server.kill()  # it would wait for its threads, and they for the endpoint that hangs
        return (events - 1) / (posted[events - 1].at - posted[0].at)
