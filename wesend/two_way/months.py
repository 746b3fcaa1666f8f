"""Months: paid every 30 days; with too little money past due, tried daily, and suspended after a week."""

from __future__ import annotations

from functools import partial

from ..core import clock
from ..core.errors import InsufficientBalance, InvalidInput
from ..database import Tx, query, write
from ..database.rows import TwoWayServiceRow
from ..wallets.service import wallet_by_id
from .approval import MONTH_MS, fee_of, take_fee

AGAIN_MS = clock.DAY
SUSPENDED_AFTER_MS = 7 * clock.DAY
UNPAID = "The monthly fee was not paid for 7 days"

DUE = "SELECT id FROM two_way_services WHERE bill_at IS NOT NULL AND bill_at <= ? ORDER BY bill_at LIMIT ?"
STILL_DUE = """
    SELECT * FROM two_way_services
    WHERE id = ? AND bill_at <= ? AND status IN ('active', 'past_due', 'suspended')
"""
PAID = """
    UPDATE two_way_services SET status = 'active', bill_at = ?, months = months + 1, charged_micros = charged_micros + ?,
        past_due_since = NULL, suspended_at = NULL, suspend_reason = NULL
    WHERE id = ?
"""
UNPAID_YET = """
    UPDATE two_way_services SET status = ?, bill_at = ?, past_due_since = coalesce(past_due_since, ?),
        suspended_at = ?, suspend_reason = ?
    WHERE id = ?
"""


def bill_due(limit: int = 50) -> int:
    """Take the months that are due; how many services were looked at. Each in a transaction of its own."""
    now = clock.now_ms()
    ids = [row["id"] for row in query(DUE, (now, limit))]
    for service_id in ids:
        write(partial(_bill, service_id=service_id, now=now))
    return len(ids)


def _bill(tx: Tx, service_id: int, now: int) -> None:
    service: TwoWayServiceRow | None = tx.one(STILL_DUE, (service_id, now))
    if service is None:
        return
    wallet = wallet_by_id(service["wallet_id"], tx)
    try:
        fee = fee_of(service["monthly_fee_micros"] or 0, wallet, tx)
        take_fee(tx, service, wallet, fee, f"Month {service['months'] + 1}", service["months"] + 1)
    except (InsufficientBalance, InvalidInput):
        _note_unpaid(tx, service, now)
        return
    tx.execute(PAID, (_next(service, now), fee, service_id))


def _next(service: TwoWayServiceRow, now: int) -> int:
    """30 days after the month that ended, when it was paid in time; else from today: what lies behind is not charged."""
    assert service["bill_at"] is not None
    regular = service["bill_at"] + MONTH_MS
    return regular if service["past_due_since"] is None and regular > now else now + MONTH_MS


def _note_unpaid(tx: Tx, service: TwoWayServiceRow, now: int) -> None:
    since = service["past_due_since"] or now
    over = service["status"] == "suspended" or now - since >= SUSPENDED_AFTER_MS
    suspended_at = (service["suspended_at"] or now) if over else None
    status = "suspended" if over else "past_due"
    tx.execute(UNPAID_YET, (status, now + AGAIN_MS, now, suspended_at, UNPAID if over else None, service["id"]))
