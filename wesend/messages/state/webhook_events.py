"""What happened to messages and batches → the outbox, in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...accounts.sides import LIVE, Side
from ...core.chunks import chunks
from ...database import Tx, marks
from ...database.rows import BatchRow, MessageRow
from ...webhooks import outbox
from ...webhooks.endpoints import listening
from ...webhooks.formats import Event, Format, formats


def message_changes(tx: Tx, account_ids: set[int], message_ids: list[int], finished: Iterable[int]) -> None:
    """Tell of messages that have just got a status, and of batches that have just finished."""
    if not anybody_listens(account_ids, tx):
        return
    messages = _load(tx, "messages", message_ids)
    finished = set(finished)
    batches = {row["id"]: row for row in _load(tx, "batches", list({m["batch_id"] for m in messages} | finished))}
    for batch in batches.values():
        side, format_ = _heard_of(tx, batch)
        if format_ is not None:
            told = [format_.message_changed(message, batch) for message in messages if message["batch_id"] == batch["id"]]
            if batch["id"] in finished:
                told.append(format_.batch_finished(batch))
            _enqueue(tx, batch, side, told)


def anybody_listens(account_ids: set[int], tx: Tx | None = None) -> bool:
    """Whether one of these accounts has an endpoint that is on."""
    return any(account_id in account_ids for account_id, _, _ in listening(tx).endpoints)


def mail_tracked(tx: Tx, message: MessageRow, happening: str) -> None:
    """Tell that an e-mail was ``opened`` or ``clicked``."""
    (batch,) = _load(tx, "batches", [message["batch_id"]])
    side, format_ = _heard_of(tx, batch)
    if format_ is not None:
        _enqueue(tx, batch, side, [format_.mail_tracked(message, batch, happening)])


def _heard_of(tx: Tx, batch: BatchRow) -> tuple[Side, Format | None]:
    """The side of a batch, which is its wallet's, and the format of the API that it came through; no format when no
    endpoint of the account listens to both."""
    known = listening(tx)
    side = known.sides.get(batch["wallet_id"], LIVE)
    heard = (batch["account_id"], side, batch["api"]) in known.endpoints
    return side, formats().get(batch["api"]) if heard else None


def _enqueue(tx: Tx, batch: BatchRow, side: Side, told: list[Event | None]) -> None:
    events = [event for event in told if event is not None]
    if events:
        outbox.enqueue(tx, batch["account_id"], side, batch["api"], events)


def _load(tx: Tx, table: str, ids: list[int]) -> list[Any]:
    found: list[Any] = []
    for chunk in chunks(ids):
        found += tx.all(f"SELECT * FROM {table} WHERE id IN ({marks(chunk)}) ORDER BY id", chunk)
    return found
