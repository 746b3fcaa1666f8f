"""Sender IDs: requested, approved or rejected, and checked before a send. Stored as first written, compared without case."""

from __future__ import annotations

import re
from typing import NamedTuple

import phonenumbers

from ..accounts import audit_log, roles
from ..accounts.roles import MANAGE, OPERATE, SEE, Actor
from ..accounts.service import get_account, require_open
from ..accounts.sides import SANDBOX, SEEN, Side
from ..core import clock
from ..core.errors import InvalidInput, SenderDecided, SenderNotApproved, SenderNotFound, SenderTaken, TooManySenderRequests
from ..core.languages import sentence
from ..database import Reader, Row, Tx, atomic, cached, query, reading
from ..database.rows import SenderIdRow
from .lookalikes import appearance

NAME = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
LONGEST = 11  # characters: what GSM carries of an alphanumeric sender
OPEN_REQUESTS = 20  # of an account: more of them bury what others wait for
PENDING, APPROVED, REJECTED = "pending", "approved", "rejected"


class ApprovedSender(NamedTuple):
    """How the name is written, and where it may be used (ISO 3166)."""

    name: str
    countries: frozenset[str]


SAME_NAME = """
    SELECT * FROM sender_ids
    WHERE account_id = ? AND lower(name) = lower(?) AND status <> 'rejected' AND (side IS NULL OR side = ?)
    ORDER BY id
"""


def request_sender(
    *, account_id: int, name: str, countries: list[str], use_case: str | None = None, side: Side | None = None, actor: Actor
) -> SenderIdRow:
    """Ask for a sender (pending). A request that one pending or approved already covers is that one; any other is a
    row of its own, so that asking for more countries never takes away those approved before. ``side``: of the key that
    asks, whose sends alone may use it; None: people ask, for both. TooManySenderRequests."""
    roles.require(actor, MANAGE, account_id)
    get_account(account_id)
    name, codes = _read_name(name), _read_countries(countries)
    with atomic() as tx:
        require_open(tx, account_id)
        # One of a single side does not cover a request for both.
        known = tx.all(SAME_NAME, (account_id, name, side))
        for row in known:
            if set(codes) <= set(row["countries"].split(",")):
                return row
        # Of what the asker sees: neither side of an account fills the other's queue, nor learns of it.
        waiting = tx.one(
            f"SELECT count(*) FROM sender_ids WHERE account_id = ? AND status = 'pending' AND {SEEN}", (account_id, side)
        )
        if waiting is not None and waiting[0] >= OPEN_REQUESTS:
            raise TooManySenderRequests(
                sentence("%(open_requests)s requests of this account wait for an operator already", open_requests=OPEN_REQUESTS)
            )
        spelled = known[0]["name"] if known else name
        sender_id = tx.insert(
            "sender_ids",
            account_id=account_id,
            name=spelled,
            countries=",".join(codes),
            use_case=use_case,
            status=PENDING,
            side=side,
            created_at=clock.now_ms(),
        )
        audit_log.record(tx, actor=actor, action="sender.request", subject=spelled, account_id=account_id, detail=",".join(codes))
    return get_sender(sender_id)


def _read_name(name: str) -> str:
    name = name.strip(" ")
    if len(name) > LONGEST or not NAME.fullmatch(name):
        raise InvalidInput(
            "A sender ID has 1 to 11 letters and digits, single spaces between them, and no symbols",
            {"name": ["1 to 11 letters, digits and single inner spaces"]},
        )
    return name


def _read_countries(countries: list[str]) -> list[str]:
    codes = list(dict.fromkeys(code.strip().upper() for code in countries if code.strip()))
    wrong = [code for code in codes if code not in phonenumbers.SUPPORTED_REGIONS]
    if wrong or not codes:
        raise InvalidInput(
            sentence("Countries are ISO 3166 codes, not %(wrong)s", wrong=", ".join(wrong) or "none"),
            {"countries": ["ISO 3166 country codes"]},
        )
    return codes


def decide_sender(
    sender_id: int, *, approve: bool, reason: str | None = None, although_taken: bool = False, seen: str | None = None, actor: Actor
) -> SenderIdRow:
    """Approve, or reject with a reason; an approval can be taken back by a rejection, and the other way round.

    A decision is made once: SenderDecided when it was made meanwhile. ``seen``: the status that whoever decides had
    before them (None: the present one). SenderTaken when another account holds this name or one that looks like it, unless
    ``although_taken``.
    """
    roles.require(actor, OPERATE)
    sender = get_sender(sender_id)
    if not approve and not (reason or "").strip():
        raise InvalidInput("Say why it is rejected", {"reason": ["Missing"]})
    status = APPROVED if approve else REJECTED
    with atomic() as tx:
        taken = _holders(tx, sender) if approve else []
        if taken and not although_taken:
            raise SenderTaken(taken_for(sender, taken))
        if sender["status"] == status or not tx.changed(
            "UPDATE sender_ids SET status = ?, rejection_reason = ?, decided_at = ? WHERE id = ? AND status = ?",
            (status, None if approve else reason, clock.now_ms(), sender_id, seen or sender["status"]),
        ):
            raise SenderDecided(
                sentence(
                    "%(name)s was decided already: it is %(status)s",
                    name=sender["name"],
                    status=get_sender(sender_id, tx)["status"],
                )
            )
        told = f"{seen or sender['status']} → {status}"
        audit_log.record(
            tx,
            actor=actor,
            action="sender.approve" if approve else "sender.reject",
            subject=sender["name"],
            account_id=sender["account_id"],
            detail=f"{told}: {reason}" if not approve else f"{told}, although taken" if taken else told,
        )
    return get_sender(sender_id)


