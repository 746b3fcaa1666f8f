"""Clients that go on sending while the server is killed and started again, and note what they were told."""

from __future__ import annotations

import http.client
import threading
from itertools import count

from .server import Server
from .wire import Answer, Customer, Wire

FINAL = (200, 502)
REFUSED = "+256770000077"


class Clients:
    """Threads that send until the end of the ``with`` block.

    Every message's text is unlike any other. Texts: ``accepted`` (with its id) and ``refused`` were answered;
    ``lost`` got no answer and were not sent again; what has an Idempotency-Key is sent again until it is answered.
    """

    def __init__(self, server: Server, customer: Customer, *, threads: int = 8, refuse_every: int | None = 7):
        self.server, self.customer, self.refuse_every = server, customer, refuse_every
        self.accepted: dict[str, str] = {}
        self.refused: set[str] = set()
        self.lost: set[str] = set()
        self.unexpected: list[Answer] = []
        self.up = threading.Event()
        self.up.set()
        self.stopping = False
        self.numbers = count()
        self.threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> Clients:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stopping = True
        self.up.set()
        for thread in self.threads:
            thread.join(60)

    @property
    def answered(self) -> int:
        return len(self.accepted) + len(self.refused)

    def kill_and_restart(self) -> None:
        """kill -9 in the middle of their calls; they wait until it serves again."""
        self.up.clear()
        self.server.kill()
        self.server.end_leases()
        self.server.start()
        self.up.set()

    def _run(self) -> None:
        with Wire(self.server.port, self.customer) as wire:
            while not self.stopping:
                number = next(self.numbers)
                to = REFUSED if self.refuse_every and number % self.refuse_every == 0 else f"+25677{1_000_000 + number}"
                self._send(wire, to, f"text {number}", key=f"key {number}" if number % 2 else None)

    def _send(self, wire: Wire, to: str, text: str, key: str | None) -> None:
        while True:
            self.up.wait(60)
            try:
                answer = wire.send(to, text, key)
            except (OSError, http.client.HTTPException):
                if key is None:
                    self.lost.add(text)
                    return
                continue
            if answer.status == 409 and answer.body["error"] == "idempotency_in_flight":
                continue
            self._note(text, answer)
            return

    def _note(self, text: str, answer: Answer) -> None:
        if answer.status == 200:
            self.accepted[text] = answer.data["results"][0]["message_id"]
        elif answer.status == 502 and answer.body["error"] == "provider_rejected":
            self.refused.add(text)
        else:
            self.unexpected.append(answer)
