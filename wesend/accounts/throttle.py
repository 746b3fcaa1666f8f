"""Guesses at passwords: how many are let through, from where, and at whom.

Counted in the database, so over all workers, and before the password is looked at: guesses that come at once count too.
A stranger slows nobody down but strangers: an account under attack makes those wait whom it does not know, and lets a
user in from any place where they have signed in before.
"""

from __future__ import annotations

from typing import NamedTuple

from ..core import clock
from ..core.errors import RateLimited
from ..database import Tx, write
from . import audit_log, places
from .roles import Actor, Stranger

WINDOW_MS, KEPT_MS = 15 * clock.MINUTE, clock.DAY
OF_PAIR, OF_PLACE = 5, 100
"""Wrong passwords in 15 minutes for one e-mail from one place; from one place for whatever e-mail."""
FREE_FOR_EMAIL = 10
"""Wrong passwords for one e-mail in a day, from anywhere, until each next one makes strangers wait twice as long."""
LONGEST_WAIT_MS = 15 * clock.MINUTE
NOTED_OF_PLACE, NOTED_IN_ALL = 20, 300
"""Failures of 15 minutes that the audit log keeps: of a place, and of all together. Their floods are no news."""


class Refusal(NamedTuple):
    """``email`` or ``place`` is empty where it made no difference."""

    wait_ms: int
    email: str
    place: str


def begin(email: str, address: str) -> int:
    """Count a try, before it is known whether it is right: its id. RateLimited when there were too many."""
    place = places.place_of(address)

    def unit(tx: Tx) -> int | Refusal:
        now = clock.now_ms()
        tx.execute("DELETE FROM sign_in_attempts WHERE at <= ?", (now - KEPT_MS,))
        refusal = _refusal(tx, email, place, now)
        if refusal is None:
            return tx.insert("sign_in_attempts", email=email, address=place, at=now)
        _note_refusal(tx, refusal, address, now)
        return refusal

    found = write(unit)
    if isinstance(found, Refusal):
        raise RateLimited(max(1, -(-found.wait_ms // 1000)))
    return found


def _refusal(tx: Tx, email: str, place: str, now: int) -> Refusal | None:
    wait = _until_fewer(tx, "email = ? AND address = ?", (email, place), OF_PAIR, now)
    if wait:
        return Refusal(wait, email, place)
    wait = _until_fewer(tx, "address = ?", (place,), OF_PLACE, now)
    if wait:
        return Refusal(wait, "", place)
    wait = _delay(tx, email, now)
    if wait:
        user = tx.one("SELECT id FROM users WHERE email = ?", (email,))
        if user is None or not places.is_known(tx, user["id"], place):
            return Refusal(wait, email, "")
    return None


ATTEMPTS = """
    SELECT count(*) AS count, min(at) AS oldest
    FROM (SELECT at FROM sign_in_attempts WHERE {condition} AND at > ? AND at <= ? ORDER BY at DESC LIMIT ?) AS latest
"""


def _until_fewer(tx: Tx, condition: str, values: tuple[str, ...], limit: int, now: int) -> int:
    """Milliseconds until there are fewer than ``limit`` in the window; 0 when there are. Times ahead of the clock are of
    before it was set back.
    """
    found = tx.one(ATTEMPTS.format(condition=condition), (*values, now - WINDOW_MS, now, limit))
    assert found is not None
    return found["oldest"] + WINDOW_MS - now if found["count"] >= limit else 0


ATTEMPTS_OF_EMAIL = """
    SELECT count(*) AS count, max(at) AS latest
    FROM (SELECT at FROM sign_in_attempts WHERE email = ? AND at <= ? ORDER BY at DESC LIMIT ?) AS latest
"""


def _delay(tx: Tx, email: str, now: int) -> int:
    """Milliseconds until a stranger may try this e-mail again."""
    found = tx.one(ATTEMPTS_OF_EMAIL, (email, now, FREE_FOR_EMAIL + 20))
    assert found is not None
    if found["count"] < FREE_FOR_EMAIL:
        return 0
    pause = min(clock.SECOND << (found["count"] - FREE_FOR_EMAIL + 1), LONGEST_WAIT_MS)
    return max(0, found["latest"] + pause - now)


def failed(email: str, address: str, why: str | None = None, *, actor: Actor | None = None) -> None:
    """The try was wrong: it stays counted, and is told in the audit log of whose e-mail it is."""

    def unit(tx: Tx) -> None:
        since = clock.now_ms() - WINDOW_MS
        noted = audit_log.count_since(tx, "sign_in.failed", since, NOTED_OF_PLACE, address=address)
        if noted == NOTED_OF_PLACE or audit_log.count_since(tx, "sign_in.failed", since, NOTED_IN_ALL) == NOTED_IN_ALL:
            return
        last = noted == NOTED_OF_PLACE - 1
        _record(
            tx, "sign_in.failed", email, actor or Stranger(address), "more from here are not kept for 15 minutes" if last else why
        )

    write(unit)


def _note_refusal(tx: Tx, refusal: Refusal, address: str, now: int) -> None:
    """Once in a window, however often it is tried."""
    subject = audit_log.plain(refusal.email or refusal.place)
    if not audit_log.count_since(
        tx, "sign_in.throttled", now - WINDOW_MS, 1, subject=subject, address=address if refusal.place else None
    ):
        _record(tx, "sign_in.throttled", refusal.email or refusal.place, Stranger(address), "too many wrong passwords")


def _record(tx: Tx, action: str, subject: str, actor: Actor, detail: str | None) -> None:
    user = tx.one("SELECT account_id FROM users WHERE email = ?", (subject,))
    audit_log.record(
        tx, actor=actor, action=action, subject=subject, detail=detail, account_id=user["account_id"] if user else None
    )


def passed(tx: Tx, attempt: int, email: str, address: str) -> None:
    """The try was right: what went wrong from this place before it is forgotten."""
    place = places.place_of(address)
    tx.execute("DELETE FROM sign_in_attempts WHERE id = ? OR (email = ? AND address = ?)", (attempt, email, place))


def withdraw(attempt: int) -> None:
    """The try was right, and what it was for is another matter: it does not count."""
    write(lambda tx: tx.changed("DELETE FROM sign_in_attempts WHERE id = ?", (attempt,)))
