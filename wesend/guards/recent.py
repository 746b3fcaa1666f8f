"""Limits on what was sent just now: to one number, and to numbers that begin alike (the mark of SMS pumping).

What counts is kept for as long as it does, under a mark that stands for the number and is a keyed hash of it: nobody's number
is kept here. A mark's messages are numbered, so whether the fifth one back lies within the window is one look into the index,
however many there were. It is asked in the transaction that pays: exact, whoever sends beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import NamedTuple

from ..accounts.service import AccountInfo
from ..accounts.windows import Windows
from ..core import clock
from ..core.chunks import chunks
from ..core.current_app import this_app
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


class Refusal(NamedTuple):
    """Why a message is refused, and the milliseconds until it would not be."""

    reason: str
    wait_ms: int

    @property
    def error(self) -> LimitReached:
        return ERRORS[self.reason](retry_after=max(1, -(-self.wait_ms // clock.SECOND)))


class _Rule(NamedTuple):
    """``digits``: how many of a number's are counted together; None: all. ``longest_ms`` of the windows."""

    reason: str
    windows: Windows
    digits: int | None
    longest_ms: int


class _Rules(NamedTuple):
    """``look``: a statement that finds what all of them go by."""

    rules: tuple[_Rule, ...]
    look: str


Marks = list[int]
"""Of one message, in the order of the rules."""
Note = tuple[int, int, int, int]
"""A row of recent_sends: mark, seq, at, until."""


class Watch:
    """The limits that bind an account's sends of one side."""

    def __init__(self, account_id: int, side: str, rules: _Rules, key: bytes):
        self.rules = rules.rules
        self.sql = rules.look
        self.beginnings = [f"{account_id}:{side}:{rule.reason}:" for rule in self.rules]
        self.key = key

    def marks(self, recipients: Iterable[str]) -> list[Marks]:
        """Under which each of some messages counts, by each rule: told before the transaction, which others wait for."""
        return [self._marks(recipient.removeprefix("+")) for recipient in recipients]

    def _marks(self, digits: str) -> Marks:
        hashes = [
            blake2b((beginning + digits[: rule.digits]).encode(), digest_size=8, key=self.key).digest()
            for beginning, rule in zip(self.beginnings, self.rules, strict=True)
        ]
        return [int.from_bytes(digest, "big", signed=True) for digest in hashes]

    def look(self, tx: Tx, messages: Sequence[Marks], now: int) -> tuple[dict[int, Refusal], list[Note]]:
        """Which of some messages are refused (by their place), and what `note` keeps of the others; nothing is written."""
        refused: dict[int, Refusal] = {}
        notes: list[Note] = []
        added: dict[int, int] = {}  # messages of this send that a mark has already, which are not written yet
        for place, marks in enumerate(messages):
            found = tx.one(self.sql, self._asked(marks, added))
            assert found is not None
            refusal, noted = self._judge(tuple(found), marks, added, now)
            if refusal is not None:
                refused[place] = refusal
                continue
            notes += noted
            for mark in marks:
                added[mark] = added.get(mark, 0) + 1
        return refused, notes

    def _asked(self, marks: Marks, added: Mapping[int, int]) -> list[int]:
        values: list[int] = []
        for rule, mark in zip(self.rules, marks, strict=True):
            for window in rule.windows:
                values += (mark, window.most - added.get(mark, 0))
        return values + marks

    def _judge(
        self, found: tuple[int | None, ...], marks: Marks, added: Mapping[int, int], now: int
    ) -> tuple[Refusal | None, list[Note]]:
        """``found``: of each rule's mark the newest number, and when the message was that each window goes by."""
        worst: Refusal | None = None
        notes: list[Note] = []
        column = 0
        for rule, mark in zip(self.rules, marks, strict=True):
            count, newest = added.get(mark, 0), found[column] or 0
            notes.append((mark, newest + count + 1, now, now + rule.longest_ms))
            for place, window in enumerate(rule.windows, column + 1):
                at = found[place] if window.most > count else now
                if at is None or not now - window.ms < at < now + window.ms:
                    continue
                if worst is None or at + window.ms - now > worst.wait_ms:
                    worst = Refusal(rule.reason, at + window.ms - now)
            column += 1 + len(rule.windows)
        return worst, notes


