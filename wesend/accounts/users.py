"""Users of the dashboard: created, listed, given another role, switched off, found for a session."""

from __future__ import annotations

from ..core import clock, email_address
from ..core.errors import (
    EmailTaken,
    Forbidden,
    InvalidInput,
    InvitationRefused,
    LastOperator,
    LastOwner,
    RateLimited,
    UserNotFound,
    WesendError,
)
from ..core.languages import sentence
from ..database import Row, Tx, atomic, query, query_one, reading
from ..database.rows import UserRow
from . import audit_log, ending, roles
from .roles import MANAGE, OPERATE, OPERATOR, OWNER, SEE, Actor, User
from .service import get_account, require_open

FIRST_EMAIL = "operator@localhost"
"""Stands for the first user's address until it is given with the password."""

USER_COLUMNS = (
    "u.id, u.email, u.role, u.rights, u.account_id, u.status = 'active' AS is_active,"
    " u.password_hash IS NOT NULL AS has_password, coalesce(a.status, 'active') = 'active' AS account_is_active,"
    " coalesce(u.language, a.language) AS language"
)
SELECT = f"SELECT {USER_COLUMNS} FROM users u LEFT JOIN accounts a ON a.id = u.account_id"
INVITATIONS_REFUSED, REFUSED_WINDOW_MS = 10, clock.HOUR
"""E-mails of other accounts' people that the owners of an account may try an hour: whoever tries more is looking for them."""


def user_of(row: Row) -> User:
    return User(
        row["id"],
        row["email"],
        row["role"],
        row["account_id"],
        bool(row["is_active"]),
        bool(row["has_password"]),
        bool(row["account_is_active"]),
        rights=None if row["rights"] is None else frozenset(filter(None, row["rights"].split(","))),
        language=row["language"],
    )


def create_user(email: str, role: str = OPERATOR, account_id: int | None = None, *, actor: Actor) -> User:
    """Somebody who may sign in once a link was issued. EmailTaken; an owner or member needs an account.

    An owner is not told that the e-mail is of somebody elsewhere: InvitationRefused.
    """
    email = clean_email(email)
    _check_place(role, account_id, actor)

    def unit(tx: Tx) -> int | WesendError:
        taken = tx.one("SELECT account_id FROM users WHERE email = ?", (email,))
        if taken is not None:
            if roles.may(actor, OPERATE) or taken["account_id"] == account_id:
                return EmailTaken(sentence("%(email)s is a user already", email=email))
            return _refuse_invitation(tx, email, account_id, actor)
        if account_id is not None:
            require_open(tx, account_id)
        user_id = tx.insert("users", email=email, role=role, account_id=account_id, status="active", created_at=clock.now_ms())
        audit_log.record(tx, actor=actor, action="user.create", subject=email, account_id=account_id, detail=role)
        return user_id

    with atomic() as tx:
        made = unit(tx)
    if isinstance(made, WesendError):  # raised here, so that what was written about it stays
        raise made
    return load_user(made)


