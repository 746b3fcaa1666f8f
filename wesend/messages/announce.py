"""Announce: what happened to messages and batches → the outbox, in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Iterable

from ..database import Row, Tx, marks
from ..webhooks import outbox
from ..webhooks.endpoints import listeners
from ..webhooks.formats import Event, Format, formats


def message_changes(tx: Tx, account_ids: set[int], message_ids: list[int], finished: Iterable[int]) -> None:
    """Tell of messages that have just got a status, and of batches that have just finished."""
    if not anybody_listens(account_ids):
        return
    messages = _load(tx, "messages", message_ids)
    finished = set(finished)
    batches = {row["id"]: row for row in _load(tx, "batches", list({m["batch_id"] for m in messages} | finished))}
    for batch in batches.values():
        format_ = _format_of(batch)
        if format_ is not None:
            told = [format_.message_changed(message, batch) for message in messages
                    if message["batch_id"] == batch["id"]]
            if batch["id"] in finished:
                told.append(format_.batch_finished(batch))
            _enqueue(tx, batch, told)


def anybody_listens(account_ids: set[int]) -> bool:
    """Whether one of these accounts has an endpoint that is on."""
    return any(account_id in account_ids for account_id, _ in listeners())


def mail_tracked(tx: Tx, message: Row, happening: str) -> None:
    """Tell that an e-mail was ``opened`` or ``clicked``."""
    (batch,) = _load(tx, "batches", [message["batch_id"]])
    format_ = _format_of(batch)
    if format_ is not None:
        _enqueue(tx, batch, [format_.mail_tracked(message, batch, happening)])


def _format_of(batch: Row) -> Format | None:
    """The format of the API that a batch came through, if the account listens to it."""
    return formats().get(batch["api"]) if (batch["account_id"], batch["api"]) in listeners() else None


def _enqueue(tx: Tx, batch: Row, told: list[Event | None]) -> None:
    events = [event for event in told if event is not None]
    if events:
        outbox.enqueue(tx, batch["account_id"], batch["api"], events)


def _load(tx: Tx, table: str, ids: list[int]) -> list[Row]:
    found: list[Row] = []
    for start in range(0, len(ids), 500):
        chunk = ids[start:start + 500]
        found += tx.all(f"SELECT * FROM {table} WHERE id IN ({marks(chunk)}) ORDER BY id", chunk)
    return found