@lru_cache(maxsize=1024)
def _rules(recipient: Windows, burst: Windows) -> _Rules:
    found = [(RECIPIENT_LIMIT, recipient, None), (BURST_LIMIT, burst, ALIKE)]
    rules = [_Rule(reason, windows, digits, max(window.ms for window in windows)) for reason, windows, digits in found if windows]
    return _Rules(tuple(rules), _look_sql(tuple(len(rule.windows) for rule in rules)))


def _look_sql(windows: Sequence[int]) -> str:
    """The newest number of each of some marks, and when the message so many back was, for each of its windows."""
    looks, heads = [], []
    for place, count in enumerate(windows):
        back = f"(SELECT at FROM recent_sends WHERE mark = ? AND seq = head{place}.seq + 1 - ?)"
        looks += [f"head{place}.seq", *[back] * count]
        heads.append(f"(SELECT coalesce(max(seq), 0) AS seq FROM recent_sends WHERE mark = ?) AS head{place}")
    return f"SELECT {', '.join(looks)} FROM {', '.join(heads)}"


@lru_cache(maxsize=16)
def _key_of(secret: str) -> bytes:
    return sha256(b"wesend recent sends\0" + secret.encode()).digest()


def note(tx: Tx, notes: list[Note]) -> None:
    """Messages that were let through count from now on."""
    tx.run_many(NOTE, notes)


def withdraw(notes: Iterable[Note]) -> None:
    """They were not sent after all."""
    for chunk in chunks((mark, seq) for mark, seq, _, _ in notes):
        write(lambda tx, chunk=chunk: tx.executemany(REMOVE, chunk))  # type: ignore[misc]  # mypy can't infer a lambda's defaults


def watch(account: AccountInfo, *, is_sandbox: bool) -> Watch | None:
    """What binds an account's sends out of a kind of wallet: the sandbox counts nobody's messages to one number."""
    limits = account.limits
    recipient = () if is_sandbox else limits.recipient
    if not recipient and not limits.burst:
        return None
    key = _key_of(this_app().config["SECRET_KEY"])
    return Watch(account.id, "sandbox" if is_sandbox else "live", _rules(recipient, limits.burst), key)


PART = 20_000
BEGIN = (-(2**63), 0)
"""Before every mark."""
END_OF_PART = "SELECT mark, seq FROM recent_sends WHERE (mark, seq) > (?, ?) ORDER BY mark, seq LIMIT 1 OFFSET ?"
OVER = "SELECT mark, seq FROM recent_sends WHERE (mark, seq) > (?, ?) AND (mark, seq) <= (?, ?) AND until <= ?"
OVER_TO_END = "SELECT mark, seq FROM recent_sends WHERE (mark, seq) > (?, ?) AND until <= ?"

Place = tuple[int, int]


def forget_old(after: Place = BEGIN, part: int = PART) -> tuple[int, Place | None]:
    """Remove what counts no more of the ``part`` rows behind a place; how many, and where that part ends (None: at the end)."""
    now, last = clock.now_ms(), query(END_OF_PART, (*after, part - 1))
    end = (last[0]["mark"], last[0]["seq"]) if last else None
    rows = query(OVER_TO_END, (*after, now)) if end is None else query(OVER, (*after, *end, now))
    for chunk in chunks([(row["mark"], row["seq"]) for row in rows]):
        write(lambda tx, chunk=chunk: tx.executemany(REMOVE, chunk))  # type: ignore[misc]  # mypy can't infer a lambda's defaults
    return len(rows), end


class Rounds:
    """Goes round what is kept, a part at a time, and rests at its end: there is no index by time that a send would have to
    write (a third of what the limits cost it)."""

    REST = 60.0  # seconds from one round's beginning to the next's

    def __init__(self) -> None:
        self.after: Place | None = None
        self.begun = float("-inf")

    def go_on(self) -> None:
        if self.after is None:
            if time.monotonic() - self.begun < self.REST:
                return
            self.after, self.begun = BEGIN, time.monotonic()
        _, self.after = forget_old(self.after)
