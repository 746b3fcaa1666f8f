"""The `smpp` gateway: messages → parts through the window → outcomes; receipts and inbound messages to its owner."""

from __future__ import annotations

import itertools
import os
import random
import threading
import time
from collections.abc import Callable, Mapping

from ..base import Outcome, Receipt, SmsGateway, Submission
from . import ids, settings
from .budget import Budget
from .deliveries import Acknowledged, Deliveries, Inbound, Receipts
from .outcomes import is_accepted, may_follow, outcome_of
from .pdu import BIND_RECEIVER, submit_body
from .session import NOT_YET, GiveBack, Session
from .texts import parts_of
from .window import NOT_WRITTEN, Answer

AGAIN = 0.05  # seconds; a lost connection takes a moment to be noticed


class Running:
    """What a gateway runs in one process; a fork inherits the memory of it, but none of its threads."""

    def __init__(self, name: str, link: settings.Link, bind: int, gateway: SmppGateway):
        def room() -> GiveBack | None:
            if gateway.on_bind is None or gateway.binds is None:
                return _nothing
            return gateway.on_bind(gateway.binds, gateway.needed)

        self.pid = os.getpid()
        self.deliveries = Deliveries(name, lambda: gateway.on_receipt, lambda: gateway.on_inbound, lambda: gateway.on_acknowledged)
        sends, hears = bind != BIND_RECEIVER, bind != settings.BINDS["transmitter"]
        self.sending = Session(name, link, bind, self.deliveries.take, room) if sends else None
        if hears:
            self.listening = self.sending or Session(name, link, bind, self.deliveries.take, room)
        else:
            self.listening = Session(name, link, BIND_RECEIVER, self.deliveries.take, room)
        # Long messages to one phone are kept apart by it; it begins anywhere, so that processes rarely meet.
        self.references = itertools.count(random.randrange(256))

    def stop(self) -> None:
        for session in {self.sending, self.listening}:
            if session is not None:
                session.stop()
        self.deliveries.stop()


def _nothing() -> None:
    """Where sessions are not counted there is nothing to give back."""


class SmppGateway(SmsGateway):
    """Every process that submits has its own session, begun with the first message and never before a fork.

    ``on_bind`` (of how many sessions, needed by who runs the jobs) gives room for one where ``binds`` limits them, or None.
    ``on_receipt`` and ``on_inbound`` are set by the owner, who keeps what he is given before he returns: only then the
    SMSC is told that it arrived, and with ``on_acknowledged`` he hears which messages it was told of. A transceiver gets
    receipts in every process that sends.
    """

    type = "smpp"
    title = "SMPP 3.4"
    about = "A line of your own to the SMSC of a mobile operator or an aggregator. Receipts come over it."
    options = settings.OPTIONS
    secrets = settings.SECRETS
    carries_bytes = True

    def __init__(self, name: str, options: dict, secrets: dict, *, timeout: float, callback_url: str = ""):
        """Raises ValueError for a missing or wrong option; ``timeout`` in seconds: see Budget."""
        super().__init__(name)
        chosen = settings.read(type(self), options, secrets)
        self._bind = settings.BINDS[chosen.pop("bind")]
        self._payload = chosen.pop("payload")
        self.binds: int | None = chosen.pop("binds")
        self.needed = 2 if self._bind == settings.BINDS["transmitter"] else 1
        """Sessions of a process that sends and listens."""
        parallel = chosen.pop("parallel")
        self.inbound_account = chosen.pop("inbound_account")
        self._link = settings.Link(**chosen, timeout=timeout)
        self.tps = self._link.tps
        self.parallel, self.batch = self._load(parallel)
        self.on_bind: Callable[[int, int], GiveBack | None] | None = None
        self.on_receipt: Receipts | None = None
        self.on_inbound: Inbound | None = None
        self.on_acknowledged: Acknowledged | None = None
        self._running: Running | None = None
        self._starting = threading.Lock()

    def _load(self, parallel: int) -> tuple[int, int]:
        """How many submissions at once, of how many messages: two windows' worth, one on its way and one to follow.

        More would wait so long for a slow SMSC that they are given back, and after some rounds refunded. For the same
        reason no more than the pace lets begin in time.
        """
        waiting = 2.0 * self._link.window
        if self.tps is not None:
            waiting = min(waiting, self.tps * self._link.timeout / 2)
        parallel = max(1, min(parallel, int(waiting)))
        return parallel, max(1, min(self._link.window, round(waiting / parallel)))

    def _run(self) -> Running:
        with self._starting:
            if self._running is None or self._running.pid != os.getpid():
                self._running = Running(self.name, self._link, self._bind, self)
            return self._running

    def listen(self) -> None:
        """Keep a session bound for receipts, also when nothing is sent. Call it after the fork."""
        self._run().listening.start()

    @property
    def link_trouble(self) -> str | None:
        running = self._running
        if running is None or running.pid != os.getpid() or running.listening.trouble == NOT_YET:
            return None
        return running.listening.trouble or None

    def may_submit(self) -> bool:
        sending = self._run().sending if self.binds is not None else None
        return sending is None or sending.has_room()

    def close(self) -> None:
        """Unbind; a later submit begins anew. What was inherited by a fork is the parent's to end."""
        with self._starting:
            running, self._running = self._running, None
        if running is not None and running.pid == os.getpid():
            running.stop()

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        running = self._run()
        if running.sending is None:
            return [outcome_of([NOT_WRITTEN], "this gateway is bound as a receiver only")] * len(submissions)
        messages = [
            [
                submit_body(item.sender, item.to, part, item.valid_seconds)
                for part in parts_of(item.text, next(running.references), payload=self._payload, form=item.form)
            ]
            for item in submissions
        ]
        answers = self._through_window(running.sending, messages)
        return [outcome_of(of_message, running.sending.trouble) for of_message in answers]

    def _through_window(self, session: Session, messages: list[list[bytes]]) -> list[list[Answer]]:
        """Submit the parts of all messages; what is missing of one that has begun to go out is tried to the end."""
        budget = Budget(self._link.timeout)
        answers = [[NOT_WRITTEN] * len(parts) for parts in messages]
        missing = [(message, part) for message, parts in enumerate(messages) for part in range(len(parts))]
        is_first = [part == 0 for _, part in missing]
        while True:
            got = session.submit([messages[message][part] for message, part in missing], is_first, budget)
            for (message, part), answer in zip(missing, got, strict=True):
                answers[message][part] = answer
            missing = [
                (message, part)
                for message, part in missing
                if may_follow(answers[message][part]) and any(map(is_accepted, answers[message]))
            ]
            if not missing or time.monotonic() >= budget.finish_by:
                return answers
            is_first = [False] * len(missing)
            time.sleep(AGAIN)

    @staticmethod
    def alternatives(gateway_ref: str) -> tuple[str, ...]:
        """The spellings under which the id of a receipt may be stored, likeliest first."""
        return ids.alternatives(gateway_ref)

    def whole(self, gateway_ref: str, receipts: Mapping[str, Receipt]) -> Receipt | None:
        """What the receipts of a message's parts, by their ids, say of the message with this stored reference."""
        return ids.whole(gateway_ref, receipts)