def _refuse_invitation(tx: Tx, email: str, account_id: int | None, actor: Actor) -> WesendError:
    """Without a reason, kept in the log, and not for ever: a list of e-mails can't be tried one by one."""
    since = clock.now_ms() - REFUSED_WINDOW_MS
    if (
        audit_log.count_since(tx, "user.invitation_refused", since, INVITATIONS_REFUSED, account_id=account_id)
        == INVITATIONS_REFUSED
    ):
        return RateLimited(REFUSED_WINDOW_MS // 1000)
    audit_log.record(tx, actor=actor, action="user.invitation_refused", subject=email, account_id=account_id)
    return InvitationRefused()


def clean_email(email: str) -> str:
    email = email.strip().lower()
    if not email_address.USER.fullmatch(email):
        raise InvalidInput(
            sentence("%(email)s is not an e-mail address", email=f"{email[:80]!r}"), {"email": ["Not an e-mail address"]}
        )
    return email


def _check_place(role: str, account_id: int | None, actor: Actor) -> None:
    if role not in roles.ROLES:
        raise InvalidInput(sentence("Roles are %(roles)s", roles=", ".join(roles.ROLES)), {"role": ["Unknown role"]})
    if (role == OPERATOR) != (account_id is None):
        raise InvalidInput(
            "An operator belongs to no account; an owner or a member to one",
            {"account_id": ["Operators have none, all others need one"]},
        )
    if account_id is None:
        roles.require(actor, OPERATE)
    else:
        roles.require(actor, MANAGE, account_id)
        get_account(account_id)


def find_user(user_id: int, *, actor: Actor) -> User:
    """Somebody of an account that the actor sees, or an operator; UserNotFound, NotFound."""
    user = load_user(user_id)
    roles.require(actor, SEE, user.account_id)
    return user


def load_user(user_id: int, tx: Tx | None = None) -> User:
    row = reading(tx).one(f"{SELECT} WHERE u.id = ?", (user_id,))
    if row is None:
        raise UserNotFound
    return user_of(row)


def find_by_email(email: str) -> User:
    row = query_one(f"{SELECT} WHERE u.email = ?", (email.strip().lower(),))
    if row is None:
        raise UserNotFound(sentence("There is no user %(email)s", email=email.strip()))
    return user_of(row)


FIRST_OWNER = "SELECT email FROM users WHERE account_id = ? AND role = 'owner' ORDER BY id LIMIT 1"


def first_owner_email(account_id: int, *, actor: Actor) -> str | None:
    """Of who owns the account for longest; None where nobody does."""
    roles.require(actor, SEE, account_id)
    row = query_one(FIRST_OWNER, (account_id,))
    return row["email"] if row else None


def exist() -> bool:
    return query_one("SELECT 1 FROM users LIMIT 1") is not None


class UserOfAccount(UserRow):
    account_name: str | None


USERS = """
    SELECT u.*, a.name AS account_name FROM users u LEFT JOIN accounts a ON a.id = u.account_id
    WHERE CAST(? AS BIGINT) IS NULL OR u.account_id = ? ORDER BY u.email
"""


def list_users(account_id: int | None = None, *, actor: Actor) -> list[UserOfAccount]:
    """The people of an account; of all of them (None) for an operator. With the account's name."""
    roles.require(actor, OPERATE if account_id is None else MANAGE, account_id, even_suspended=True)
    return query(USERS, (account_id, account_id))


def require_over(actor: Actor, user: User, *, even_suspended: bool = False) -> None:
    """Operators decide over everybody; owners over the members of their account, themselves, and owners who were only
    invited yet. Over another owner only an operator decides: owners can't push one another out, or take a place.
    """
    if user.account_id is None:
        roles.require(actor, OPERATE)
        return
    roles.require(actor, MANAGE, user.account_id, even_suspended=even_suspended)
    other = isinstance(actor, User) and actor.id != user.id
    if other and user.role == OWNER and user.has_password and not roles.may(actor, OPERATE):
        raise Forbidden("Only an operator decides over another owner")


def set_role(user_id: int, role: str, account_id: int | None = None, *, actor: Actor) -> User:
    """Another role, effective at once: the user's sessions end. LastOperator, LastOwner keep one who can let others in."""
    _check_place(role, account_id, actor)
    with atomic() as tx:
        user = load_user(user_id, tx)
        require_over(actor, user)
        if (user.role, user.account_id) == (role, account_id):
            return user
        if user.role == OPERATOR:
            _require_other_operator(tx, user)
        if user.role == OWNER and not roles.may(actor, OPERATE):
            _require_other_owner(tx, user)
        tx.execute("UPDATE users SET role = ?, account_id = ? WHERE id = ?", (role, account_id, user.id))
        ending.end_sessions(tx, user.id)
        audit_log.record(
            tx,
            actor=actor,
            action="user.role",
            subject=user.email,
            account_id=user.account_id if account_id is None else account_id,
            detail=f"{user.role} → {role}",
        )
    return load_user(user_id)


def set_rights(user_id: int, rights: frozenset[str], *, actor: Actor) -> User:
    """What a member may do beside looking, of `roles.CHOSEN`; effective with the next request. InvalidInput."""
    with atomic() as tx:
        user = load_user(user_id, tx)
        require_over(actor, user)
        if user.role != roles.MEMBER or not rights <= set(roles.CHOSEN):
            raise InvalidInput("Only a member’s rights are chosen", {"rights": ["Of members only"]})
        before = frozenset(roles.CHOSEN) if user.rights is None else user.rights
        if before != rights:
            stored = None if rights == frozenset(roles.CHOSEN) else ",".join(right for right in roles.CHOSEN if right in rights)
            tx.execute("UPDATE users SET rights = ? WHERE id = ?", (stored, user.id))
            told = " → ".join(", ".join(right for right in roles.CHOSEN if right in some) or "look" for some in (before, rights))
            audit_log.record(tx, actor=actor, action="user.rights", subject=user.email, account_id=user.account_id, detail=told)
    return load_user(user_id)


def set_status(user_id: int, status: str, *, actor: Actor) -> User:
    """``disabled``: signed out everywhere at once, open links are over; ``active``: may sign in again."""
    with atomic() as tx:
        user = load_user(user_id, tx)
        require_over(actor, user, even_suspended=status == "disabled")
        if isinstance(actor, User) and actor.id == user.id:
            raise Forbidden("Nobody can switch off their own sign-in")
        if status == "active" and user.account_id is not None:
            require_open(tx, user.account_id)
        if status == "disabled" and user.role == OPERATOR:
            _require_other_operator(tx, user)
        if tx.changed("UPDATE users SET status = ? WHERE id = ? AND status <> ?", (status, user.id, status)):
            ending.end_sign_ins(tx, user.id)
            audit_log.record(tx, actor=actor, action=f"user.{status}", subject=user.email, account_id=user.account_id)
    return load_user(user_id)


def _require_other_operator(tx: Tx, user: User) -> None:
    if tx.one("SELECT 1 FROM users WHERE role = 'operator' AND status = 'active' AND id <> ?", (user.id,)) is None:
        raise LastOperator


def _require_other_owner(tx: Tx, user: User) -> None:
    if (
        tx.one(
            "SELECT 1 FROM users WHERE role = 'owner' AND status = 'active' AND account_id = ? AND id <> ?",
            (user.account_id, user.id),
        )
        is None
    ):
        raise LastOwner
