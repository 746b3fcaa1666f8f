"""Sender IDs: requested, approved or rejected, and checked before a send."""

from __future__ import annotations

import re

import phonenumbers

from .. import clock
from ..accounts import audit_log, roles
from ..accounts.roles import MANAGE, OPERATE, Actor
from ..accounts.service import get_account
from ..accounts.sides import SEEN, Side
from ..database import Row, atomic, cached, query, query_one
from ..errors import InvalidInput, SenderNotApproved, SenderNotFound

NAME = re.compile(r"^[A-Z0-9]{1,11}$")


def request_sender(*, account_id: int, name: str, countries: list[str], use_case: str | None = None,
                   side: Side | None = None, actor: Actor) -> Row:
    """Ask for a sender (pending). A request that one pending or approved already covers is that one; any other is a
    row of its own, so that asking for more countries never takes away those approved before. ``side``: of the key that
    asks, whose sends alone may use it; None: people ask, for both."""
    roles.require(actor, MANAGE, account_id)
    get_account(account_id)
    name = name.strip().upper()
    if not NAME.match(name):
        raise InvalidInput("A sender ID has 1 to 11 letters and digits, no spaces and no symbols",
                           {"name": ["1 to 11 letters and digits"]})
    codes = [code.strip().upper() for code in countries if code.strip()]
    wrong = [code for code in codes if code not in phonenumbers.SUPPORTED_REGIONS]
    if wrong or not codes:
        raise InvalidInput(f"Countries are ISO 3166 codes, not {', '.join(wrong) or 'none'}",
                           {"countries": ["ISO 3166 country codes"]})
    with atomic() as tx:
        # One of a single side does not cover a request for both.
        for known in tx.all("SELECT * FROM sender_ids WHERE account_id = ? AND name = ? AND status <> 'rejected'"
                            " AND (side IS NULL OR side = ?)", (account_id, name, side)):
            if set(codes) <= set(known["countries"].split(",")):
                return known
        sender_id = tx.insert("sender_ids", account_id=account_id, name=name, countries=",".join(dict.fromkeys(codes)),
                              use_case=use_case, status="pending", side=side, created_at=clock.now_ms())
        audit_log.record(tx, actor=actor, action="sender.request", subject=name, account_id=account_id,
                         detail=",".join(codes))
    return get_sender(sender_id)


def decide_sender(sender_id: int, *, approve: bool, reason: str | None = None, actor: Actor) -> Row:
    """Approve, or reject with a reason."""
    roles.require(actor, OPERATE)
    sender = get_sender(sender_id)
    if not approve and not (reason or "").strip():
        raise InvalidInput("Say why it is rejected", {"reason": ["Missing"]})
    with atomic() as tx:
        tx.execute("UPDATE sender_ids SET status = ?, rejection_reason = ?, decided_at = ? WHERE id = ?",
                   ("approved" if approve else "rejected", None if approve else reason, clock.now_ms(), sender_id))
        audit_log.record(tx, actor=actor, action="sender.approve" if approve else "sender.reject",
                         subject=sender["name"], account_id=sender["account_id"], detail=reason)
    return get_sender(sender_id)


def get_sender(sender_id: int) -> Row:
    row = query_one("SELECT * FROM sender_ids WHERE id = ?", (sender_id,))
    if row is None:
        raise SenderNotFound(f"There is no sender ID {sender_id}")
    return row


def list_senders(account_id: int, *, side: Side | None = None) -> list[Row]:
    """Those that ``side`` sees."""
    return query(f"SELECT * FROM sender_ids WHERE account_id = ? AND {SEEN} ORDER BY id", (account_id, side))


def count_pending() -> int:
    """Requests that wait for an operator."""
    return query("SELECT count(*) FROM sender_ids WHERE status = 'pending'")[0][0]


def list_requests(*, actor: Actor, decided: bool = False, limit: int = 100) -> list[Row]:
    """Every account's requests with the account's name: the pending ones oldest first, or the latest decisions."""
    roles.require(actor, OPERATE)
    which = "<> 'pending' ORDER BY s.decided_at DESC" if decided else "= 'pending' ORDER BY s.id"
    return query("SELECT s.*, a.name AS account_name FROM sender_ids s JOIN accounts a ON a.id = s.account_id"
                 f" WHERE s.status {which} LIMIT ?", (limit,))


def approved_countries(account_id: int, name: str, side: Side) -> frozenset[str]:
    """Where sends of this side may use an approved sender of the account; SenderNotApproved for any other name."""
    approved = cached(("senders", account_id, side), lambda: _load_approved(account_id, side))
    try:
        return approved[name.strip().upper()]
    except KeyError:
        raise SenderNotApproved from None


def _load_approved(account_id: int, side: Side) -> dict[str, frozenset[str]]:
    approved: dict[str, frozenset[str]] = {}
    for row in query(f"SELECT name, countries FROM sender_ids WHERE account_id = ? AND status = 'approved' AND {SEEN}",
                     (account_id, side)):
        approved[row["name"]] = approved.get(row["name"], frozenset()) | set(row["countries"].split(","))
    return approved
