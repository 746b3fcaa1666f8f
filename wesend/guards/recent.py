"""Limits on what was sent just now: to one number, and to numbers that begin alike (the mark of SMS pumping).

What counts is kept for as long as it does, under a mark that stands for the number and is a keyed hash of it: nobody's number
is kept here. A mark's messages are numbered, so whether the fifth one back lies within the window is one look into the index,
however many there were. It is asked in the transaction that pays: exact, whoever sends beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import NamedTuple

from flask import current_app

from ..accounts.service import AccountInfo
from ..accounts.windows import Windows
from ..core import clock
from ..core.chunks import chunks
from ..core.errors import BurstLimitReached, LimitReached, RecipientLimitReached
from ..core.languages import marked
from ..database import Tx, query, write

RECIPIENT_LIMIT, BURST_LIMIT = "recipient_limit", "burst_limit"
ERRORS: dict[str, type[LimitReached]] = {RECIPIENT_LIMIT: RecipientLimitReached, BURST_LIMIT: BurstLimitReached}
WORDS = {RECIPIENT_LIMIT: marked("had enough for now"), BURST_LIMIT: marked("too many numbers alike")}
"""For people."""
ALIKE = 8
"""Digits that the numbers of a burst begin with."""
REMOVE = "DELETE FROM recent_sends WHERE mark = ? AND seq = ?"
NOTE = "INSERT INTO recent_sends (mark, seq, at, until) VALUES (?, ?, ?, ?)"
CHUNK = 500


class Refusal(NamedTuple):
    """Why a message is refused, and the milliseconds until it would not be."""

    reason: str
    wait_ms: int

    @property
    def error(self) -> LimitReached:
        return ERRORS[self.reason](retry_after=max(1, -(-self.wait_ms // clock.SECOND)))


class _Rule(NamedTuple):
    reason: str
    windows: Windows
    digits: int | None

    @property
    def longest_ms(self) -> int:
        return max(window.ms for window in self.windows)


Note = tuple[int, int, int, int]
"""A row of recent_sends: mark, seq, at, until."""


class Watch:
    """The limits that bind an account's sends of one side."""

    def __init__(self, account_id: int, rules: Sequence[_Rule], side: str):
        self.account_id, self.rules, self.side = account_id, rules, side
        self.key = sha256(b"wesend recent sends\0" + current_app.config["SECRET_KEY"].encode()).digest()

    def look(self, tx: Tx, recipients: Sequence[str], now: int) -> tuple[dict[int, Refusal], list[Note]]:
        """Which of some messages are refused (by their place), and what `note` keeps of the others; nothing is written."""
        refused: dict[int, Refusal] = {}
        notes: list[Note] = []
        heads: dict[int, int] = {}
        added: dict[int, int] = {}
        for place, recipient in enumerate(recipients):
            marked = [(self._mark(rule, recipient), rule) for rule in self.rules]
            refusals = [why for mark, rule in marked if (why := self._refusal(tx, mark, rule, heads, added.get(mark, 0), now))]
            if refusals:
                refused[place] = max(refusals, key=lambda why: why.wait_ms)
                continue
            for mark, rule in marked:
                added[mark] = added.get(mark, 0) + 1
                notes.append((mark, heads[mark] + added[mark], now, now + rule.longest_ms))
        return refused, notes

    def _mark(self, rule: _Rule, recipient: str) -> int:
        digits = recipient.removeprefix("+")[: rule.digits]
        told = f"{self.account_id}:{self.side}:{rule.reason}:{digits}".encode()
        return int.from_bytes(blake2b(told, digest_size=8, key=self.key).digest(), "big", signed=True)

    @staticmethod
    def _refusal(tx: Tx, mark: int, rule: _Rule, heads: dict[int, int], added: int, now: int) -> Refusal | None:
        """``added``: messages of this send that the mark has already, which are not written yet."""
        backs = [window.most - added for window in rule.windows]
        row = tx.one(_look_sql(len(backs)), (*(value for back in backs for value in (mark, back)), mark))
        assert row is not None
        heads[mark] = row[0]
        waits = []
        for place, window in enumerate(rule.windows, 1):
            at = row[place] if backs[place - 1] > 0 else now
            if at is not None and now - window.ms < at < now + window.ms:
                waits.append(at + window.ms - now)
        return Refusal(rule.reason, max(waits)) if waits else None


@lru_cache(maxsize=16)
def _look_sql(windows: int) -> str:
    """The newest number of a mark, and when the message so many back was, for each window."""
    looks = ", (SELECT at FROM recent_sends WHERE mark = ? AND seq = head.seq + 1 - ?)" * windows
    return f"SELECT head.seq{looks} FROM (SELECT coalesce(max(seq), 0) AS seq FROM recent_sends WHERE mark = ?) AS head"


def note(tx: Tx, notes: list[Note]) -> None:
    """Messages that were let through count from now on."""
    tx.run_many(NOTE, notes)


def withdraw(notes: Iterable[Note]) -> None:
    """They were not sent after all."""
    for chunk in chunks((mark, seq) for mark, seq, _, _ in notes):
        write(lambda tx, chunk=chunk: tx.executemany(REMOVE, chunk))  # type: ignore[misc]  # mypy can't infer a lambda's defaults


def watch(account: AccountInfo, *, is_sandbox: bool) -> Watch | None:
    """What binds an account's sends out of a kind of wallet: the sandbox counts nobody's messages to one number."""
    limits, rules = account.limits, []
    if limits.recipient and not is_sandbox:
        rules.append(_Rule(RECIPIENT_LIMIT, limits.recipient, None))
    if limits.burst:
        rules.append(_Rule(BURST_LIMIT, limits.burst, ALIKE))
    return Watch(account.id, rules, "sandbox" if is_sandbox else "live") if rules else None


OVER = "SELECT mark, seq FROM recent_sends WHERE until <= ? ORDER BY until LIMIT ?"


def forget_old() -> int:
    """Remove some of what counts no more; how many."""
    rows = query(OVER, (clock.now_ms(), CHUNK))
    if rows:
        write(lambda tx: tx.executemany(REMOVE, [(row["mark"], row["seq"]) for row in rows]))
    return len(rows)
