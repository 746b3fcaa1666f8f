"""Sessions of people at the dashboard. They live here: what a cookie holds only names one of them.

A session ends when its user signs out, gets another password or another role, or is switched off; after 2 hours in
which nothing was asked for; and 12 hours after it began, whatever was done. One that is to be remembered ends after 30
days, used or not.
"""

from __future__ import annotations

import logging
import secrets
from hashlib import sha256
from typing import NamedTuple

from ..core import clock
from ..core.errors import NotFound, WesendError
from ..database import Tx, atomic, query, query_one, write
from ..database.errors import DATABASE_ERRORS
from ..database.rows import UserSessionRow
from . import audit_log
from .roles import User
from .users import USER_COLUMNS, user_of

LIFETIME_MS, REMEMBERED_MS = 12 * clock.HOUR, 30 * clock.DAY
IDLE_MS = 2 * clock.HOUR
NOTED_EVERY_MS = clock.MINUTE
"""How old ``last_seen_at`` gets before it is written again: a page costs no write."""
MOST = 50
"""Sessions a user has at once; the oldest goes."""
LONGEST_AGENT = 300
log = logging.getLogger(__name__)


class Session(NamedTuple):
    """One that goes on. ``expires_at`` is its end, however much it is used."""

    id: int
    user: User
    is_remembered: bool
    last_seen_at: int
    expires_at: int


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


END_ALL_BUT_NEWEST = """
    DELETE FROM user_sessions
    WHERE user_id = ? AND id NOT IN (SELECT id FROM user_sessions WHERE user_id = ? ORDER BY id DESC LIMIT ?)
"""


def begin(user: User, *, address: str, user_agent: str, is_remembered: bool = False) -> tuple[str, int]:
    """A new session: the token that stands for it, and when it ends."""
    token, now = secrets.token_urlsafe(32), clock.now_ms()
    expires_at = now + (REMEMBERED_MS if is_remembered else LIFETIME_MS)

    def unit(tx: Tx) -> None:
        tx.execute(
            "DELETE FROM user_sessions WHERE expires_at <= ? OR (is_remembered = 0 AND last_seen_at <= ?)", (now, now - IDLE_MS)
        )
        tx.execute(END_ALL_BUT_NEWEST, (user.id, user.id, MOST - 1))
        tx.insert(
            "user_sessions",
            token_sha256=_digest(token),
            user_id=user.id,
            address=address[:64],
            user_agent=user_agent[:LONGEST_AGENT],
            is_remembered=int(is_remembered),
            created_at=now,
            last_seen_at=now,
            expires_at=expires_at,
        )

    write(unit)
    return token, expires_at


LIVE_SESSION = f"""
    SELECT s.id AS session_id, s.is_remembered, s.last_seen_at, s.expires_at, {USER_COLUMNS}
    FROM user_sessions s JOIN users u ON u.id = s.user_id LEFT JOIN accounts a ON a.id = u.account_id
    WHERE s.token_sha256 = ? AND u.status = 'active' AND s.expires_at > ?
        AND (s.is_remembered = 1 OR s.last_seen_at > ?)
"""


def find(token: str) -> Session | None:
    """The session that a token stands for, with its user as they are now; None when it is over or never was."""
    now = clock.now_ms()
    row = query_one(LIVE_SESSION, (_digest(token), now, now - IDLE_MS))
    if row is None:
        return None
    return Session(row["session_id"], user_of(row), bool(row["is_remembered"]), row["last_seen_at"], row["expires_at"])


def see(session: Session, address: str) -> None:
    """Note that it is in use, once a minute. A page does not fail because that can't be written (a full disk)."""
    now = clock.now_ms()
    if abs(now - session.last_seen_at) < NOTED_EVERY_MS:  # it lies ahead where the clock was set back
        return
    try:
        write(
            lambda tx: (
                tx.execute("UPDATE user_sessions SET last_seen_at = ?, address = ? WHERE id = ?", (now, address[:64], session.id))
                and None
            )
        )
    except (*DATABASE_ERRORS, OSError, WesendError) as error:
        log.debug("could not note when session %s was used: %s", session.id, error)


LIVE_OF_USER = """
    SELECT * FROM user_sessions
    WHERE user_id = ? AND expires_at > ? AND (is_remembered = 1 OR last_seen_at > ?) ORDER BY last_seen_at DESC, id DESC
"""


class OpenSession(NamedTuple):
    """One of a user's: its row, and whether it is the one that asks."""

    row: UserSessionRow
    is_present: bool


def of_user(user: User, token: str) -> list[OpenSession]:
    """All that go on, the one seen last first; ``token``: the one that asks."""
    now = clock.now_ms()
    own = _digest(token)
    return [OpenSession(row, row["token_sha256"] == own) for row in query(LIVE_OF_USER, (user.id, now, now - IDLE_MS))]


def end_one(user: User, session_id: int) -> None:
    """End a session of the user's own; NotFound."""
    with atomic() as tx:
        if not tx.changed("DELETE FROM user_sessions WHERE id = ? AND user_id = ?", (session_id, user.id)):
            raise NotFound
        audit_log.record(tx, actor=user, action="session.end", subject=user.email, account_id=user.account_id)


def end_others(user: User, token: str) -> int:
    """End all of the user's sessions but the one that asks; how many."""
    with atomic() as tx:
        ended = tx.changed("DELETE FROM user_sessions WHERE user_id = ? AND token_sha256 <> ?", (user.id, _digest(token)))
        if ended:
            audit_log.record(
                tx, actor=user, action="session.end", subject=user.email, account_id=user.account_id, detail=f"{ended} others"
            )
    return ended


def end(token: str) -> None:
    """Signed out: whoever kept the cookie is nobody with it."""
    write(lambda tx: tx.changed("DELETE FROM user_sessions WHERE token_sha256 = ?", (_digest(token),)))
