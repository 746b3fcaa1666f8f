"""Dispatch: one lane a gateway takes due messages from the queue to the wire. Runs where the scheduler runs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from ..database import query, write
from ..gateways.sms.base import TEMPORARY, Outcome, SmsGateway
from ..upstreams import breaker, limits, registry
from . import queue
from .accept import Outgoing
from .settle import next_gateway, settle
from .submit import call, in_calls

INTERVAL = 1.0  # seconds; the safety net behind the bell
WAIT = 5.0  # seconds for a free call; a claim is held meanwhile, whose lease is 30 s
LEAD_AROUND = 200


class Lane:
    """A thread that serves one gateway, so that a hanging one holds up no other."""

    def __init__(self, app: Flask, name: str):
        self.app, self.name = app, name
        self.bell = threading.Event()
        self.stopping = False
        self.free = threading.Condition()
        self.out = 0
        self.pool: ThreadPoolExecutor | None = None
        self.thread = threading.Thread(target=self._run, name=f"lane-{name}", daemon=True)
        self.thread.start()

    def ring(self) -> None:
        self.bell.set()

    def stop(self) -> None:
        self.stopping = True
        self.bell.set()

    def _run(self) -> None:
        with self.app.app_context():
            while not self.stopping:
                self.bell.wait(INTERVAL)
                self.bell.clear()
                try:
                    while not self.stopping and self._serve():
                        pass
                except Exception:
                    self.app.logger.exception("dispatch to %s failed; it goes on in a moment", self.name)

    def _serve(self) -> bool:
        """One round; whether there may be more."""
        gateway = registry.gateway(self.name)
        if gateway is None:
            return False
        if gateway.in_process:
            return self._serve_at_once(gateway)
        if breaker.rests(gateway.name):
            lead_around(gateway.name)
            return False
        return self._serve_by_pool(gateway)

    def _serve_at_once(self, gateway: SmsGateway) -> bool:
        claimed = queue.claim(gateway.name, gateway.batch, submitting=True)
        if not claimed.messages:
            return False
        self._settle(claimed.token, claimed.messages, call(gateway, claimed.messages))
        return len(claimed.messages) == gateway.batch

    def _serve_by_pool(self, gateway: SmsGateway) -> bool:
        if self.pool is None:
            self.pool = ThreadPoolExecutor(max_workers=gateway.parallel, thread_name_prefix=f"send-{self.name}")
        with self.free:
            while self.out >= gateway.parallel and not self.stopping:
                self.free.wait(INTERVAL)
            room = gateway.parallel - self.out
        if room <= 0:
            return False
        claimed = queue.claim(gateway.name, room * gateway.batch)
        for group in in_calls(gateway, claimed.messages):
            with self.free:
                self.out += 1
            self.pool.submit(self._submit, gateway, claimed, group)
        return bool(claimed.messages)

    def _submit(self, gateway: SmsGateway, claimed: queue.Claimed, group: list[Outgoing]) -> None:
        with self.app.app_context():
            try:
                with limits.slot(gateway, WAIT) as free:
                    if not free or not limits.wait_for_turn(gateway, len(group), WAIT):
                        queue.hand_back(claimed, group)
                        return
                    ours = queue.start(claimed, group)
                    if ours:
                        self._settle(claimed.token, ours, call(gateway, ours))
            except Exception:
                self.app.logger.exception("submission to %s failed; its lease decides", self.name)
            finally:
                with self.free:
                    self.out -= 1
                    self.free.notify()

    @staticmethod
    def _settle(token: str, group: list[Outgoing], outcomes) -> None:
        results = list(zip(group, outcomes, strict=True))
        write(lambda tx: settle(tx, results, token))


def lead_around(name: str, *, gone: bool = False) -> None:
    """Send what waits for a gateway that rests (or is gone) by the next route, where there is one.

    Without one it waits for the gateway; for one that is gone it is tried a while, then fails and is refunded.
    """
    claimed = queue.claim(name, LEAD_AROUND)
    led = [message for message in claimed.messages if gone or next_gateway(message)]
    queue.hand_back(claimed, [message for message in claimed.messages if message not in led])
    ours = queue.start(claimed, led) if led else []
    if ours:
        outcome = (Outcome(TEMPORARY, code="no_gateway", text=f"The gateway {name} was removed") if gone
                   else Outcome(TEMPORARY, code="resting", text=f"The gateway {name} rests after failures"))
        write(lambda tx: settle(tx, [(message, outcome) for message in ours], claimed.token, called=False))


def lead_around_the_gone() -> None:
    """Messages that are queued for gateways which are not set up any more."""
    names = {row[0] for row in query("SELECT DISTINCT gateway FROM messages WHERE status = 'queued' AND lane = 0"
                                     " UNION SELECT DISTINCT gateway FROM messages WHERE status = 'queued' AND lane = 1")}
    for name in names - registry.gateways().keys():
        lead_around(name, gone=True)


class Dispatcher:
    """All lanes; ``ring`` when work was committed."""

    def __init__(self, app: Flask):
        self.app = app
        self.lanes: dict[str, Lane] = {}

    def ring(self) -> None:
        """Wake every lane; gateways that were set up since get one."""
        for name, gateway in registry.gateways().items():
            if name not in self.lanes:
                listen = getattr(gateway, "listen", None)
                if listen is not None:
                    listen()
                self.lanes[name] = Lane(self.app, name)
        for lane in self.lanes.values():
            lane.ring()

    def stop(self) -> None:
        for lane in self.lanes.values():
            lane.stop()
