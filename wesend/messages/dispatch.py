"""Dispatch: one lane a gateway takes due messages from the queue to the wire. Runs where the scheduler runs."""

from __future__ import annotations

import threading
import time
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
AHEAD = 0.5  # claimed beyond what may be called at once, as a share of it: a free call finds its messages ready
LEAD_AROUND = 200
DRAIN = 25.0  # seconds that calls under way have when wesend is stopped; longer than any of them may take


class Lane:
    """A thread that serves one gateway, so that a hanging one holds up no other."""

    def __init__(self, app: Flask, name: str):
        self.app, self.name = app, name
        self.bell = threading.Event()
        self.stopping = False
        self.free = threading.Condition()
        self.out = 0  # calls, under way or about to be
        self.reach = 1  # messages claimed for each free call: as many as lately went into one
        self.not_before = 0.0  # monotonic seconds; after a claim that found no room
        self.pool: ThreadPoolExecutor | None = None
        self.width = 0
        self.thread = threading.Thread(target=self._run, name=f"lane-{name}", daemon=True)
        self.thread.start()

    def ring(self) -> None:
        self.bell.set()

    def stop(self) -> None:
        self.stopping = True
        self.bell.set()

    def wait_until_idle(self, until: float) -> None:
        """After ``stop``: calls under way come to their end, until ``until`` (monotonic seconds)."""
        self.thread.join(max(0.0, until - time.monotonic()))
        with self.free:
            self.free.wait_for(lambda: not self.out, max(0.0, until - time.monotonic()))

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
        if breaker.is_on_trial(gateway.name):
            return self._try_again(gateway)
        return self._serve_by_pool(gateway)

    def _try_again(self, gateway: SmsGateway) -> bool:
        """When its rest is over, a gateway is tried with one message; whatever has another way takes it meanwhile."""
        if not breaker.rests(gateway.name) and not self.out:
            self._send_out(gateway, queue.claim(gateway.name, 1), 1)
        lead_around(gateway.name)
        return False

    def _serve_at_once(self, gateway: SmsGateway) -> bool:
        claimed = queue.claim(gateway.name, gateway.batch, submitting=True)
        if not claimed.messages:
            return False
        self._settle(claimed.token, claimed.messages, call(gateway, claimed.messages))
        return len(claimed.messages) == gateway.batch

    def _serve_by_pool(self, gateway: SmsGateway) -> bool:
        if time.monotonic() < self.not_before:
            return False
        calls = _width(gateway)
        with self.free:
            while self.out >= calls and not self.stopping:
                self.free.wait(INTERVAL)
            room = calls - self.out
        if room <= 0 or self.stopping:
            return False
        wanted = room * min(self.reach, limits.at_once(gateway))
        claimed = queue.claim(gateway.name, wanted)
        calls = self._send_out(gateway, claimed, room)
        if calls > room:
            self.reach = max(1, self.reach * room // calls)
        elif len(claimed.messages) == wanted and 2 * calls <= room + 1:
            self.reach = min(2 * self.reach, gateway.batch)
        return bool(claimed.messages)

    def _send_out(self, gateway: SmsGateway, claimed: queue.Claimed, room: int) -> int:
        """Hand over as many calls as there is room for; the rest goes back, for a claim must not wait for its turn.

        How many calls the messages would have made.
        """
        groups = in_calls(gateway, claimed.messages)
        queue.hand_back(claimed, [message for group in groups[room:] for message in group])
        for group in groups[:room]:
            with self.free:
                self.out += 1
            self._threads(gateway).submit(self._submit, gateway, claimed, group)
        return len(groups)

    def _threads(self, gateway: SmsGateway) -> ThreadPoolExecutor:
        """As many as the gateway takes calls, also when that was set anew."""
        if self.pool is None or self.width != gateway.parallel:
            if self.pool is not None:
                self.pool.shutdown(wait=False)
            self.width = gateway.parallel
            self.pool = ThreadPoolExecutor(_width(gateway), thread_name_prefix=f"send-{self.name}")
        return self.pool

    def _submit(self, gateway: SmsGateway, claimed: queue.Claimed, group: list[Outgoing]) -> None:
        with self.app.app_context():
            try:
                begun = self._call(gateway, claimed, group)
                if begun is None:
                    self.not_before = time.monotonic() + INTERVAL
                    queue.hand_back(claimed, group)
                elif begun[0]:
                    self._settle(claimed.token, *begun)
            except Exception:
                self.app.logger.exception("submission to %s failed; its lease decides", self.name)
            finally:
                with self.free:
                    self.out -= 1
                    self.free.notify_all()
                    if not self.out:
                        self.bell.set()

    def _call(self, gateway: SmsGateway, claimed: queue.Claimed, group: list[Outgoing]
              ) -> tuple[list[Outgoing], list[Outcome]] | None:
        """Those that were still ours, and their outcomes; None: there was no room, or wesend is being stopped."""
        with limits.slot(gateway, WAIT, yields=True) as free:
            if not free or self.stopping or not limits.wait_for_turn(gateway, len(group), WAIT):
                return None
            ours = queue.start(claimed, group)
            return ours, call(gateway, ours) if ours else []

    @staticmethod
    def _settle(token: str, group: list[Outgoing], outcomes: list[Outcome]) -> None:
        results = list(zip(group, outcomes, strict=True))
        write(lambda tx: settle(tx, results, token))


def _width(gateway: SmsGateway) -> int:
    """Calls that a lane has out: under way, or waiting for one that is free."""
    return gateway.parallel + max(2, int(gateway.parallel * AHEAD))


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
        self.listening: dict[str, SmsGateway] = {}
        self.lock = threading.Lock()
        self.stopped = False

    def ring(self) -> None:
        """Wake every lane; gateways that were set up since get one, and are listened to."""
        with self.lock:
            if self.stopped:
                return
            for name, gateway in registry.gateways().items():
                listen = getattr(gateway, "listen", None)
                if listen is not None and self.listening.get(name) is not gateway:
                    listen()
                    self.listening[name] = gateway
                if name not in self.lanes:
                    self.lanes[name] = Lane(self.app, name)
            for lane in self.lanes.values():
                lane.ring()

    def stop(self) -> None:
        """Begin nothing more, and let what is under way come to its end: what is cut off now would stay unknown."""
        with self.lock:
            self.stopped = True
            lanes = list(self.lanes.values())
        for lane in lanes:
            lane.stop()
        until = time.monotonic() + DRAIN
        for lane in lanes:
            lane.wait_until_idle(until)
