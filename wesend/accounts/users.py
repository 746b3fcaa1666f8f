"""Users of the dashboard: created, listed, given another role, switched off, found for a session."""

from __future__ import annotations

import re

from .. import clock
from ..database import Row, Tx, atomic, query, query_one
from ..errors import EmailTaken, Forbidden, InvalidInput, LastOperator, UserNotFound
from . import audit_log, roles
from .roles import MANAGE, OPERATE, OPERATOR, Actor, User
from .service import get_account

EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")
FIRST_EMAIL = "operator@localhost"
"""Stands for the first user's address until it is given with the password."""

SELECT = ("SELECT id, email, role, account_id, status = 'active' AS is_active,"
          " password_hash IS NOT NULL AS has_password FROM users")


def user_of(row: Row) -> User:
    return User(row["id"], row["email"], row["role"], row["account_id"], bool(row["is_active"]),
                bool(row["has_password"]))


def create_user(email: str, role: str = OPERATOR, account_id: int | None = None, *, actor: Actor) -> User:
    """Somebody who may sign in once a link was issued. EmailTaken; an owner or member needs an account."""
    email = clean_email(email)
    _check_place(role, account_id, actor)
    with atomic() as tx:
        if tx.one("SELECT 1 FROM users WHERE email = ?", (email,)):
            raise EmailTaken(f"{email} is a user already")
        user_id = tx.insert("users", email=email, role=role, account_id=account_id, status="active",
                            created_at=clock.now_ms())
        audit_log.record(tx, actor=actor, action="user.create", subject=email, account_id=account_id, detail=role)
    return find_user(user_id)


def clean_email(email: str) -> str:
    email = email.strip().lower()
    if not EMAIL.fullmatch(email):
        raise InvalidInput(f"{email[:80]!r} is not an e-mail address", {"email": ["Not an e-mail address"]})
    return email


def _check_place(role: str, account_id: int | None, actor: Actor) -> None:
    if role not in roles.ROLES:
        raise InvalidInput(f"Roles are {', '.join(roles.ROLES)}", {"role": ["Unknown role"]})
    if (role == OPERATOR) != (account_id is None):
        raise InvalidInput("An operator belongs to no account; an owner or a member to one",
                           {"account_id": ["Operators have none, all others need one"]})
    if account_id is None:
        roles.require(actor, OPERATE)
    else:
        roles.require(actor, MANAGE, account_id)
        get_account(account_id)


def find_user(user_id: int) -> User:
    row = query_one(f"{SELECT} WHERE id = ?", (user_id,))
    if row is None:
        raise UserNotFound
    return user_of(row)


def find_by_email(email: str) -> User:
    row = query_one(f"{SELECT} WHERE email = ?", (email.strip().lower(),))
    if row is None:
        raise UserNotFound(f"There is no user {email.strip()}")
    return user_of(row)


def exist() -> bool:
    return query_one("SELECT 1 FROM users LIMIT 1") is not None


def list_users(account_id: int | None = None, *, actor: Actor) -> list[Row]:
    """The people of an account; of all of them (None) for an operator. With the account's name."""
    roles.require(actor, OPERATE if account_id is None else MANAGE, account_id)
    return query("SELECT u.*, a.name AS account_name FROM users u LEFT JOIN accounts a ON a.id = u.account_id"
                 " WHERE ? IS NULL OR u.account_id = ? ORDER BY u.email", (account_id, account_id))


def require_over(actor: Actor, user: User) -> None:
    """Operators decide over everybody, owners over the people of their account."""
    if user.account_id is None:
        roles.require(actor, OPERATE)
    else:
        roles.require(actor, MANAGE, user.account_id)


def set_role(user_id: int, role: str, account_id: int | None = None, *, actor: Actor) -> User:
    """Another role, effective with the next page; LastOperator keeps one who can let others in."""
    user = find_user(user_id)
    require_over(actor, user)
    _check_place(role, account_id, actor)
    with atomic() as tx:
        if user.role == OPERATOR and role != OPERATOR:
            _require_other_operator(tx, user)
        tx.execute("UPDATE users SET role = ?, account_id = ? WHERE id = ?", (role, account_id, user.id))
        audit_log.record(tx, actor=actor, action="user.role", subject=user.email, account_id=account_id, detail=role)
    return find_user(user_id)


def set_status(user_id: int, status: str, *, actor: Actor) -> User:
    """``disabled``: signed out everywhere with the next page; ``active``: may sign in again."""
    user = find_user(user_id)
    require_over(actor, user)
    if isinstance(actor, User) and actor.id == user.id:
        raise Forbidden("Nobody can switch off their own sign-in")
    with atomic() as tx:
        if status == "disabled" and user.role == OPERATOR:
            _require_other_operator(tx, user)
        if tx.changed("UPDATE users SET status = ? WHERE id = ? AND status <> ?", (status, user.id, status)):
            audit_log.record(tx, actor=actor, action=f"user.{status}", subject=user.email, account_id=user.account_id)
    return find_user(user_id)


def _require_other_operator(tx: Tx, user: User) -> None:
    if tx.one("SELECT 1 FROM users WHERE role = 'operator' AND status = 'active' AND id <> ?", (user.id,)) is None:
        raise LastOperator
