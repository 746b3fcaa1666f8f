"""Statements: what moved a wallet's balance, newest first, each line with the balance after it."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import SEE, Actor
from ..core import clock
from ..core.current_app import this_app
from ..core.languages import marked
from ..database import keyset, query, snapshot
from ..database.rows import LedgerEntryRow, MessageRow
from .service import WalletInfo

KINDS = {
    "credit": marked("Top-up"),
    "sms_charge": marked("Messages"),
    "refund": marked("Refund"),
    "manual_credit": marked("Credit by hand"),
    "manual_debit": marked("Debit by hand"),
    "service_fee": marked("Number or keyword"),
    "inbound_charge": marked("Incoming message"),
    "sandbox_reset": marked("Sandbox reset"),
}
# What was never taken in as a whole has no page, and keeps its two entries: paid, and given back.
ENTRY = """
    SELECT e.*, b.uid AS batch_uid, b.lane AS batch_lane, b.state NOT IN ('intake', 'rejected') AS batch_shows,
        m.uid AS message_uid, d.uid AS deposit_uid
    FROM ledger_entries e LEFT JOIN batches b ON b.id = e.batch_id LEFT JOIN messages m ON m.id = e.message_id
    LEFT JOIN deposits d ON d.id = e.deposit_id
"""


class StatementLine(LedgerEntryRow):
    batch_uid: str | None
    batch_lane: int | None
    batch_shows: int | None
    message_uid: str | None
    deposit_uid: str | None


def entries(
    wallet: WalletInfo, before: int | None, limit: int, *, since: int = 0, until: int = clock.LATEST, actor: Actor
) -> list[StatementLine]:
    """Entries below the row id ``before``; ``since`` and ``until`` are instants, both inclusive."""
    roles.require(actor, SEE, wallet.account_id)
    return query(
        f"{ENTRY} WHERE e.wallet_id = ? AND e.id < ? AND e.created_at BETWEEN ? AND ? ORDER BY e.id DESC LIMIT ?",
        (wallet.id, keyset.below(before), since, until, limit),
    )


class EntryOfBatch(LedgerEntryRow):
    batch_uid: str | None


PAGE = """
    SELECT e.*, b.uid AS batch_uid
    FROM (SELECT * FROM ledger_entries WHERE wallet_id = ? ORDER BY id DESC LIMIT ? OFFSET ?) e
    LEFT JOIN batches b ON b.id = e.batch_id ORDER BY e.id DESC
"""


COUNT = "SELECT count(*) AS found FROM ledger_entries WHERE wallet_id = ? AND id > ?"
BEHIND_NEWEST = "SELECT id FROM ledger_entries WHERE wallet_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
BEHIND = 1000
"""Entries of a wallet behind its newest one: what is older was committed long ago, also where ids don't commit in order."""


class _Counted(NamedTuple):
    """``found`` entries up to the row id ``last_id``: none is ever taken away."""

    last_id: int = 0
    found: int = 0


def _count(wallet_id: int) -> int:
    """How many there are: those of a million took 18 ms to count for every page; so each process counts the old ones once."""
    kept: dict[int, _Counted] = this_app().extensions.setdefault("wesend.wallets.counted", {})
    known = kept.get(wallet_id, _Counted())
    more: int = query(COUNT, (wallet_id, known.last_id))[0]["found"]
    if more > 2 * BEHIND:
        kept[wallet_id] = _Counted(query(BEHIND_NEWEST, (wallet_id, BEHIND))[0]["id"], known.found + more - BEHIND)
    return known.found + more


def page_of_entries(wallet: WalletInfo, *, limit: int, offset: int, actor: Actor) -> tuple[list[EntryOfBatch], int]:
    """Entries newest first, each with its batch's public id, and how many there are."""
    roles.require(actor, SEE, wallet.account_id)
    with snapshot():
        total = _count(wallet.id)
        rows = query(PAGE, (wallet.id, limit, offset))
        return rows, total


def of_message(message: MessageRow, *, actor: Actor) -> list[StatementLine]:
    """What a message cost and got back: its own entries, and those of its whole batch that it had a part in."""
    roles.require(actor, SEE, message["account_id"])
    return query(
        f"{ENTRY} WHERE e.message_id = ? UNION ALL {ENTRY} WHERE e.batch_id = ? AND e.message_id IS NULL"
        " AND (e.kind <> 'refund' OR ? = 1) ORDER BY 1",
        (message["id"], message["batch_id"], message["status"] == "cancelled"),
    )
