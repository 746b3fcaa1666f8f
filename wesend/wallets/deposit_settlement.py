"""How a deposit ends: credited once, however often the news comes, or closed unpaid.

The credit and the status change are one transaction, guarded by ``status <> 'successful'``.
"""

from __future__ import annotations

from ..core import clock, money
from ..database import Tx, write
from ..database.rows import DepositRow
from . import ledger


def settle(deposit_id: int, confirmed_micros: int | None) -> bool:
    """The money came: credit what was confirmed (else what was asked), once. True when this call credited it."""
    return write(lambda tx: settle_in(tx, deposit_id, confirmed_micros))


MARK_SUCCESSFUL = """
    UPDATE deposits SET status = 'successful', amount_micros = ?, credited_micros = ?,
        reason = NULL, poll_at = NULL, updated_at = ?
    WHERE id = ? AND status <> 'successful'
"""


def settle_in(tx: Tx, deposit_id: int, confirmed_micros: int | None) -> bool:
    deposit = tx.one("SELECT * FROM deposits WHERE id = ?", (deposit_id,))
    assert deposit is not None
    amount = deposit["amount_micros"] if confirmed_micros is None else confirmed_micros
    credit = money.divide(amount, deposit["rate_micros"]) if deposit["rate_micros"] else amount
    now = clock.now_ms()
    if not tx.changed(MARK_SUCCESSFUL, (amount, credit, now, deposit_id)):
        return False
    ledger.credit(
        tx,
        deposit["wallet_id"],
        credit,
        kind="credit",
        deposit_id=deposit_id,
        description=f"Top-up of {money.text(amount)} {deposit['currency']} from {deposit['phone']}",
    )
    return True


def close(deposit_id: int, status: str, reason: str | None) -> bool:
    return write(lambda tx: close_in(tx, deposit_id, status, reason))


CLOSE_AS_SEEN = """
    UPDATE deposits SET status = ?, reason = ?, updated_at = ?,
        polls = CASE WHEN poll_at = ? THEN polls ELSE 0 END, poll_at = CASE WHEN poll_at = ? THEN NULL ELSE poll_at END
    WHERE id = ? AND status = 'pending'
"""


def close_as_seen(deposit: DepositRow, status: str, reason: str | None) -> bool:
    """Close what the gateway was asked about; a hint that came meanwhile is still followed up."""
    seen = deposit["poll_at"]
    return write(lambda tx: tx.changed(CLOSE_AS_SEEN, (status, reason, clock.now_ms(), seen, seen, deposit["id"]))) > 0


def close_in(tx: Tx, deposit_id: int, status: str, reason: str | None) -> bool:
    return (
        tx.changed(
            "UPDATE deposits SET status = ?, reason = ?, poll_at = NULL, updated_at = ? WHERE id = ? AND status = 'pending'",
            (status, reason, clock.now_ms(), deposit_id),
        )
        > 0
    )
