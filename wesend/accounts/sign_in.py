"""Signing in: by e-mail and password (`throttle` counts the wrong ones), or by a one-time link that sets the password.

Only a hash of a link is stored. A link dies with the next one, with a new password, and when its user is switched off.
``then`` is called with the user inside the transaction that lets them in: a session begun there is none that a new
password of the same moment has missed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from hashlib import sha256

from ..core import clock
from ..core.errors import EmailTaken, InvalidCredentials, InvalidLink
from ..database import atomic, query_one
from . import audit_log, ending, passwords, places, throttle, users
from .roles import OPERATOR, Actor, User

LINK_MS = 30 * clock.MINUTE
WRONG = "The e-mail or the password is wrong"
Then = Callable[[User], object]


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


# -- by password ------------------------------------------------------------


def sign_in(email: str, password: str, address: str, then: Then | None = None) -> User:
    """The user; InvalidCredentials without a reason, RateLimited after too many wrong passwords."""
    email = email.strip().lower()[:254]
    attempt = throttle.begin(email, address)
    row = query_one("SELECT id, password_hash, status FROM users WHERE email = ?", (email,))
    right = passwords.matches(password[: passwords.LONGEST], row["password_hash"] if row else None)
    if not right or row is None or row["status"] != "active":
        throttle.failed(email, address, "right, but switched off" if right and row is not None else None)
        raise InvalidCredentials(WRONG)
    with atomic() as tx:
        if not tx.changed(
            "UPDATE users SET last_sign_in_at = ? WHERE id = ? AND password_hash = ? AND status = 'active'",
            (clock.now_ms(), row["id"], row["password_hash"]),
        ):
            raise InvalidCredentials(WRONG)
        throttle.passed(tx, attempt, row["id"], email, address)
        user = users.load_user(row["id"], tx)
        audit_log.record(tx, actor=user._replace(address=address), action="sign_in", subject=email, account_id=user.account_id)
        if then is not None:
            then(user)
    return user


def change_password(user: User, old: str, new: str, then: Then | None = None) -> User:
    """InvalidCredentials when ``old`` is not the password, RateLimited as at sign-in. Every session of the user ends."""
    address = user.address or ""
    attempt = throttle.begin(user.email, address)
    row = query_one("SELECT password_hash FROM users WHERE id = ?", (user.id,))
    if row is None or not passwords.matches(old[: passwords.LONGEST], row["password_hash"]):
        throttle.failed(user.email, address, "the present password, asked for before a new one", actor=user)
        raise InvalidCredentials("That is not the present password")
    try:
        passwords.check(new, user.email)
        stored = passwords.hashed(new)
    finally:
        throttle.withdraw(attempt)
    with atomic() as tx:
        if not tx.changed(
            "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ? AND status = 'active'",
            (stored, user.id, row["password_hash"]),
        ):
            raise InvalidCredentials("That is not the present password")
        ending.end_sign_ins(tx, user.id)
        audit_log.record(tx, actor=user, action="user.password", subject=user.email, account_id=user.account_id)
        found = users.load_user(user.id, tx)
        if then is not None:
            then(found)
    return found


def sign_out(user: User) -> None:
    """What the audit log keeps of it; `sessions.end` ends the session."""
    audit_log.note(actor=user, action="sign_out", subject=user.email, account_id=user.account_id)


# -- by a one-time link -----------------------------------------------------


def issue_link(user: User, *, actor: Actor) -> str:
    """The token of a link that works once within 30 minutes; earlier links of the user stop working.

    Whoever has it becomes the user: an owner makes none for another owner who has a password.
    """
    users.require_over(actor, user)
    token, now = secrets.token_urlsafe(32), clock.now_ms()
    with atomic() as tx:
        tx.execute("DELETE FROM sign_in_links WHERE user_id = ? OR expires_at <= ?", (user.id, now))
        tx.insert(
            "sign_in_links",
            token_sha256=_digest(token),
            user_id=user.id,
            expires_at=now + LINK_MS,
            created_at=now,
            issued_by=str(actor),
        )
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
    row = query_one(
        "SELECT user_id FROM sign_in_links WHERE token_sha256 = ? AND expires_at > ? AND expires_at <= ?",
        (_digest(token), now, now + LINK_MS),
    )
    if row is None:
        raise InvalidLink
    user = users.load_user(row[0])
    if not user.is_active:
        raise InvalidLink
    return user


def redeem_link(token: str, password: str, email: str | None = None, *, address: str = "", then: Then | None = None) -> User:
    """Use the link up, set the password, and the first user's e-mail (only theirs is still open).

    Every session of the user ends: the password is another one.
    """
    user = user_of_link(token)
    own = users.clean_email(email) if email and user.email == users.FIRST_EMAIL else user.email
    passwords.check(password, own)
    stored, now = passwords.hashed(password), clock.now_ms()
    with atomic() as tx:
        used = tx.all(
            "DELETE FROM sign_in_links WHERE token_sha256 = ? AND expires_at > ? RETURNING issued_by", (_digest(token), now)
        )
        if not used:
            raise InvalidLink
        if tx.one("SELECT 1 FROM users WHERE email = ? AND id <> ?", (own, user.id)):
            raise EmailTaken(f"{own} is a user already")
        tx.execute("UPDATE users SET password_hash = ?, email = ?, last_sign_in_at = ? WHERE id = ?", (stored, own, now, user.id))
        tx.execute("DELETE FROM sign_in_attempts WHERE email = ?", (own,))
        ending.end_sign_ins(tx, user.id)
        if address:
            places.remember(tx, user.id, places.place_of(address))
        found = users.load_user(user.id, tx)
        audit_log.record(
            tx,
            actor=found._replace(address=address or None),
            action="user.password",
            subject=own,
            account_id=user.account_id,
            detail=f"by a link that {used[0]['issued_by'] or 'somebody'} made",
        )
        if then is not None:
            then(found)
    return found
