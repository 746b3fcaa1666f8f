"""Signing in: by e-mail and password, throttled in the database, or by a one-time link that sets the password.

Only a hash of a link is stored. A session carries a mark of the password it was opened with: another password, or a
disabled user, ends it.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from .. import clock
from ..database import Tx, atomic, query_one, write
from ..errors import EmailTaken, InvalidCredentials, InvalidLink, RateLimited, UserNotFound
from . import audit_log, passwords, users
from .roles import OPERATOR, Actor, User

LINK_MS = 30 * clock.MINUTE
WINDOW_MS = 15 * clock.MINUTE
LIMITS = (("email = :email AND address = :address", 5), ("email = :email", 20), ("address = :address", 100))
"""Failures in the window until sign-in is refused: of a person from a place, of a person, of a place."""


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


# -- by password ------------------------------------------------------------

def sign_in(email: str, password: str, address: str) -> User:
    """The user; InvalidCredentials without a reason, RateLimited after too many failures from ``address``.

    The attempt is written down before the password is looked at: guesses that come at once count too.
    """
    email = email.strip().lower()[:254]
    attempt = write(lambda tx: _note_attempt(tx, email, address))
    row = query_one("SELECT id, password_hash, status FROM users WHERE email = ?", (email,))
    if not passwords.matches(password[:passwords.LONGEST], row["password_hash"] if row else None):
        raise InvalidCredentials("The e-mail or the password is wrong")
    assert row is not None
    if row["status"] != "active":
        raise InvalidCredentials("The e-mail or the password is wrong")

    def unit(tx: Tx) -> None:
        tx.execute("DELETE FROM sign_in_attempts WHERE id = ? OR (email = ? AND address = ?)",
                   (attempt, email, address))
        tx.execute("UPDATE users SET last_sign_in_at = ? WHERE id = ?", (clock.now_ms(), row["id"]))

    write(unit)
    return users.find_user(row["id"])


def _note_attempt(tx: Tx, email: str, address: str) -> int:
    now = clock.now_ms()
    # Of a moment to come: the clock was set back, and nobody is to be locked out until it has caught up.
    tx.execute("DELETE FROM sign_in_attempts WHERE at <= ? OR at > ?", (now - WINDOW_MS, now + clock.SECOND))
    for condition, limit in LIMITS:
        count, oldest = tx.execute(
            f"SELECT count(*), min(at) FROM (SELECT at FROM sign_in_attempts WHERE {condition} ORDER BY at DESC"
            f" LIMIT {limit})", {"email": email, "address": address}).fetchone()
        if count >= limit:
            raise RateLimited(max(1, -(-(oldest + WINDOW_MS - now) // 1000)))
    return tx.insert("sign_in_attempts", email=email, address=address, at=now)


def change_password(user: User, old: str, new: str) -> User:
    """InvalidCredentials when ``old`` is not the password. Every other session of the user ends."""
    row = query_one("SELECT password_hash FROM users WHERE id = ?", (user.id,))
    if row is None or not passwords.matches(old[:passwords.LONGEST], row["password_hash"]):
        raise InvalidCredentials("That is not the present password")
    passwords.check(new)
    stored = passwords.hashed(new)
    with atomic() as tx:
        tx.execute("UPDATE users SET password_hash = ? WHERE id = ?", (stored, user.id))
        audit_log.record(tx, actor=user, action="user.password", subject=user.email, account_id=user.account_id)
    return users.find_user(user.id)


# -- by a one-time link -----------------------------------------------------

def issue_link(user: User, *, actor: Actor) -> str:
    """The token of a link that works once within 30 minutes; earlier links of the user stop working."""
    users.require_over(actor, user)
    token, now = secrets.token_urlsafe(32), clock.now_ms()
    with atomic() as tx:
        tx.execute("DELETE FROM sign_in_links WHERE user_id = ? OR expires_at <= ?", (user.id, now))
        tx.insert("sign_in_links", token_sha256=_digest(token), user_id=user.id, expires_at=now + LINK_MS,
                  created_at=now)
        audit_log.record(tx, actor=actor, action="user.link", subject=user.email, account_id=user.account_id)
    return token


def first_link() -> str | None:
    """On the very first start: an operator, and the token of the link to become one. None once there is any user."""
    with atomic():
        if users.exist():
            return None
        return issue_link(users.create_user(users.FIRST_EMAIL, OPERATOR, actor="system"), actor="system")


def user_of_link(token: str) -> User:
    """Whose link it is; InvalidLink when it was used, is over, or never was."""
    now = clock.now_ms()
    row = query_one("SELECT user_id FROM sign_in_links WHERE token_sha256 = ? AND expires_at > ? AND expires_at <= ?",
                    (_digest(token), now, now + LINK_MS))
    if row is None:
        raise InvalidLink
    user = users.find_user(row[0])
    if not user.is_active:
        raise InvalidLink
    return user


def redeem_link(token: str, password: str, email: str | None = None) -> User:
    """Use the link up, set the password, and the first user's e-mail (only theirs is still open)."""
    user = user_of_link(token)
    passwords.check(password)
    address = users.clean_email(email) if email and user.email == users.FIRST_EMAIL else user.email
    stored, now = passwords.hashed(password), clock.now_ms()
    with atomic() as tx:
        if not tx.changed("DELETE FROM sign_in_links WHERE token_sha256 = ?", (_digest(token),)):
            raise InvalidLink
        if tx.one("SELECT 1 FROM users WHERE email = ? AND id <> ?", (address, user.id)):
            raise EmailTaken(f"{address} is a user already")
        tx.execute("UPDATE users SET password_hash = ?, email = ?, last_sign_in_at = ? WHERE id = ?",
                   (stored, address, now, user.id))
        tx.execute("DELETE FROM sign_in_attempts WHERE email = ?", (address,))
        audit_log.record(tx, actor=address, action="user.password", subject=address, account_id=user.account_id)
    return users.find_user(user.id)


# -- sessions ---------------------------------------------------------------

def session_mark(user: User) -> str:
    """What a session keeps beside the user's id."""
    row = query_one("SELECT password_hash FROM users WHERE id = ?", (user.id,))
    return _digest(row[0] or "")[:16] if row else ""


def user_of_session(user_id: int, mark: str) -> User | None:
    """The user of a session; None when it is over."""
    try:
        user = users.find_user(user_id)
    except UserNotFound:
        return None
    return user if user.is_active and session_mark(user) == mark else None
