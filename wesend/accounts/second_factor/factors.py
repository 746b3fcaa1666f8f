"""The second factors of a user: listed, taken away, required or not.

Everybody decides over their own; whoever lost theirs asks an operator, who takes them all away (`reset`).
"""

from __future__ import annotations

from flask import current_app

from ...core import clock
from ...core.errors import Forbidden, NotFound
from ...core.languages import marked
from ...database import Tx, atomic, query, reading
from ...database.rows import SecondFactorRow
from .. import audit_log, ending, users
from ..roles import OPERATOR, Actor, User

TOTP, PASSKEY = "totp", marked("passkey")
KINDS = {TOTP: marked("authenticator app"), PASSKEY: marked("passkey")}
NONE, OPERATORS, EVERYONE = "none", "operators", "everyone"
"""The values of `WESEND_REQUIRE_SECOND_FACTOR`."""


def of_user(user: User) -> list[SecondFactorRow]:
    """What the user has set up, oldest first."""
    return query("SELECT * FROM second_factors WHERE user_id = ? AND confirmed_at IS NOT NULL ORDER BY id", (user.id,))


def exist(user: User, tx: Tx | None = None) -> bool:
    """Whether the user is asked for a second factor at sign-in."""
    return (
        reading(tx).one("SELECT 1 FROM second_factors WHERE user_id = ? AND confirmed_at IS NOT NULL LIMIT 1", (user.id,))
        is not None
    )


def users_with() -> set[int]:
    """The ids of all users who have one."""
    return {row[0] for row in query("SELECT DISTINCT user_id FROM second_factors WHERE confirmed_at IS NOT NULL")}


def is_required(user: User) -> bool:
    """Whether this wesend wants the user to have one (`WESEND_REQUIRE_SECOND_FACTOR`)."""
    required = current_app.config["WESEND"].require_second_factor
    return required == EVERYONE or (required == OPERATORS and user.role == OPERATOR)


def is_missing(user: User) -> bool:
    """Whether the user has to set one up before anything else."""
    return is_required(user) and not exist(user)


def remove(user: User, factor_id: int) -> None:
    """Take one of the user's own away; with the last one the recovery codes go. NotFound, Forbidden (it is required)."""
    with atomic() as tx:
        found = tx.one("SELECT * FROM second_factors WHERE id = ? AND user_id = ?", (factor_id, user.id))
        if found is None:
            raise NotFound
        tx.execute("DELETE FROM second_factors WHERE id = ?", (factor_id,))
        if not exist(user, tx):
            if is_required(user):
                raise Forbidden("A second factor is required here: set up another one first")
            tx.execute("DELETE FROM recovery_codes WHERE user_id = ?", (user.id,))
        audit_log.record(
            tx,
            actor=user,
            action="user.factor_removed",
            subject=user.email,
            account_id=user.account_id,
            detail=f"{KINDS[found['kind']]}: {found['name']}",
        )


def reset(user: User, *, actor: Actor) -> int:
    """Take all second factors and recovery codes of a user away, who then signs in by the password; how many factors.

    Whoever is signed in as the user is signed out. An owner does it for the people of the account, never for oneself:
    who is signed in has the factor, or has stolen the session.
    """
    users.require_over(actor, user)
    if isinstance(actor, User) and actor.id == user.id:
        raise Forbidden("Ask an operator: nobody takes all their own factors away")
    with atomic() as tx:
        gone = tx.changed("DELETE FROM second_factors WHERE user_id = ?", (user.id,))
        tx.execute("DELETE FROM recovery_codes WHERE user_id = ?", (user.id,))
        tx.execute("DELETE FROM factor_locks WHERE user_id = ?", (user.id,))
        ending.end_sign_ins(tx, user.id)
        audit_log.record(
            tx,
            actor=actor,
            action="user.factors_reset",
            subject=user.email,
            account_id=user.account_id,
            detail=f"{gone} second factor{'s' * (gone != 1)}",
        )
    return gone


def added(tx: Tx, user: User, kind: str, name: str) -> None:
    """What the audit log keeps of a new one."""
    audit_log.record(
        tx, actor=user, action="user.factor_added", subject=user.email, account_id=user.account_id, detail=f"{KINDS[kind]}: {name}"
    )


def used(tx: Tx, factor_id: int) -> None:
    tx.execute("UPDATE second_factors SET last_used_at = ? WHERE id = ?", (clock.now_ms(), factor_id))
