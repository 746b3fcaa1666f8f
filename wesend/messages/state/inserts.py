"""Batches and messages as they are first written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, cast

from ...database import RowKey, Tx
from ...database.rows import BatchRow, MessageRow
from .outgoing import Outgoing

NOT_COMPOSED = ("uid", "account_id", "wallet_id", "batch_id", "id", "attempts", "backoffs", "charges", "valid_until")
COMPOSED = tuple(name for name in Outgoing._fields if name not in NOT_COMPOSED)
FRESH_MESSAGE = {
    "refunded_micros": 0,
    "retry_count": 0,
    "polls": 0,
    "claim_token": None,
    "lease_until": None,
    "gateway_ref": None,
    "submitted_at": None,
    "poll_at": None,
    "expires_at": None,
    "error_code": None,
    "error_message": None,
    "delivered_at": None,
    "failed_at": None,
}
"""What the other columns hold at first."""
FRESH_BATCH = {
    "delivered": 0,
    "failed": 0,
    "cancelled": 0,
    "refunded_micros": 0,
    "owed_micros": 0,
    "finished_at": None,
    "held_at": None,
}
"""The same of a batch."""
_composed = attrgetter(*COMPOSED)


class NewBatch(NamedTuple):
    """A batch before it is written, its fields columns of batches. ``skipped``: JSON of [recipient, reason, position] each."""

    uid: str
    account_id: int
    wallet_id: int
    api_key_id: int | None
    api: str
    channel: str
    mode: str
    text: str
    placeholders: str | None
    confidential: int
    subject: str | None
    sender: str | None
    reference: str | None
    group_id: int | None
    skipped: str | None
    currency: str
    drip_rate: int | None
    scheduled_at: int | None
    valid_for: int | None
    keeps_quiet: int
    created_at: int
    total: int = 0
    queued: int = 0
    cost_micros: int = 0
    submitted: int = 0
    lane: int = 0
    state: str = "open"
    in_request: int = 0
    lease_until: int | None = None
    namespace: str | None = None


def insert_batch(tx: Tx, batch: NewBatch) -> BatchRow:
    """Write a batch; its row as it is stored."""
    return batch_row(batch, tx.insert_row("batches", NewBatch._fields, batch))


def put_batch(tx: Tx, batch: NewBatch) -> int | RowKey:
    """The same without waiting: the key of its row."""
    return tx.put("batches", NewBatch._fields, batch)


def batch_row(batch: NewBatch, batch_id: int) -> BatchRow:
    """As it was just written."""
    return cast(BatchRow, {**FRESH_BATCH, **batch._asdict(), "id": batch_id})


def put_message(tx: Tx, batch_id: int | RowKey, message: Outgoing, state: Mapping[str, Any]) -> int | RowKey:
    """Write one message of a batch; its key. ``state``: its other columns: whose it is, when it leaves, its status."""
    columns = ("batch_id", *COMPOSED, *state)
    return tx.put("messages", columns, (batch_id, *_composed(message), *state.values()))


def written(message: Outgoing, batch_id: int, message_id: int, state: Mapping[str, Any]) -> Outgoing:
    """A message as it was just written."""
    owners = {"account_id": state["account_id"], "wallet_id": state["wallet_id"]}
    return message._replace(uid=state["uid"], batch_id=batch_id, id=message_id, valid_until=state["valid_until"], **owners)


def insert_messages(
    tx: Tx, batch_id: int, messages: Sequence[tuple[Outgoing, Mapping[str, Any]]], common: Mapping[str, Any]
) -> None:
    """Write many; with each message what of its state is its own, and in ``common`` what of it is the same for all."""
    columns = ("batch_id", *COMPOSED, *messages[0][1], *common)
    shared = tuple(common.values())
    rows = [(batch_id, *_composed(message), *own.values(), *shared) for message, own in messages]
    tx.insert_many("messages", columns, rows)


def row_of(message: Outgoing, state: Mapping[str, Any]) -> MessageRow:
    """A message that was just written, as it is stored."""
    return cast(MessageRow, {**FRESH_MESSAGE, **message._asdict(), **state})
