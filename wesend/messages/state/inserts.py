"""The rows of batches and messages as they are first written."""

from __future__ import annotations

import json
from typing import Any

from ...accounts.service import AccountInfo
from ...core import clock
from ...database import Tx
from ...wallets.service import WalletInfo
from ..sending.compose import Composed, Planned, Skipped
from ..sending.options import Options, Origin

MESSAGE_COLUMNS = (
    "uid",
    "batch_id",
    "account_id",
    "wallet_id",
    "channel",
    "lane",
    "recipient",
    "country",
    "sender",
    "text",
    "fields",
    "subject",
    "encoding",
    "segments",
    "cost_micros",
    "route",
    "route_cost_micros",
    "route_currency",
    "gateway",
    "day",
    "created_at",
    "due_at",
    "status",
    "claim_token",
    "lease_until",
    "attempts",
    "gateway_ref",
    "submitted_at",
    "poll_at",
    "expires_at",
)
FRESH_MESSAGE = {
    "refunded_micros": 0,
    "charges": 1,
    "backoffs": 0,
    "retry_count": 0,
    "polls": 0,
    "error_code": None,
    "error_message": None,
    "delivered_at": None,
    "failed_at": None,
}
"""What the other columns hold at first."""
BATCH_COLUMNS = (
    "uid",
    "account_id",
    "wallet_id",
    "api_key_id",
    "api",
    "channel",
    "lane",
    "state",
    "in_request",
    "mode",
    "text",
    "placeholders",
    "confidential",
    "subject",
    "sender",
    "reference",
    "group_id",
    "skipped",
    "total",
    "queued",
    "submitted",
    "cost_micros",
    "currency",
    "drip_rate",
    "scheduled_at",
    "lease_until",
    "created_at",
)
FRESH_BATCH = {
    "delivered": 0,
    "failed": 0,
    "cancelled": 0,
    "refunded_micros": 0,
    "owed_micros": 0,
    "finished_at": None,
    "held_at": None,
}
"""What the other columns hold at first."""


def batch_row(
    composed: Composed,
    uid: str,
    origin: Origin,
    options: Options,
    *,
    lane: int,
    state: str,
    total: int,
    queued: int,
    cost: int,
    skipped: list[Skipped],
    now: int,
    submitted: int = 0,
    in_request: bool = False,
    lease_until: int | None = None,
) -> tuple:
    """A row in the order of BATCH_COLUMNS."""
    account, wallet = composed.account, composed.wallet
    return (
        uid,
        account.id,
        wallet.id,
        origin.api_key_id,
        origin.api,
        composed.channel,
        lane,
        state,
        int(in_request),
        options.mode,
        composed.text,
        composed.placeholders,
        int(composed.confidential),
        composed.subject,
        composed.sender,
        options.reference,
        options.group_id,
        json.dumps(skipped, ensure_ascii=False) if skipped else None,
        total,
        queued,
        submitted,
        cost,
        wallet.currency,
        options.drip_rate,
        options.scheduled_at,
        lease_until,
        now,
    )


def message_row(
    account: AccountInfo,
    wallet: WalletInfo,
    item: Planned,
    *,
    lane: int,
    uid: str,
    now: int,
    due_at: int,
    state: tuple,
    batch_id: int | None = None,
) -> tuple:
    """A row in the order of MESSAGE_COLUMNS."""
    return (
        uid,
        batch_id,
        account.id,
        wallet.id,
        item.channel,
        lane,
        item.recipient,
        item.country,
        item.sender,
        item.text,
        item.fields,
        item.subject,
        item.encoding,
        item.segments,
        item.cost_micros,
        item.route,
        item.route_cost_micros,
        item.route_currency,
        item.gateway,
        clock.day_of(now, account.time_zone),
        now,
        due_at,
        *state,
    )


def insert_batch(tx: Tx, row: tuple) -> dict[str, Any]:
    """Write a row of BATCH_COLUMNS; the batch as it is stored."""
    batch_id = tx.insert_row("batches", BATCH_COLUMNS, row)
    return {**FRESH_BATCH, **dict(zip(BATCH_COLUMNS, row, strict=True)), "id": batch_id}


def insert_message(tx: Tx, batch_id: int, row: tuple) -> dict[str, Any]:
    """Write a row of MESSAGE_COLUMNS, without its batch; the message as it is stored."""
    values = (row[0], batch_id, *row[2:])
    message_id = tx.insert_row("messages", MESSAGE_COLUMNS, values)
    return {**FRESH_MESSAGE, **dict(zip(MESSAGE_COLUMNS, values, strict=True)), "id": message_id}
