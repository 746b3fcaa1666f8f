"""What recipients do with an e-mail: open it, follow a link, unsubscribe. Each is noted once."""

from __future__ import annotations

import json

from flask import current_app

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...core import clock
from ...core.channels import EMAIL
from ...database import Tx, query, query_one, write, write_surely
from ...database.rows import MessageRow
from ...routing import opt_outs
from ...wallets.service import wallet_by_id, wallets_of_side
from ..sending import opted_out
from ..state import webhook_events
from ..state.statuses import DELIVERED, SUBMITTING, UNDER_WAY

WAITING_FOR = """
    SELECT id, wallet_id FROM messages
    WHERE account_id = ? AND status IN ('scheduled', 'dripping', 'queued') AND channel = 'email' AND lower(recipient) = ?
"""


def find_mail(message_id: int) -> MessageRow | None:
    return query_one("SELECT * FROM messages WHERE id = ? AND channel = 'email'", (message_id,))


def is_tracked(message: MessageRow) -> bool:
    """Whether a mail's links lead on and its opens count: it was sent, and not longer ago than `WESEND_LINK_DAYS`.

    Else everybody who may write a mail could have links of ours that lead to any site, for ever, and sent to nobody.
    """
    was_sent = message["submitted_at"] is not None or message["status"] in {SUBMITTING, *UNDER_WAY, DELIVERED}
    days = current_app.config["WESEND"].link_days
    return was_sent and clock.now_ms() <= (message["submitted_at"] or message["created_at"]) + days * clock.DAY


def note_opened(message: MessageRow) -> None:
    _note(message, "opened", None)


def note_clicked(message: MessageRow, target: str) -> None:
    """A click is an opening too: many mail programs show no pictures."""
    note_opened(message)
    _note(message, "clicked", target)


def _note(message: MessageRow, happening: str, target: str | None) -> None:
    """A reader gets the page also while nothing can be stored."""
    meta, at = json.dumps({"url": target}) if target else None, clock.now_ms()

    def unit(tx: Tx) -> None:
        if tx.one(
            "SELECT 1 FROM message_events WHERE message_id = ? AND event = ? AND coalesce(meta, '') = ?",
            (message["id"], happening, meta or ""),
        ):
            return
        tx.insert(
            "message_events", message_id=message["id"], event=happening, status=message["status"], detail=None, meta=meta, at=at
        )
        webhook_events.mail_tracked(tx, message, happening)

    write_surely(unit)


OPENS_AND_CLICKS = """
    SELECT count(*) FILTER (WHERE event = 'opened') AS opens, count(*) FILTER (WHERE event = 'clicked') AS clicks
    FROM message_events WHERE message_id = ?
"""


def opens_and_clicks(message: MessageRow, *, actor: Actor) -> tuple[int, int]:
    """Opens (0 or 1) and distinct links followed."""
    roles.require(actor, SEE, message["account_id"])
    row = query(OPENS_AND_CLICKS, (message["id"],))[0]
    return row["opens"], row["clicks"]


def unsubscribe(message: MessageRow) -> None:
    """Nothing more of this account's side to this address; what is scheduled or waits to be tried again neither."""
    account_id, address = message["account_id"], message["recipient"].lower()
    side = wallet_by_id(message["wallet_id"]).side
    wallets = wallets_of_side(account_id, side)
    waiting = [row["id"] for row in query(WAITING_FOR, (account_id, address)) if wallets is None or row["wallet_id"] in wallets]

    def unit(tx: Tx) -> None:
        opt_outs.add_opt_out(
            tx, account_id=account_id, channel=EMAIL, address=address, side=side, source=f"unsubscribed from {message['uid']}"
        )
        opted_out.cancel(tx, waiting)

    write(unit)
