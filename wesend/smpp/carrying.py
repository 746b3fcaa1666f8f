"""Carrying out what bound clients ask: a few threads, each of which takes what waits together and commits it once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from flask import Flask

from ..accounts.key_limits import is_usable
from ..adapters.sms.smpp import pdu, requests, statuses
from ..adapters.sms.smpp.pdu import Malformed
from ..binds.measures import Measures
from ..binds.statuses import name as status_name
from ..core import storage
from ..core.current_app import this_app
from ..core.errors import AccountSuspended, InsufficientScope, MessageNotFound, NotCancellable
from ..messages.smpp import asking, parts, submit
from ..messages.smpp.parts import Submitted
from ..messages.smpp.submit import Planned
from . import binding, orders, refusals, times
from .session import Read

THREADS = 4
GROUP = 16  # submissions that share a transaction
MOST_WAITING = 2000  # beyond it clients are told to wait


class Done(NamedTuple):
    """A request with its answer; ``reason`` of a refusal, ``ends``: the bind must end, ``after``: seconds that it is held back."""

    read: Read
    status: int
    body: bytes = b""
    reason: str = ""
    ends: bool = False
    after: float = 0.0


class Carrier:
    """``on_done`` is told of every request, on the thread that carried it out."""

    def __init__(self, app: Flask, on_done: Callable[[list[Done]], None]):
        self.app, self.on_done = app, on_done
        self.waiting: deque[Read] = deque()
        self.changed = threading.Condition()
        self.stopping = False
        self.threads = [threading.Thread(target=self._run, name=f"smpp-{number}", daemon=True) for number in range(THREADS)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """What waits is still carried out."""
        with self.changed:
            self.stopping = True
            self.changed.notify_all()

    def put(self, read: Read) -> bool:
        """False when too much waits already."""
        with self.changed:
            if len(self.waiting) >= MOST_WAITING:
                return False
            self.waiting.append(read)
            self.changed.notify()
            return True

    def _run(self) -> None:
        database = self.app.extensions["wesend.database"]
        with self.app.app_context():
            while group := self._next_group():
                database.configuration.begin_request()
                try:
                    self.on_done(carry_out(group))
                except Exception:
                    self.app.logger.exception("SMPP requests could not be carried out")
                    self.on_done([Done(read, statuses.RSYSERR, reason="our own error") for read in group])
                finally:
                    database.configuration.end_request()
            database.close_thread()

    def _next_group(self) -> list[Read]:
        with self.changed:
            while not self.waiting and not self.stopping:
                self.changed.wait()
            # What waits is shared among the threads, so that none waits for a group that another could take.
            size = max(1, min(GROUP, -(-len(self.waiting) // THREADS)))
            return [self.waiting.popleft() for _ in range(min(size, len(self.waiting)))]


def carry_out(group: Sequence[Read]) -> list[Done]:
    """What became of requests, in whatever order."""
    done: list[Done] = []
    planned: list[tuple[Read, Planned]] = []
    for read in group:
        found = _begin(read)
        if isinstance(found, Planned):
            planned.append((read, found))
        else:
            done.append(found)
    for (read, _), result in zip(planned, submit.submit_all([one for _, one in planned]), strict=True):
        done.append(_submitted(read, result))
    return done


def _submitted(read: Read, result: submit.Result) -> Done:
    if isinstance(result, Exception):
        return _refused(read, result)
    return Done(read, statuses.OK, requests.submitted_body(result.uid), after=result.call_ms / 1000)


def _begin(read: Read) -> Done | Planned:
    """What is answered at once, or what is to be accepted with others."""
    try:
        # Not the session's, which is looked after once a second: a price, a country or a limit that was set before this was
        # read holds for it.
        sender = binding.as_it_is(read.session.system_id, read.session.address)
        if sender is None or not is_usable(sender.key.limits, sender.address):
            raise AccountSuspended("The key may not be used any more, or not from this address")
        if not sender.key.account.is_active:
            raise AccountSuspended
        if read.pdu.command == requests.QUERY_SM:
            return _query(read, sender)
        storage.here().require()
        if read.pdu.command == requests.CANCEL_SM:
            return _cancel(read, sender)
        found = orders.read(requests.read_submit(read.pdu.body), sender)
        if isinstance(found, Submitted):
            found = found._replace(may_begin=read.turn.begin)
            return _submitted(read, parts.take(found))
        return submit.plan(found)._replace(may_begin=read.turn.begin)
    except Exception as error:
        return _refused(read, error)


def _query(read: Read, sender: orders.Sender) -> Done:
    if "query" not in sender.key.scopes:
        raise InsufficientScope
    asked = requests.read_query(read.pdu.body)
    found = asking.ask(sender.key.account.id, asked.message_id, side=sender.key.side)
    final_date = times.write(found.final_at) if found.final_at is not None else ""
    return Done(read, statuses.OK, requests.queried_body(asked.message_id, final_date, found.state, found.error))


def _cancel(read: Read, sender: orders.Sender) -> Done:
    if "send" not in sender.key.scopes:
        raise InsufficientScope
    asked = requests.read_cancel(read.pdu.body)
    read.turn.begin()  # from here on its end is waited for
    try:
        asking.take_back(sender.key.account.id, asked.message_id, side=sender.key.side)
    except MessageNotFound:
        raise NotCancellable from None
    return Done(read, statuses.OK)


def _refused(read: Read, error: Exception) -> Done:
    if isinstance(error, Malformed):
        return Done(read, statuses.RINVCMDLEN, reason="cut short")
    status = refusals.status_of(error)
    if status == statuses.RSYSERR:
        this_app().logger.error("an SMPP request failed", exc_info=error)
    reason = str(error) if status != statuses.RSYSERR else "our own error"
    return Done(read, status, reason=reason, ends=isinstance(error, AccountSuspended))


def count(done: Sequence[Done], here: Measures) -> None:
    """For /metrics: submissions by their answers, and how long each took."""
    now = time.monotonic()
    for one in done:
        if one.read.pdu.command == pdu.SUBMIT_SM:
            here.on_submit(status_name(one.status), now - one.read.at)
