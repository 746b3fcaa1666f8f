"""What the SMSC delivers: handed over in groups, and acknowledged only when the owner has it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from ..base import CallbackInbound, CallbackReceipt
from . import statuses
from .connection import Connection
from .gathering import WAIT, Gathering
from .incoming import read_incoming
from .pdu import Malformed, Pdu, read_delivery
from .receipt import is_receipt, read_receipt

GROUP = 500  # at most this many receipts are handed over at once, as one transaction of the owner's
WAITING = 5_000  # more than this many are refused for now, and the SMSC delivers them again

log = logging.getLogger(__name__)

Receipts = Callable[[list[CallbackReceipt]], None]
Inbound = Callable[[list[CallbackInbound]], None]
Acknowledged = Callable[[list[str]], None]
"""Told the digests of messages whose acknowledgement was written."""


class Deliveries:
    """A thread of its own: the owner waits for its database while answers to submit_sm must go on being read."""

    def __init__(
        self,
        name: str,
        on_receipt: Callable[[], Receipts | None],
        on_inbound: Callable[[], Inbound | None],
        on_acknowledged: Callable[[], Acknowledged | None],
    ):
        self._name, self._on_receipt, self._on_inbound = name, on_receipt, on_inbound
        self._on_acknowledged = on_acknowledged
        self._waiting: queue.Queue[tuple[Connection, Pdu] | None] = queue.Queue(WAITING)
        self._gathering = Gathering()
        self._thread = threading.Thread(target=self._run, name=f"smpp-{name}-deliveries", daemon=True)
        self._thread.start()

    def take(self, connection: Connection, request: Pdu) -> None:
        try:
            self._waiting.put_nowait((connection, request))
        except queue.Full:
            connection.respond([(request, statuses.RX_T_APPN)])

    def stop(self) -> None:
        """What is still waiting is not acknowledged; the SMSC delivers it again."""
        self._waiting.put(None)

    def _run(self) -> None:
        while True:
            group = self._next_group()
            if None in group:
                return
            try:
                self._hand_over(group)
            except Exception:
                log.exception("smpp gateway %s: deliveries", self._name)

    def _next_group(self) -> list:
        group = [self._waiting.get()]
        self._add_waiting(group)
        if self._gathering.is_worth_it(len(group)) and None not in group:
            time.sleep(WAIT)
            self._gathering.waited(self._add_waiting(group))
        self._gathering.done(len(group))
        return group

    def _add_waiting(self, group: list) -> int:
        """Those that are here already; how many."""
        before = len(group)
        with suppress(queue.Empty):
            while len(group) < GROUP:
                group.append(self._waiting.get_nowait())
        return len(group) - before

    def _hand_over(self, group: list[tuple[Connection, Pdu]]) -> None:
        read = [self._read(request) for _, request in group]
        receipts = [found for found in read if isinstance(found, CallbackReceipt)]
        incoming = [found for found in read if isinstance(found, CallbackInbound)]
        of_receipts = self._bring(receipts) if receipts else statuses.OK
        of_incoming = self._take_incoming(incoming) if incoming else statuses.OK
        answers: dict[Connection, list[tuple[Pdu, int]]] = {}
        kept: dict[Connection, list[str]] = {}
        for (connection, request), found in zip(group, read, strict=True):
            if isinstance(found, int):
                status = found
            else:
                status = of_receipts if isinstance(found, CallbackReceipt) else of_incoming
            answers.setdefault(connection, []).append((request, status))
            if isinstance(found, CallbackInbound) and found.digest is not None and status == statuses.OK:
                kept.setdefault(connection, []).append(found.digest)
        for connection, of_connection in answers.items():
            if connection.respond(of_connection) and connection in kept:
                self._note_acknowledged(kept[connection])

    def _read(self, request: Pdu) -> CallbackReceipt | CallbackInbound | int:
        """A receipt, a message, or the status that answers anything else."""
        try:
            delivery = read_delivery(request)
        except Malformed as error:
            log.warning("smpp gateway %s: %s", self._name, error)
            return statuses.RX_P_APPN
        if not is_receipt(delivery):
            return read_incoming(delivery, request.body)
        receipt = read_receipt(delivery)
        if receipt is None:
            log.warning("smpp gateway %s: a receipt without an id: %r", self._name, delivery.content[:100])
            return statuses.OK
        return receipt

    def _bring(self, receipts: list[CallbackReceipt]) -> int:
        """Without an owner nothing is acknowledged: another session of ours may have one."""
        on_receipt = self._on_receipt()
        if on_receipt is None:
            return statuses.RX_T_APPN
        try:
            on_receipt(receipts)
        except Exception:
            log.exception("smpp gateway %s: receipts could not be kept; the SMSC delivers them again", self._name)
            return statuses.RX_T_APPN
        return statuses.OK

    def _take_incoming(self, incoming: list[CallbackInbound]) -> int:
        on_inbound = self._on_inbound()
        if on_inbound is None:
            return statuses.OK
        try:
            on_inbound(incoming)
        except Exception:
            log.exception("smpp gateway %s: inbound messages could not be kept", self._name)
            return statuses.RX_T_APPN
        return statuses.OK

    def _note_acknowledged(self, digests: list[str]) -> None:
        on_acknowledged = self._on_acknowledged()
        if on_acknowledged is None:
            return
        try:
            on_acknowledged(digests)
        except Exception:  # a message that is the same in every byte, within minutes, is then taken for a repetition
            log.exception("smpp gateway %s: acknowledged messages could not be noted", self._name)
