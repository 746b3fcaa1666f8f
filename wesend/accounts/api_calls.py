"""The log of an account's API calls: collected, written a moment later in batches, kept for a week.

A call never waits for it. What a killed process had collected is lost, and what comes faster than it can be written.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from typing import NamedTuple

from flask import Flask

from ..core import clock, thread_slots
from ..core.current_app import this_app
from ..core.errors import StorageFull
from ..core.thread_slots import LONG_POLLS
from ..database import Tx, atomic, query, write
from ..database.rows import ApiCallRow
from . import audit_log, roles
from .key_use import LONGEST_END
from .roles import MANAGE, SEE, Actor
from .unwritten_calls import Unwritten

KEPT, KEPT_MS = 1000, 7 * clock.DAY
BODIES_MS = clock.HOUR
COLLECTED = 5000
"""Calls that wait to be written: a few seconds of the fastest there are."""
LONGEST_PATH = 300


class ApiCall(NamedTuple):
    """A call as it ended; its fields are columns of api_calls. ``ms`` it took; ``code``: its error's, by a word."""

    account_id: int
    key_id: int
    is_sandbox: int
    at: int
    address: str
    method: str
    path: str
    status: int
    ms: int
    request_id: str
    code: str | None
    request_body: str | None = None
    answer_body: str | None = None


SURPLUS = """
    DELETE FROM api_calls WHERE account_id = ?
        AND id <= (SELECT id FROM api_calls WHERE account_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
"""
TRIM_EVERY = 500
"""New calls of an account after which its surplus is removed: a removal for each would cost as much as the log itself."""


class CallLog:
    """What this process has collected, and the thread that writes it."""

    PAUSE = 0.5

    def __init__(self, app: Flask):
        self.app = app
        self.calls: deque[ApiCall] = deque(maxlen=COLLECTED)
        self.unwritten = Unwritten()
        self.is_noted = False
        self.untrimmed: Counter[int] = Counter()
        self.lock = threading.Lock()
        self.wake = threading.Event()
        self.stopping = threading.Event()
        self.thread: threading.Thread | None = None
        self.pid = 0

    def add(self, call: ApiCall) -> None:
        self.calls.append(call)
        if not self.is_noted:
            self._note()
        if self.pid != os.getpid():
            self._start()
        if not self.wake.is_set():
            self.wake.set()

    def _note(self) -> None:
        self.is_noted = True
        self.unwritten.note()

    def _start(self) -> None:
        """At the first call after a fork: threads do not survive one."""
        with self.lock:
            if self.pid == os.getpid():
                return
            self.pid = os.getpid()
            self.wake = threading.Event()
            self.thread = threading.Thread(target=self._run, name="call-log", daemon=True)
            self.thread.start()

    def stop(self) -> None:
        """End the thread and its connection after a last flush: nothing is written once this is over."""
        self.stopping.set()
        self.wake.set()
        if self.thread is not None:
            self.thread.join(LONGEST_END)

    def _run(self) -> None:
        with self.app.app_context():
            while not self.stopping.is_set():
                self.wake.wait()
                self.stopping.wait(self.PAUSE)
                self.wake.clear()
                try:
                    self.flush()
                except StorageFull:
                    pass  # it is said elsewhere; the log is the least of what is missed
                except Exception:
                    self.app.logger.exception("could not write the log of API calls")
            self.app.extensions["wesend.database"].close_thread()

    def flush(self) -> None:
        """Write what was collected; call inside an app context."""
        with self.lock:
            taken: list[ApiCall] = []
            while self.calls:
                taken.append(self.calls.popleft())
            rows = _newest(taken)
            for call in rows:
                self.untrimmed[call.account_id] += 1
            due = [account_id for account_id, count in self.untrimmed.items() if count >= TRIM_EVERY]
            for account_id in due:
                del self.untrimmed[account_id]
        if rows:
            write(lambda tx: _write(tx, rows, due))
        self.is_noted = False
        self.unwritten.clear()
        if self.calls:  # they came meanwhile, and may have been taken for noted
            self._note()


