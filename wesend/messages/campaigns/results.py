"""What became of campaigns: all of an account's, and one recipient by recipient, for a spreadsheet."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...accounts.service import AccountInfo
from ...contacts import audience
from ...core import clock, money
from ...core.channels import EMAIL
from ...core.languages import marked
from ...database import keyset, query
from ...database.rows import BatchRow, MessageRow
from ..reporting import reasons
from ..state.mail_texts import Reader

CHUNK = {EMAIL: 50}
"""Messages read at a time; an e-mail may have 1 MB."""
USUAL_CHUNK = 500
HEADER = (
    "recipient",
    "name",
    "status",
    "reason",
    "text",
    "sender",
    "segments",
    "cost",
    "refunded",
    "currency",
    "accepted_at",
    "delivered_at",
    "message_id",
)
FIGURES = frozenset({"segments", "cost", "refunded"})
"""Columns that are added up."""
BULKS = """
    SELECT * FROM batches INDEXED BY ix_batches_account_id
    WHERE account_id = ? AND lane = 1 AND id < ? AND state NOT IN ('intake', 'rejected') ORDER BY id DESC LIMIT ?
"""
MESSAGES = "SELECT * FROM messages WHERE batch_id = ? AND id > ? ORDER BY id LIMIT ?"


def campaigns(account_id: int, before: int | None, limit: int, *, actor: Actor) -> list[BatchRow]:
    """The account's bulks, of all channels and also by API, newest first, below the row id ``before``."""
    roles.require(actor, SEE, account_id)
    return query(BULKS, (account_id, keyset.below(before), limit))


class Place(NamedTuple):
    """Where the next rows begin: behind a message's row id, or at one of those who got nothing."""

    message: int
    skipped: int | None = None


def names_of(account_id: int, recipients: list[str], channel: str, *, actor: Actor) -> dict[str, str]:
    """Recipient → the name of the newest contact of that number or address; those that have one."""
    column = "email" if channel == EMAIL else "phone"
    found = audience.find_by(account_id, column, [recipient.lower() for recipient in recipients], actor=actor)
    names = {key: audience.variables(row)["name"] for key, row in found.items()}
    return {recipient: name for recipient in recipients if (name := names.get(recipient.lower(), ""))}


def rows_after(
    account: AccountInfo, batch: BatchRow, place: Place | None, words: dict[str, str], *, actor: Actor
) -> tuple[list[list[Any]], Place | None]:
    """Some rows in the columns of HEADER, and where the next begin (None: these were the last): messages in the order in
    which they were made, then those who got nothing. ``words``: for why those got nothing."""
    roles.require(actor, SEE, account.id)
    place = place or Place(0)
    if place.skipped is not None:
        return _skipped(batch, place.skipped, words)
    size = CHUNK.get(batch["channel"], USUAL_CHUNK)
    messages: list[MessageRow] = query(MESSAGES, (batch["id"], place.message, size))
    names = names_of(account.id, [row["recipient"] for row in messages], batch["channel"], actor=actor)
    reader = Reader()
    rows = [_cells(account, batch, row, names, reader, actor) for row in messages]
    return rows, Place(messages[-1]["id"]) if len(messages) == size else Place(0, 0)


def _cells(
    account: AccountInfo, batch: BatchRow, row: MessageRow, names: dict[str, str], reader: Reader, actor: Actor
) -> list[Any]:
    return [
        row["recipient"],
        names.get(row["recipient"]),
        row["status"],
        reasons.of(row, actor=actor),
        reader.text_of(row),
        row["sender"],
        row["segments"],
        money.text(row["cost_micros"]),
        money.text(row["refunded_micros"]),
        batch["currency"],
        _local(row["created_at"], account),
        _local(row["delivered_at"], account),
        row["uid"],
    ]


def _local(ms: int | None, account: AccountInfo) -> str | None:
    """As clocks of the account's zone show it."""
    return clock.iso_in_zone(ms, account.time_zone)[:19].replace("T", " ") if ms is not None else None


def _skipped(batch: BatchRow, start: int, words: dict[str, str]) -> tuple[list[list[Any]], Place | None]:
    everybody = json.loads(batch["skipped"] or "[]")
    some = everybody[start : start + USUAL_CHUNK]
    rows = [[recipient, None, marked("not sent"), words.get(reason, reason), *[None] * 9] for recipient, reason, _ in some]
    return rows, Place(0, start + USUAL_CHUNK) if start + USUAL_CHUNK < len(everybody) else None
