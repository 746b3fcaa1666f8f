"""What happened to messages and batches → the outbox, in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from ...core.chunks import chunks
from ...database import Tx, marks
from ...database.rows import BatchRow, MessageRow
from ...webhooks import outbox
from ...webhooks.endpoints import listening
from ...webhooks.formats import Event, Format, Owner, formats


class Heard(NamedTuple):
    """What an account hears of a batch: in the format of the API that it came through, about its own wallet."""

    format: Format
    owner: Owner


def message_changes(tx: Tx, account_ids: set[int], message_ids: list[int], finished: Iterable[int]) -> None:
    """Tell of messages that have just got a status, and of batches that have just finished."""
    if not anybody_listens(account_ids, tx):
        return
    messages = _load(tx, "messages", message_ids)
    finished = set(finished)
    batches = {row["id"]: row for row in _load(tx, "batches", list({m["batch_id"] for m in messages} | finished))}
    for batch in batches.values():
        heard = _heard_of(tx, batch)
        if heard is not None:
            told = [
                heard.format.message_changed(message, batch, heard.owner)
                for message in messages
                if message["batch_id"] == batch["id"]
            ]
            if batch["id"] in finished:
                told.append(heard.format.batch_finished(batch, partial(_messages_of, tx, batch)))
            _enqueue(tx, batch, heard, told)


def anybody_listens(account_ids: set[int], tx: Tx | None = None) -> bool:
    """Whether one of these accounts has an endpoint that is on."""
    return any(account_id in account_ids for account_id, _, _ in listening(tx).endpoints)


def mail_tracked(tx: Tx, message: MessageRow, happening: str) -> None:
    """Tell that an e-mail was ``opened`` or ``clicked``."""
    (batch,) = _load(tx, "batches", [message["batch_id"]])
    heard = _heard_of(tx, batch)
    if heard is not None:
        _enqueue(tx, batch, heard, [heard.format.mail_tracked(message, batch, happening, heard.owner)])


def _heard_of(tx: Tx, batch: BatchRow) -> Heard | None:
    """None when no endpoint of the account listens to the batch's side, which is its wallet's, in its API's format."""
    known = listening(tx)
    owner = known.owners.get(batch["wallet_id"])
    if owner is None or (batch["account_id"], owner.side, batch["api"]) not in known.endpoints:
        return None
    format_ = formats().get(batch["api"])
    return None if format_ is None else Heard(format_, owner)


def _enqueue(tx: Tx, batch: BatchRow, heard: Heard, told: list[Event | None]) -> None:
    events = [event for event in told if event is not None]
    if events:
        outbox.enqueue(tx, batch["account_id"], heard.owner.side, batch["api"], events)


def _messages_of(tx: Tx, batch: BatchRow) -> list[MessageRow]:
    return tx.all("SELECT * FROM messages WHERE batch_id = ? ORDER BY id", (batch["id"],))


def _load(tx: Tx, table: str, ids: list[int]) -> list[Any]:
    found: list[Any] = []
    for chunk in chunks(ids):
        found += tx.all(f"SELECT * FROM {table} WHERE id IN ({marks(chunk)}) ORDER BY id", chunk)
    return found
