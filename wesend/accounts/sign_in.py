"""Signing in: by e-mail and password (`throttle` counts the wrong ones), or by a one-time link that sets the password.

Only a hash of a link is stored. A link dies with the next one, with a new password, and when its user is switched off.
Who has a second factor is half-way in after either (`second_factor.pending`).
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from ..core import clock
from ..core.errors import EmailTaken, InvalidCredentials, InvalidLink
from ..core.languages import marked, sentence
from ..database import Tx, atomic, query_one
from . import audit_log, ending, let_in, passwords, throttle, users
from .let_in import Then
from .roles import OPERATOR, Actor, User
from .second_factor import factors, pending
from .second_factor.pending import HalfWay

LINK_MS = 30 * clock.MINUTE
INVITATION_MS = 3 * clock.DAY
"""Of a link for somebody who was invited and has no password yet; where a mail may lie over a weekend."""
WRONG = marked("The e-mail or the password is wrong")


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


# -- by password ------------------------------------------------------------


def sign_in(email: str, password: str, address: str, then: Then | None = None, *, is_remembered: bool = False) -> User | HalfWay:
    """The user, for whom ``then`` was called, or what stands for somebody who is to show a second factor.

    InvalidCredentials without a reason, RateLimited after too many wrong passwords.
    """
    email = email.strip().lower()[:254]
    attempt = throttle.begin(email, address)
    row = query_one("SELECT id, password_hash, status FROM users WHERE email = ?", (email,))
    right = passwords.matches(password[: passwords.LONGEST], row["password_hash"] if row else None)
    if not right or row is None or row["status"] != "active":
        throttle.failed(email, address, "right, but switched off" if right and row is not None else None)
        raise InvalidCredentials(WRONG)
    with atomic() as tx:
        if (
            tx.one(
                "SELECT 1 FROM users WHERE id = ? AND password_hash = ? AND status = 'active'", (row["id"], row["password_hash"])
            )
            is None
        ):
            raise InvalidCredentials(WRONG)
        throttle.passed(tx, attempt, email, address)
        user = users.load_user(row["id"], tx)
        if factors.exist(user, tx):
            return pending.begin(tx, user, is_remembered=is_remembered)
        return let_in.let_in(tx, user, address, then)


def confirm(user: User, password: str) -> str:
    """Look at the present password before something that a stolen session must not do; its hash.

    InvalidCredentials when it is another one, RateLimited as at sign-in.
    """
    address = user.address or ""
    attempt = throttle.begin(user.email, address)
    row = query_one("SELECT password_hash FROM users WHERE id = ?", (user.id,))
    if row is None or not passwords.matches(password[: passwords.LONGEST], row["password_hash"]):
        throttle.failed(user.email, address, "the present password, asked for before a change", actor=user)
        raise InvalidCredentials("That is not the present password")
    throttle.withdraw(attempt)
    return row["password_hash"]


def change_password(user: User, old: str, new: str, then: Then | None = None) -> User:
    """InvalidCredentials when ``old`` is not the password, RateLimited as at sign-in. Every session of the user ends."""
    present = confirm(user, old)
    passwords.check(new, user.email)
    stored = passwords.hashed(new)
    with atomic() as tx:
        if not tx.changed(
            "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ? AND status = 'active'",
            (stored, user.id, present),
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


def issue_link(user: User, *, lasts_ms: int = LINK_MS, actor: Actor) -> str:
    """The token of a link that works once within ``lasts_ms``; earlier links of the user stop working.

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
            expires_at=now + lasts_ms,
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
        "SELECT user_id FROM sign_in_links WHERE token_sha256 = ? AND expires_at > ? AND created_at <= ?",
        (_digest(token), now, now),
    )
    if row is None:
        raise InvalidLink
    user = users.load_user(row[0])
    if not user.is_active:
        raise InvalidLink
    return user


def redeem_link(
    token: str, password: str, email: str | None = None, *, address: str = "", then: Then | None = None
) -> User | HalfWay:
    """Use the link up, set the password, and the first user's e-mail (only theirs is still open).

    Every session of the user ends: the password is another one. Who has a second factor is half-way in, as by a password.
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
            raise EmailTaken(sentence("%(own)s is a user already", own=own))
        tx.execute("UPDATE users SET password_hash = ?, email = ? WHERE id = ?", (stored, own, user.id))
        tx.execute("DELETE FROM sign_in_attempts WHERE email = ?", (own,))
        ending.end_sign_ins(tx, user.id)
        found = users.load_user(user.id, tx)
        _note_password(tx, found, address, used[0]["issued_by"])
        if factors.exist(found, tx):
            return pending.begin(tx, found, is_remembered=False)
        return let_in.enter(tx, found, address, then)


def _note_password(tx: Tx, user: User, address: str, issued_by: str | None) -> None:
    audit_log.record(
        tx,
        actor=user._replace(address=address or None),
        action="user.password",
        subject=user.email,
        account_id=user.account_id,
        detail=f"by a link that {issued_by or 'somebody'} made",
    )
