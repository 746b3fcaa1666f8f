"""Half-way in: the password was right, and the second factor is asked for.

Five wrong answers in a row lock a user's second factor for 15 minutes: whoever gives them has the password already.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import NamedTuple

from ...core import clock
from ...core.errors import InvalidCredentials, RateLimited, WesendError
from ...core.languages import marked
from ...database import Tx, atomic, query_one, write
from ...database.rows import PendingSignInRow
from .. import audit_log, let_in, users
from ..roles import User
from . import passkeys, recovery_codes, totp

LIFETIME_MS = 10 * clock.MINUTE
WRONG_IN_A_ROW, LOCKED_MS = 5, 15 * clock.MINUTE
WRONG = marked("That code is wrong, or was used before")
OVER = "That took too long. Sign in once more"


class Answer(NamedTuple):
    """``code`` of an app or from the paper; or, as JSON, what the browser made of a passkey."""

    code: str = ""
    passkey: str = ""


class Begun(NamedTuple):
    """Somebody who is half-way in."""

    id: int
    user: User
    is_remembered: bool
    challenge: str | None


class HalfWay(NamedTuple):
    """The password was right: what names the half-way sign-in to `find`."""

    token: str


class OverAlready(InvalidCredentials):
    sentence = OVER


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def begin(tx: Tx, user: User, *, is_remembered: bool) -> HalfWay:
    """It is over in 10 minutes, with a new password, and when the user is switched off."""
    token, now = secrets.token_urlsafe(32), clock.now_ms()
    tx.execute("DELETE FROM pending_sign_ins WHERE expires_at <= ?", (now,))
    tx.insert(
        "pending_sign_ins",
        token_sha256=_digest(token),
        user_id=user.id,
        is_remembered=int(is_remembered),
        expires_at=now + LIFETIME_MS,
        created_at=now,
    )
    return HalfWay(token)


PENDING = "SELECT * FROM pending_sign_ins WHERE token_sha256 = ? AND expires_at > ? AND expires_at <= ?"


def find(token: str) -> Begun | None:
    """Who is half-way in by this token; None when it is over or never was."""
    now = clock.now_ms()
    row = query_one(PENDING, (_digest(token), now, now + LIFETIME_MS))
    return None if row is None else _begun(row, users.load_user(row["user_id"]))


def _begun(row: PendingSignInRow, user: User) -> Begun | None:
    return Begun(row["id"], user, bool(row["is_remembered"]), row["challenge"]) if user.is_active else None


def ask_for_passkey(begun: Begun) -> str:
    """What the browser needs, as JSON; its challenge is good for one answer."""
    options, challenge = passkeys.authentication(begun.user)
    write(lambda tx: tx.changed("UPDATE pending_sign_ins SET challenge = ? WHERE id = ?", (challenge, begun.id)))
    return options


def finish(begun: Begun, answer: Answer, address: str, then: let_in.Then) -> User:
    """The user is in, and ``then`` is called inside the transaction. InvalidCredentials, RateLimited."""
    with atomic() as tx:
        outcome = _finish_in(tx, begun, answer, address, then)
    if isinstance(outcome, WesendError):  # raised here, so that the wrong answer stays counted
        raise outcome
    return outcome


def _finish_in(tx: Tx, begun: Begun, answer: Answer, address: str, then: let_in.Then) -> User | WesendError:
    now = clock.now_ms()
    row = tx.one("SELECT * FROM pending_sign_ins WHERE id = ? AND expires_at > ?", (begun.id, now))
    user = users.load_user(begun.user.id, tx)
    if row is None or not user.is_active:
        return OverAlready()
    wait = _locked_for(tx, user, now)
    if wait:
        return RateLimited(-(-wait // 1000))
    how = _proved(tx, user, answer, row["challenge"])
    tx.execute("UPDATE pending_sign_ins SET challenge = NULL WHERE id = ?", (begun.id,))
    if how is None:
        _count_wrong(tx, user, address, now)
        return InvalidCredentials(WRONG)
    tx.execute("DELETE FROM pending_sign_ins WHERE id = ?", (begun.id,))
    tx.execute("DELETE FROM factor_locks WHERE user_id = ?", (user.id,))
    return let_in.let_in(tx, user, address, then, how=how)


def _proved(tx: Tx, user: User, answer: Answer, challenge: str | None) -> str | None:
    """By what, in words; None when by nothing."""
    if answer.passkey:
        return "by a passkey" if challenge and passkeys.use(tx, user, answer.passkey, challenge) else None
    code = "".join(answer.code.split())
    if totp.use(tx, user, code):
        return "by an authenticator app"
    return "by a recovery code" if recovery_codes.use(tx, user, code) else None


HOLD = """
    INSERT INTO factor_locks (user_id, failures) VALUES (?, 0)
    ON CONFLICT (user_id) DO UPDATE SET failures = factor_locks.failures RETURNING locked_until
"""


def _locked_for(tx: Tx, user: User, now: int) -> int:
    """Milliseconds; 0 when it is not. An end further away than a lock lasts is of before the clock was set back.

    The user's row is held until the answer is counted: on PostgreSQL, answers given at once would all find no lock.
    """
    (lock,) = tx.all(HOLD, (user.id,))
    left = (lock["locked_until"] or 0) - now
    return left if 0 < left <= LOCKED_MS else 0


COUNT_WRONG = """
    INSERT INTO factor_locks (user_id, failures) VALUES (?, 1)
    ON CONFLICT (user_id) DO UPDATE SET failures = factor_locks.failures + 1 RETURNING failures
"""


def _count_wrong(tx: Tx, user: User, address: str, now: int) -> None:
    (counted,) = tx.all(COUNT_WRONG, (user.id,))
    locked = counted["failures"] >= WRONG_IN_A_ROW
    if locked:
        tx.execute("UPDATE factor_locks SET failures = 0, locked_until = ? WHERE user_id = ?", (now + LOCKED_MS, user.id))
    audit_log.record(
        tx,
        actor=user._replace(address=address),
        action="sign_in.factor_locked" if locked else "sign_in.factor_wrong",
        subject=user.email,
        account_id=user.account_id,
    )