HOLDERS = """
    SELECT s.name, a.name AS account_name FROM sender_ids s JOIN accounts a ON a.id = s.account_id
    WHERE s.status = 'approved' AND s.account_id <> ? AND (s.side IS NULL OR s.side <> ?)
    ORDER BY s.id
"""


def _holders(tx: Tx | None, sender: Row) -> list[Row]:
    """Approved senders of other accounts that a person would take for this one; none for what never leaves the sandbox."""
    if sender["side"] == SANDBOX:
        return []
    looks = appearance(sender["name"])
    found = reading(tx).all(HOLDERS, (sender["account_id"], SANDBOX))
    return [row for row in found if appearance(row["name"]) == looks]


def taken_for(sender: Row, holders: list[Row]) -> str:
    """Whose name it may be taken for, in words."""
    return f"{sender['name']} may be taken for " + " and ".join(
        f"{holder['name']} of {holder['account_name']}" for holder in holders[:3]
    )


def holders_of(senders: list[Row], *, actor: Actor) -> dict[int, list[Row]]:
    """Of requests, by id: whom each may be taken for (their name, and the account's)."""
    roles.require(actor, OPERATE)
    return {sender["id"]: found for sender in senders if (found := _holders(None, sender))}


def get_sender(sender_id: int, tx: Tx | None = None) -> SenderIdRow:
    row = reading(tx).one("SELECT * FROM sender_ids WHERE id = ?", (sender_id,))
    if row is None:
        raise SenderNotFound(sentence("There is no sender ID %(sender_id)s", sender_id=sender_id))
    return row


def find_sender(sender_id: int, *, actor: Actor) -> SenderIdRow:
    """A sender ID of an account that the actor sees; SenderNotFound, NotFound."""
    row = get_sender(sender_id)
    roles.require(actor, SEE, row["account_id"])
    return row


def list_senders(account_id: int, *, side: Side | None = None, actor: Actor) -> list[SenderIdRow]:
    """Those that ``side`` sees."""
    roles.require(actor, SEE, account_id)
    return query(f"SELECT * FROM sender_ids WHERE account_id = ? AND {SEEN} ORDER BY id", (account_id, side))


def count_pending() -> int:
    """Requests that wait for an operator."""
    return query("SELECT count(*) FROM sender_ids WHERE status = 'pending'")[0][0]


class SenderOfAccount(SenderIdRow):
    account_name: str


REQUESTS = """
    SELECT s.*, a.name AS account_name FROM sender_ids s JOIN accounts a ON a.id = s.account_id
    WHERE s.status = 'pending' AND s.id > ? ORDER BY s.id LIMIT ?
"""


def list_requests(after: int | None, limit: int, *, actor: Actor) -> list[SenderOfAccount]:
    """Every account's pending requests with the account's name, oldest first, beyond the id ``after``."""
    roles.require(actor, OPERATE)
    return query(REQUESTS, (after or 0, limit))


DECIDED = """
    SELECT s.*, a.name AS account_name FROM sender_ids s JOIN accounts a ON a.id = s.account_id
    WHERE s.status <> 'pending' ORDER BY s.decided_at DESC LIMIT ?
"""


def list_decided(limit: int, *, actor: Actor) -> list[SenderOfAccount]:
    """The latest decisions, with the account's name."""
    roles.require(actor, OPERATE)
    return query(DECIDED, (limit,))


def approved_sender(account_id: int, name: str, side: Side) -> ApprovedSender:
    """An approved sender of the account for sends of this side; SenderNotApproved for any other name."""
    approved = cached(("senders", account_id, side), lambda reader: _load_approved(reader, account_id, side))
    try:
        return approved[name.strip().casefold()]
    except KeyError:
        raise SenderNotApproved from None


def _load_approved(reader: Reader, account_id: int, side: Side) -> dict[str, ApprovedSender]:
    approved: dict[str, ApprovedSender] = {}
    for row in reader.all(
        f"SELECT name, countries FROM sender_ids WHERE account_id = ? AND status = 'approved' AND {SEEN} ORDER BY id",
        (account_id, side),
    ):
        key = row["name"].casefold()
        before = approved.get(key, ApprovedSender(row["name"], frozenset()))
        approved[key] = before._replace(countries=before.countries | set(row["countries"].split(",")))
    return approved
