"""Accounts that reached their burst limit: noted once an hour each, to be told to the operator."""

from __future__ import annotations

from ..accounts import roles
from ..accounts.roles import OPERATE, Actor
from ..core import clock
from ..core.current_app import this_app
from ..database import Tx, query, write
from ..database.rows import BurstAlertRow

EVERY_MS = clock.HOUR
SHOWN_MS = clock.DAY
NOTED = "wesend.burst_alerts"
NOTE = """
    INSERT INTO burst_alerts (account_id, is_sandbox, prefix, at) VALUES (?, ?, ?, ?)
    ON CONFLICT (account_id, is_sandbox) DO UPDATE SET prefix = excluded.prefix, at = excluded.at, told_at = NULL, mailed_at = NULL
    WHERE burst_alerts.at <= excluded.at - ?
"""


class Alert(BurstAlertRow):
    name: str


def note(account_id: int, is_sandbox: bool, prefix: str) -> None:
    """A send was refused for it. What this process has noted within the hour costs nothing more."""
    noted: dict[tuple[int, bool], int] = this_app().extensions.setdefault(NOTED, {})
    now = clock.now_ms()
    if 0 <= now - noted.get((account_id, is_sandbox), -EVERY_MS) < EVERY_MS:
        return
    write(lambda tx: tx.execute(NOTE, (account_id, int(is_sandbox), prefix, now, EVERY_MS)) and None)
    noted[account_id, is_sandbox] = now


UNTOLD = """
    SELECT b.*, a.name FROM burst_alerts b JOIN accounts a ON a.id = b.account_id
    WHERE b.told_at IS NULL OR b.mailed_at IS NULL ORDER BY b.account_id
"""
RECENT = "SELECT b.*, a.name FROM burst_alerts b JOIN accounts a ON a.id = b.account_id WHERE b.at > ? ORDER BY b.at DESC"


def untold() -> list[Alert]:
    """Those of which a webhook or a mail is still to tell."""
    return query(UNTOLD)


def recent(*, actor: Actor) -> list[Alert]:
    """Those of the last day, newest first."""
    roles.require(actor, OPERATE)
    return query(RECENT, (clock.now_ms() - SHOWN_MS,))


def note_told(tx: Tx, alert: Alert) -> bool:
    """The webhooks are written; False when another was quicker."""
    sql = "UPDATE burst_alerts SET told_at = ? WHERE account_id = ? AND is_sandbox = ? AND at = ? AND told_at IS NULL"
    return tx.changed(sql, (clock.now_ms(), alert["account_id"], alert["is_sandbox"], alert["at"])) > 0


def note_mailed(alert: Alert) -> None:
    sql = "UPDATE burst_alerts SET mailed_at = ? WHERE account_id = ? AND is_sandbox = ? AND at = ?"
    write(lambda tx: tx.changed(sql, (clock.now_ms(), alert["account_id"], alert["is_sandbox"], alert["at"])))
