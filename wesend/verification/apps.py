"""Apps: a name, a sender and a policy that verifications share. Each is of the side of the key that made it."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts import audit_log, roles
from ..accounts.roles import SEE, SEND, Actor
from ..accounts.sides import Side
from ..core import clock
from ..core.errors import Conflict, VerifyAppNotFound
from ..core.ids import new_id
from ..core.languages import sentence
from ..database import atomic, query, query_one
from ..database.rows import VerifyAppRow
from .texts import require_sendable

MOST = 200
"""Apps of an account's side."""
LONGEST_EXPIRY = 3600
"""Seconds that a code may be answered in."""


class Policy(NamedTuple):
    """Everything of an app that may change. ``expiry_seconds`` of a code; ``template`` None: our own words."""

    name: str
    sender: str | None
    code_length: int
    expiry_seconds: int
    template: str | None
    max_attempts: int
    max_resends: int


LIVING = "SELECT * FROM verify_apps WHERE account_id = ? AND side = ? AND deleted_at IS NULL"


def list_apps(account_id: int, side: Side, *, actor: Actor) -> list[VerifyAppRow]:
    """Newest first."""
    roles.require(actor, SEE, account_id)
    return query(f"{LIVING} ORDER BY id DESC", (account_id, side))


def find_app(account_id: int, uid: str, side: Side, *, actor: Actor) -> VerifyAppRow:
    roles.require(actor, SEE, account_id)
    row = query_one(f"{LIVING} AND uid = ?", (account_id, side, uid))
    if row is None:
        raise VerifyAppNotFound
    return row


def create_app(account_id: int, side: Side, policy: Policy, *, actor: Actor) -> VerifyAppRow:
    """InvalidInput for a template without a code, or too long; Conflict for more than MOST."""
    roles.require(actor, SEND, account_id)
    _require_sendable(policy)
    uid = f"app_{new_id()}"
    with atomic() as tx:
        if len(tx.all(f"{LIVING} LIMIT ?", (account_id, side, MOST))) == MOST:
            raise Conflict(sentence("There are %(most)s verify apps already", most=MOST))
        tx.insert("verify_apps", uid=uid, account_id=account_id, side=side, created_at=clock.now_ms(), **policy._asdict())
        audit_log.record(tx, actor=actor, action="verify_app.create", subject=policy.name, account_id=account_id, detail=uid)
    return find_app(account_id, uid, side, actor=actor)


def _require_sendable(policy: Policy) -> None:
    require_sendable(policy.template, policy.code_length, policy.name, policy.expiry_seconds)


REPLACE = """
    UPDATE verify_apps SET name = ?, sender = ?, code_length = ?, expiry_seconds = ?, template = ?, max_attempts = ?,
        max_resends = ?
    WHERE id = ? AND deleted_at IS NULL
"""


def replace_app(account_id: int, uid: str, side: Side, policy: Policy, *, actor: Actor) -> VerifyAppRow:
    """All of its policy anew; verifications that are under way keep what they began with."""
    roles.require(actor, SEND, account_id)
    app = find_app(account_id, uid, side, actor=actor)
    _require_sendable(policy)
    with atomic() as tx:
        if not tx.changed(REPLACE, (*policy, app["id"])):
            raise VerifyAppNotFound
        audit_log.record(tx, actor=actor, action="verify_app.change", subject=policy.name, account_id=account_id, detail=uid)
    return find_app(account_id, uid, side, actor=actor)


def delete_app(account_id: int, uid: str, side: Side, *, actor: Actor) -> None:
    """Nothing new begins with it; what is pending goes on."""
    roles.require(actor, SEND, account_id)
    app = find_app(account_id, uid, side, actor=actor)
    with atomic() as tx:
        if not tx.changed("UPDATE verify_apps SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", (clock.now_ms(), app["id"])):
            raise VerifyAppNotFound
        audit_log.record(tx, actor=actor, action="verify_app.delete", subject=app["name"], account_id=account_id, detail=uid)