def _newest(calls: list[ApiCall]) -> list[ApiCall]:
    """Without what would be removed again at once."""
    if len(calls) <= KEPT:
        return calls
    seen: Counter[int] = Counter()
    kept = []
    for call in reversed(calls):
        seen[call.account_id] += 1
        if seen[call.account_id] <= KEPT:
            kept.append(call)
    return kept[::-1]


def _write(tx: Tx, rows: list[ApiCall], due: list[int]) -> None:
    tx.insert_many("api_calls", ApiCall._fields, rows)
    for account_id in due:
        tx.execute(SURPLUS, (account_id, account_id, KEPT))


def init_app(app: Flask) -> None:
    app.extensions["wesend.call_log"] = CallLog(app)


def here() -> CallLog:
    found: CallLog = this_app().extensions["wesend.call_log"]
    return found


LISTED = """
    SELECT * FROM api_calls
    WHERE account_id = :account AND at >= :since AND status >= :low AND status < :high AND key_id = coalesce(:key, key_id)
        AND id < :before AND id > coalesce((
            SELECT id FROM api_calls WHERE account_id = :account ORDER BY id DESC LIMIT 1 OFFSET :kept
        ), 0)
    ORDER BY id DESC LIMIT :limit
"""
STATUSES = {"": (0, 1000), "2xx": (200, 300), "4xx": (400, 500), "5xx": (500, 600)}


def list_calls(
    account_id: int, *, statuses: tuple[int, int] = (0, 1000), key_id: int | None = None, before: int, limit: int, actor: Actor
) -> list[ApiCallRow]:
    """The newest of the last 1,000 first; ``statuses``: from the one up to the other."""
    roles.require(actor, SEE, account_id)
    asked = {"account": account_id, "since": clock.now_ms() - KEPT_MS, "kept": KEPT, "before": before, "limit": limit}
    return query(LISTED, {**asked, "low": statuses[0], "high": statuses[1], "key": key_id})


def find_call(account_id: int, call_id: int, *, actor: Actor) -> ApiCallRow | None:
    roles.require(actor, SEE, account_id)
    found = query("SELECT * FROM api_calls WHERE id = ? AND account_id = ?", (call_id, account_id))
    return found[0] if found else None


OF_SANDBOX = "SELECT * FROM api_calls WHERE is_sandbox = 1 AND at >= ? ORDER BY id DESC LIMIT ?"


def of_sandbox(limit: int) -> list[ApiCallRow]:
    """Calls by keys of sandbox wallets, whosever they are; the newest first. Whichever process answered them: a test that has
    made a call finds it.
    """
    here().flush()
    with thread_slots.here().taken({LONG_POLLS}) as taken:
        if taken:
            here().unwritten.wait()
    return query(OF_SANDBOX, (clock.now_ms() - KEPT_MS, limit))


def log_bodies(account_id: int, on: bool, *, actor: Actor) -> int | None:
    """Keep bodies for an hour, or no longer; until when."""
    roles.require(actor, MANAGE, account_id)
    until = clock.now_ms() + BODIES_MS if on else None
    with atomic() as tx:
        tx.execute("UPDATE accounts SET log_bodies_until = ? WHERE id = ?", (until, account_id))
        audit_log.record(
            tx,
            actor=actor,
            action="log.bodies",
            subject="on" if on else "off",
            account_id=account_id,
            detail=f"until {clock.iso(until)}" if on else None,
        )
    return until


OLD = "SELECT id FROM api_calls WHERE at < ? ORDER BY at LIMIT ?"
FORGET = "DELETE FROM api_calls WHERE id = ?"


def forget_old(limit: int = 2000) -> int:
    """Housekeeping: calls of more than a week ago; how many."""
    ids = [(row["id"],) for row in query(OLD, (clock.now_ms() - KEPT_MS, limit))]
    return write(lambda tx: tx.executemany(FORGET, ids)) if ids else 0


def shown(row: ApiCallRow) -> dict[str, object]:
    """A call as it is told."""
    return {
        "at": clock.iso(row["at"]),
        "key_id": row["key_id"],
        "address": row["address"],
        "method": row["method"],
        "path": row["path"],
        "status": row["status"],
        "ms": row["ms"],
        "request_id": row["request_id"],
        "code": row["code"],
    }
