"""Conversations: a phone and a number (or none) of an account, kept beside the messages for the inbox to list."""

from __future__ import annotations

from flask import Flask

from ..accounts.sides import Side
from ..database import Tx
from ..routing import opt_outs

SHOWN = 160  # characters of the last message

WRITE = """
    INSERT INTO conversations (account_id, phone, number, side, service_id, text, unread, opted_out, last_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (account_id, phone, number, side) DO UPDATE SET
        service_id = coalesce(excluded.service_id, conversations.service_id), text = excluded.text,
        unread = conversations.unread + excluded.unread, last_at = excluded.last_at
"""


def note(
    tx: Tx, *, account_id: int, phone: str, number: str | None, side: Side, service_id: int | None, text: str, unread: int, now: int
) -> None:
    """The last that was said; ``unread``: how many more wait to be read."""
    gone = bool(opt_outs.opted_out(account_id, opt_outs.SMS, [phone.lower()], side, tx))
    tx.execute(WRITE, (account_id, phone, number or "", side, service_id, text[:SHOWN], unread, int(gone), now))


def init_app(app: Flask) -> None:
    """Whoever opts out or in is shown so, by whichever way it happened."""
    opt_outs.when_recorded(app, _note_opted_out)
    opt_outs.when_removed(app, _note_opted_in)


MARK = """
    UPDATE conversations SET opted_out = ? WHERE account_id = ? AND phone = ? AND side = coalesce(?, side) AND opted_out <> ?
"""


def _note_opted_out(tx: Tx, account_id: int, channel: str, address: str, side: Side | None) -> None:
    if channel == opt_outs.SMS:
        tx.execute(MARK, (1, account_id, address, side, 1))


def _note_opted_in(tx: Tx, account_id: int, channel: str, address: str, side: Side | None) -> None:
    """What else binds the phone still does."""
    if channel != opt_outs.SMS:
        return
    for row in tx.all("SELECT id, side FROM conversations WHERE account_id = ? AND phone = ?", (account_id, address)):
        bound = bool(opt_outs.opted_out(account_id, opt_outs.SMS, [address], row["side"], tx))
        tx.execute("UPDATE conversations SET opted_out = ? WHERE id = ? AND opted_out <> ?", (int(bound), row["id"], int(bound)))
