"""Another process that takes a gateway's slots or turns, on the same instance folder."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from wesend import create_app
from wesend.adapters.sms.base import SmsGateway
from wesend.coordination import call_slots, pace
from wesend.core import settings

from . import postgresql
from .forked import context


def gateway(*, parallel: int = 2, tps: float | None = None) -> SmsGateway:
    found = SmsGateway("shared")
    found.parallel, found.tps = parallel, tps
    return found


class SlotHolder:
    """``what``: *hold* a slot of ``number``, *wait* for one and hold it, or take ``number`` turns at 50 a second."""

    def __init__(self, instance: Path, what: str, number: int):
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(instance, what, number, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def says(self) -> Any:
        """The next that it tells of: "held" or "none", "waits", "ready", the moments of its turns."""
        assert self._connection.poll(60), "it says nothing"
        return self._connection.recv()

    def go(self) -> None:
        self._connection.send("go")

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()


def _run(instance: Path, what: str, number: int, connection: Connection) -> None:
    with create_app(settings.load({"WESEND_INSTANCE": str(instance), **postgresql.environment_of(instance)})).app_context():
        if what == "turns":
            _take_turns(number, connection)
            return
        if what == "wait":
            connection.send("waits")
        with call_slots.slot(gateway(parallel=number), 60 if what == "wait" else 0) as free:
            connection.send("held" if free else "none")
            connection.recv()  # until it is killed


def _take_turns(number: int, connection: Connection) -> None:
    connection.send("ready")
    connection.recv()
    moments = []
    for _ in range(number):
        assert pace.wait_for_turn(gateway(tps=50), 1, 60)
        moments.append(time.monotonic())
    connection.send(moments)
