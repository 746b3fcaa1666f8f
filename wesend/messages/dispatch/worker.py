"""A worker: the thread that takes one gateway's due messages from the queue to the wire."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from ...adapters.sms.base import Outcome, SmsGateway
from ...coordination import call_slots, leadership, lease, pace, pause
from ...core import storage
from ...database import write_surely
from ...gateways import breaker, registry
from ..state.outgoing import Outgoing
from . import queue
from .failover import fail_over
from .queue import Claimed
from .settle import settle
from .submit import call, in_calls

INTERVAL = 1.0  # seconds; the safety net behind the bell
WAIT = 5.0  # seconds for a free call; a claim is held meanwhile, whose lease is 30 s
AHEAD = 0.5  # calls that lie ready for those that get free, as a share of what the gateway takes at once


class Worker:
    """Serves one gateway, so that a hanging one holds up no other.

    Its thread does what is quick for all calls together: it claims ahead, takes free calls, and marks what goes
    out by them in one commit. A pool of threads makes the calls and settles them.
    """

    def __init__(self, app: Flask, name: str):
        self.app, self.name = app, name
        self.bell = threading.Event()
        self.stopping = False
        self.ready: deque[Claimed] = deque()  # a call each
        self.a_call = 1  # messages claimed for each: as many as lately went into one
        self.not_before = 0.0  # monotonic seconds; after a wait for a free call that was in vain
        self.next_failover = 0.0
        self.pool: ThreadPoolExecutor | None = None
        self.width = 0
        self.idle = threading.Condition()
        self.out = 0  # calls whose messages are not settled yet
        self.thread = threading.Thread(target=self._run, name=f"dispatch-{name}", daemon=True)
        self.thread.start()

    def ring(self) -> None:
        self.bell.set()

    def stop(self) -> None:
        self.stopping = True
        self.bell.set()

    def wait_until_idle(self, until: float) -> None:
        """After ``stop``: calls under way come to their end, until ``until`` (monotonic seconds)."""
        self.thread.join(max(0.0, until - time.monotonic()))
        with self.idle:
            self.idle.wait_for(lambda: not self.out, max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        with leadership.at_work(self.app):
            while not self.stopping:
                self.bell.wait(INTERVAL)
                self.bell.clear()
                try:
                    while not self.stopping and self._serve():
                        pass
                except lease.LeaseLost:
                    self.stopping = True
                except Exception:
                    self.app.logger.exception("dispatch to %s failed; it goes on in a moment", self.name)
            self._hand_back()

    def _serve(self) -> bool:
        """One round; whether there may be more."""
        if storage.here().problem() is not None:
            return False  # nothing leaves that can't be recorded
        gateway = registry.gateway(self.name)
        if gateway is None or pause.current() is not None:
            self._hand_back()
            return False
        if gateway.in_process:
            return serve_at_once(gateway)
        if not gateway.may_submit():
            self._hand_back()
            return False
        if breaker.is_on_trial(gateway.name):
            return self._try_again(gateway)
        return time.monotonic() >= self.not_before and self._serve_by_pool(gateway)

    def _try_again(self, gateway: SmsGateway) -> bool:
        """When its rest is over, a gateway is tried with one message; whatever has another way takes it meanwhile."""
        self._hand_back()
        if not breaker.rests(gateway.name) and not self.out:
            claimed = queue.claim(gateway.name, 1)
            if claimed.messages:
                self.ready.append(claimed)
                self._begin(gateway)
        # A look claims and hands back what has no other way: not at every ring of the bell.
        if time.monotonic() < self.next_failover:
            return False
        self.next_failover = time.monotonic() + INTERVAL
        while fail_over(gateway.name):
            pass
        return False

    def _serve_by_pool(self, gateway: SmsGateway) -> bool:
        room = max(2, int(gateway.parallel * AHEAD)) - len(self.ready)
        if room > len(self.ready):
            self._claim(gateway, room)
        if not self.ready:
            return False
        if not self._begin(gateway):
            self.not_before = time.monotonic() + INTERVAL
            self._hand_back()
            return False
        return True

    def _claim(self, gateway: SmsGateway, room: int) -> None:
        """Messages for that many calls; what would make more calls goes back, for a claim must not wait for its turn.

        Where they turn out to go together, as many as the gateway takes are claimed in their place: calls are as few as can be.
        """
        most = pace.at_once(gateway)
        wanted = room * min(self.a_call, most)
        claimed, groups = self._in_calls(gateway, wanted)
        if self.a_call < most and len(claimed.messages) == wanted and 2 * len(groups) <= room + 1:
            queue.hand_back([claimed])
            self.a_call = most
            claimed, groups = self._in_calls(gateway, room * most)
        queue.hand_back(groups[room:])
        self.ready.extend(groups[:room])
        if len(groups) > room:
            self.a_call = max(1, self.a_call * room // len(groups))

    @staticmethod
    def _in_calls(gateway: SmsGateway, limit: int) -> tuple[Claimed, list[Claimed]]:
        claimed = queue.claim(gateway.name, limit)
        return claimed, [claimed._replace(messages=messages) for messages in in_calls(gateway, claimed.messages)]

    def _begin(self, gateway: SmsGateway) -> bool:
        """Send out as much of what is ready as there are calls free; False when none got free for a while."""
        taken: list[call_slots.Slot] = []
        try:
            if not self._take_slots(gateway, taken):
                return False
            for group in queue.start([self.ready.popleft() for _ in taken]):
                slot = taken.pop()
                if group.messages:
                    self._send_out(gateway, group, slot)
                else:
                    slot.give_back()
            return True
        finally:
            for slot in taken:  # what nobody carries: no failure here may keep a call for ever
                slot.give_back()

    def _take_slots(self, gateway: SmsGateway, taken: list[call_slots.Slot]) -> bool:
        """One is waited for; more only if they are free now. With a pace to be kept, one at a time."""
        another = call_slots.take(gateway, WAIT, yields=True)
        while another is not None:
            taken.append(another)
            if gateway.tps is not None or len(taken) == len(self.ready):
                break
            another = call_slots.take(gateway, 0, yields=True)
        return bool(taken) and not self.stopping and pace.wait_for_turn(gateway, len(self.ready[0].messages), WAIT)

    def _send_out(self, gateway: SmsGateway, group: Claimed, slot: call_slots.Slot) -> None:
        with self.idle:
            self.out += 1
        self._threads(gateway).submit(self._carry, gateway, group, slot)

    def _threads(self, gateway: SmsGateway) -> ThreadPoolExecutor:
        """As many as the gateway takes calls, also when that was set anew; some more settle what came back."""
        if self.pool is None or self.width != gateway.parallel:
            if self.pool is not None:
                self.pool.shutdown(wait=False)
            self.width = gateway.parallel
            self.pool = ThreadPoolExecutor(2 * gateway.parallel, thread_name_prefix=f"send-{self.name}")
        return self.pool

    def _carry(self, gateway: SmsGateway, group: Claimed, slot: call_slots.Slot) -> None:
        with self.app.app_context():
            try:
                try:
                    outcomes = call(gateway, group.messages)
                finally:
                    slot.give_back()
                _settle(group, outcomes)
            except Exception:
                self.app.logger.exception("submission to %s failed; its lease decides", self.name)
            finally:
                with self.idle:
                    self.out -= 1
                    self.idle.notify_all()
                    if not self.out:
                        self.bell.set()

    def _hand_back(self) -> None:
        groups = list(self.ready)
        self.ready.clear()
        queue.hand_back(groups)


def serve_at_once(gateway: SmsGateway) -> bool:
    """One round for a gateway that lives in this process; whether there may be more."""
    claimed = queue.claim(gateway.name, gateway.batch, submitting=True)
    if not claimed.messages:
        return False
    _settle(claimed, call(gateway, claimed.messages))
    return len(claimed.messages) == gateway.batch


def _settle(group: Claimed, outcomes: list[Outcome]) -> None:
    results: list[tuple[Outgoing, Outcome]] = list(zip(group.messages, outcomes, strict=True))
    write_surely(lambda tx: settle(tx, results, group.token))
