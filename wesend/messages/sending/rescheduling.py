"""Another time for a scheduled bulk of which nothing has left.

It is paused while its messages are timed anew, a chunk at a time: after a crash in between it stays paused, nothing of it
leaves, and whoever looks gives it a time again or resumes it.
"""

from __future__ import annotations

from ...accounts import audit_log, roles
from ...accounts.roles import Actor
from ...accounts.service import AccountInfo
from ...coordination import bell
from ...core import clock
from ...core.errors import Conflict, InvalidSchedule
from ...database import Tx, keyset, query, write
from ...database.rows import BatchRow
from ..state import bulks, waiting
from ..state.statuses import SCHEDULED
from .accept import get_batch

CHUNK = 500
SOONEST, LATEST = clock.MINUTE, 90 * clock.DAY
WAITING = "SELECT id FROM messages WHERE batch_id = ? AND id > ? AND status = 'scheduled' ORDER BY id LIMIT ?"
IS_QUEUED = "SELECT 1 FROM messages WHERE status = 'queued' AND lane = 1 AND batch_id = ? LIMIT 1"
# 'claimed' and a lease: the condition of the index over leases, word for word.
IS_LEAVING = "SELECT 1 FROM messages WHERE status IN ('claimed', 'submitting') AND lease_until >= 0 AND batch_id = ? LIMIT 1"


class NotReschedulable(Conflict):
    sentence = "Only a campaign that waits for its time can be given another one"


def may_be_rescheduled(batch: BatchRow) -> bool:
    """Whether all of it waits for its time; what was cancelled (an opt-out) waits no more."""
    waits = batch["queued"] > 0 and batch["queued"] == batch["total"] - batch["cancelled"] - batch["failed"]
    return batch["mode"] == SCHEDULED and batch["lane"] == 1 and batch["state"] in ("open", "paused") and waits


def read_time(account: AccountInfo, text: str) -> int:
    """A day and time as clocks of the account's zone show them; InvalidSchedule."""
    try:
        instant = clock.parse_iso(text, account.time_zone)
    except (ValueError, OverflowError):
        raise InvalidSchedule("Please choose a day and a time", {"at": ["Not a time"]}) from None
    if not clock.now_ms() + SOONEST <= instant <= clock.now_ms() + LATEST:
        raise InvalidSchedule("The time must lie one minute to 90 days ahead", {"at": ["Out of range"]})
    return instant


def reschedule(account: AccountInfo, uid: str, at: int, *, actor: Actor) -> BatchRow:
    """The batch as it is then; one that was paused stays so. NotReschedulable."""
    roles.require_to_send(actor, account)
    batch = get_batch(uid, account.id, actor=actor)
    was_open = write(lambda tx: _stop(tx, batch["id"]))
    for rows in keyset.pages(lambda last: query(WAITING, (batch["id"], last, CHUNK))):
        ids = [row["id"] for row in rows]
        write(lambda tx, ids=ids: waiting.time_bulk(tx, ids, at))  # type: ignore[misc]  # mypy can't infer a lambda's defaults

    def unit(tx: Tx) -> None:
        bulks.schedule(tx, batch["id"], at)
        audit_log.record(
            tx,
            actor=actor,
            action="campaign.reschedule",
            subject=batch["reference"] or batch["uid"],
            account_id=account.id,
            detail=f"{clock.iso(batch['scheduled_at'])} → {clock.iso(at)}",
        )
        if was_open:
            bulks.resume(tx, batch["id"], held_too=False)
        tx.after_commit(bell.dispatcher)

    write(unit)
    return get_batch(uid, account.id, actor=actor)


def _stop(tx: Tx, batch_id: int) -> bool:
    """Whether it was open; nothing of it leaves from now on."""
    batch = tx.one("SELECT * FROM batches WHERE id = ?", (batch_id,))
    if batch is None or not may_be_rescheduled(batch) or tx.one(IS_QUEUED, (batch_id,)) or tx.one(IS_LEAVING, (batch_id,)):
        raise NotReschedulable
    return bulks.pause(tx, batch_id)
