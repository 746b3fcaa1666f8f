"""What became of a send: its batch and its messages, as an answer tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...database import Reader, Row, reading, snapshot
from ..state.outgoing import IN_REQUEST_LIMIT

MOST = 100_000
BATCH = "SELECT * FROM batches WHERE uid = ?"
MESSAGES = "SELECT {columns} FROM messages WHERE batch_id = ? ORDER BY id LIMIT ?"
TOLD = (
    "id, uid, batch_id, wallet_id, recipient, status, segments, route, route_cost_micros, route_currency, cost_micros,"
    " refunded_micros, attempts, retry_count, error_code, error_message, delivered_at"
)
"""What an answer tells of many messages. Not their texts: 69,000 of 1,000 characters took 280 MB."""
PAID = """
    SELECT balance_after_micros FROM ledger_entries
    WHERE batch_id = ? AND message_id IS NULL AND kind = 'sms_charge'
"""
BALANCE = "SELECT balance_micros FROM wallets WHERE id = ?"


class Sent(NamedTuple):
    """A batch as it stands: its row, its messages in order, and in micro-units the balance that it left in its wallet."""

    batch: Row
    messages: Sequence[Row]
    balance_micros: int


def load_sent(batch_uid: str, *, limit: int = MOST) -> Sent:
    """A batch and up to ``limit`` of its messages as they are now; of many, what answers tell of them."""
    with snapshot():
        return read_sent(reading(None), batch_uid, limit=limit)


def read_sent(reader: Reader, batch_uid: str, *, limit: int = MOST) -> Sent:
    """The same by a reader of the caller's."""
    batch = reader.one(BATCH, (batch_uid,))
    assert batch is not None
    columns = "*" if batch["total"] <= IN_REQUEST_LIMIT else TOLD
    messages = reader.all(MESSAGES.format(columns=columns), (batch["id"], limit))
    # As it was paid, less what came back: not what others have paid from this wallet since.
    paid = reader.all(PAID, (batch["id"],))
    balance = (
        paid[0][0] + batch["refunded_micros"]
        if paid  # what costs nothing has no entry
        else reader.all(BALANCE, (batch["wallet_id"],))[0][0]
    )
    return Sent(batch, messages, balance)
