"""What became of a send: its batch and its messages, as an answer tells of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

from ...database import Row, Tx, query, query_together
from ...database.rows import BatchRow, MessageRow
from ..state.outgoing import IN_REQUEST_LIMIT
from ..state.statuses import SUBMITTED
from ..state.transitions import Moved

MOST = 100_000
BATCH = "SELECT * FROM batches WHERE uid = ?"
BALANCES = """
    SELECT w.balance_micros, (
        SELECT balance_after_micros FROM ledger_entries e
        WHERE e.batch_id = b.id AND e.message_id IS NULL AND e.kind = 'sms_charge' ORDER BY e.id LIMIT 1) AS paid_micros
    FROM batches b JOIN wallets w ON w.id = b.wallet_id WHERE b.uid = ?
"""
"""A wallet's balance now, and what paying for the batch left: what costs nothing has no entry."""
MESSAGES = "SELECT {columns} FROM messages WHERE batch_id = (SELECT id FROM batches WHERE uid = ?) ORDER BY id LIMIT ?"
TOLD = (
    "id, uid, batch_id, wallet_id, recipient, status, segments, route, route_cost_micros, route_currency, cost_micros,"
    " refunded_micros, attempts, retry_count, error_code, error_message, delivered_at"
)
"""What an answer tells of many messages. Not their texts: 69,000 of 1,000 characters took 280 MB."""


class Sent(NamedTuple):
    """A batch as it stands: its row, its messages in order, and in micro-units the balance that it left in its wallet."""

    batch: Row
    messages: Sequence[Row]
    balance_micros: int


class Paid(NamedTuple):
    """A batch as paying for it has left it: its row, and in micro-units the balance that it left in its wallet."""

    batch: BatchRow
    balance_micros: int

    def submitted(self, moved: Sequence[Moved]) -> Sent | None:
        """What became of it, where its gateways have taken every message, and that is all: then nothing has to be read."""
        total = self.batch["total"]
        if len(moved) != total or any(entry.move.to != SUBMITTED for entry in moved):
            return None
        messages = [{**cast(MessageRow, entry.before), **(entry.move.changes or {}), "status": SUBMITTED} for entry in moved]
        return Sent({**self.batch, "queued": 0, "submitted": total}, messages, self.balance_micros)


def load_sent(batch_uid: str, *, limit: int = MOST) -> Sent:
    """A batch and up to ``limit`` of its messages as they are now; of many, what answers tell of them."""
    batches, messages, balances = query_together(
        (BATCH, (batch_uid,)),
        (MESSAGES.format(columns="*"), (batch_uid, min(limit, IN_REQUEST_LIMIT + 1))),
        (BALANCES, (batch_uid,)),
    )
    (batch,) = batches
    if batch["total"] > IN_REQUEST_LIMIT:
        messages = query(MESSAGES.format(columns=TOLD), (batch_uid, limit))
    return _sent(batch, messages, balances[0])


def sent_later(tx: Tx, batch_uid: str) -> Callable[[], Sent | None]:
    """The same of up to IN_REQUEST_LIMIT messages, as they are at this point of a transaction; to be called once it is
    committed. None where that was found out without its answers.
    """
    found = (
        tx.later(BATCH, (batch_uid,)),
        tx.later(MESSAGES.format(columns="*"), (batch_uid, IN_REQUEST_LIMIT)),
        tx.later(BALANCES, (batch_uid,)),
    )

    def sent() -> Sent | None:
        batch, messages, balances = (one.rows for one in found)
        if batch is None or messages is None or balances is None:
            return None
        return _sent(batch[0], messages, balances[0])

    return sent


def _sent(batch: Row, messages: Sequence[Row], balances: Row) -> Sent:
    """As it was paid, less what came back: not what others have paid from this wallet since."""
    paid = balances["paid_micros"]
    return Sent(batch, messages, balances["balance_micros"] if paid is None else paid + batch["refunded_micros"])
