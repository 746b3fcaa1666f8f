"""The last look at messages before they leave: what was blocked meanwhile, is not worth sending any more, or must be quiet.

What is blocked, or to a country that its account may send to no more, fails and is refunded, as does what has expired;
campaigns wait until the quiet hours are over where the recipient is. Where nothing of it is set, this asks for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ...accounts.service import AccountInfo
from ...core import clock
from ...core.channels import SMS
from ...core.chunks import chunks
from ...core.languages import marked
from ...database import Row, Tx, cached, marks, query, write
from ...guards import blocklist, where
from ..sending import opted_out
from ..sending.timing import zone_of
from ..state import waiting
from ..state.outgoing import Outgoing
from ..state.statuses import FAILED
from ..state.transitions import BLOCKED, EXPIRED, Move, move, was_rerouted

SENTENCES = {
    EXPIRED: marked("It could not leave while it was worth sending"),
    where.BLOCKED: marked("This recipient is blocked: nobody sends there"),
    where.COUNTRY_NOT_ALLOWED: marked("The account may not send to this country any more"),
}
ROWS = f"SELECT {', '.join(Outgoing._fields)} FROM messages WHERE id IN ({{ids}})"
QUIET_BATCHES = "SELECT id, mode FROM batches WHERE keeps_quiet = 1 AND id IN ({ids})"
EXPIRED_NOW = """
    SELECT m.id FROM messages m JOIN batches b ON b.id = m.batch_id
    WHERE m.valid_until IS NOT NULL AND m.status IN ('scheduled', 'dripping', 'queued') AND m.valid_until <= ?
        AND b.state NOT IN ('intake', 'rejected', 'cancelling')
    ORDER BY m.valid_until LIMIT ?
"""


class Look(NamedTuple):
    """Of some messages, by their ids: whose recipients opted out, why others fail, until when others wait."""

    opted_out: set[int]
    failing: dict[int, str]
    waiting: dict[int, int]

    @property
    def stays(self) -> set[int]:
        return self.opted_out | self.failing.keys() | self.waiting.keys()


def bounded_accounts(tx: Tx | None) -> dict[int, AccountInfo]:
    """Those of which anything may have to stay: with countries, or quiet hours."""
    sql = "SELECT * FROM accounts WHERE countries IS NOT NULL OR quiet_hours IS NOT NULL"
    return cached("bounded-accounts", lambda reader: {row["id"]: AccountInfo.of(row) for row in reader.all(sql)}, tx)


def look(messages: Sequence[Outgoing], tx: Tx | None = None) -> Look:
    """What of some messages may not leave now."""
    now = clock.now_ms()
    failing = {message.id: EXPIRED for message in messages if message.valid_until is not None and message.valid_until <= now}
    bounded, is_blocking = bounded_accounts(tx), blocklist.has_any(tx)
    if bounded or is_blocking:
        for message in messages:
            why = _refusal(message, bounded.get(message.account_id), is_blocking, tx)
            if why is not None:
                failing.setdefault(message.id, why)
    quiet = [message for message in messages if _keeps_hours(message, bounded)] if bounded else []
    return Look(opted_out.among(messages, tx), failing, _quiet(quiet, bounded, now, tx) if quiet else {})


def _refusal(message: Outgoing, account: AccountInfo | None, is_blocking: bool, tx: Tx | None) -> str | None:
    if message.channel != SMS:
        return None
    if account is not None:
        return where.refusal(account, message.recipient, message.country, tx)
    return where.BLOCKED if is_blocking and blocklist.is_blocked(message.recipient, tx) else None


def _keeps_hours(message: Outgoing, bounded: dict[int, AccountInfo]) -> bool:
    account = bounded.get(message.account_id)
    return account is not None and account.limits.quiet is not None


def _quiet(messages: list[Outgoing], bounded: dict[int, AccountInfo], now: int, tx: Tx | None) -> dict[int, int]:
    """Until when those of campaigns wait. A drip keeps its pace: each goes out as long after the end as it came due in them."""
    modes: dict[int, str] = {}
    for chunk in chunks({message.batch_id for message in messages}):
        rows = (tx.all if tx is not None else query)(QUIET_BATCHES.format(ids=marks(chunk)), chunk)
        modes.update((row["id"], row["mode"]) for row in rows)
    found = {}
    for message in messages:
        account = bounded[message.account_id]
        hours, zone = account.limits.quiet, zone_of(message.country, account)
        end = hours.end_after(now, zone) if hours is not None and message.batch_id in modes else None
        if hours is not None and end is not None:
            since = now - hours.begun_before(now, zone) if modes[message.batch_id] == "drip" else 0
            found[message.id] = end + since
    return found


def keep_back(tx: Tx, seen: Look) -> None:
    """Queued messages that may not leave now: cancelled, failed, or put off."""
    opted_out.cancel(tx, seen.opted_out)
    _fail(tx, {message_id: why for message_id, why in seen.failing.items() if message_id not in seen.opted_out})
    waiting.put_off(tx, [(until, message_id) for message_id, until in seen.waiting.items()])


def keep_back_among(tx: Tx, ids: list[int]) -> set[int]:
    """The same of queued messages by their ids; those of them that stay."""
    stays: set[int] = set()
    for chunk in chunks(ids):
        seen = look([Outgoing(*row) for row in tx.all(ROWS.format(ids=marks(chunk)), chunk)], tx)
        if seen.stays:
            keep_back(tx, seen)
        stays |= seen.stays
    return stays


def _fail(tx: Tx, reasons: dict[int, str]) -> int:
    """Refunded, unless a carrier had it before: what went out once stays paid."""
    now = clock.now_ms()
    moves = [
        Move(
            message_id,
            FAILED,
            EXPIRED if why == EXPIRED else BLOCKED,
            SENTENCES[why],
            None,
            {"error_code": why, "error_message": SENTENCES[why], "failed_at": now, "claim_token": None, "lease_until": None},
            refund=not was_rerouted(message_id, tx),
        )
        for message_id, why in reasons.items()
    ]
    return len(move(tx, moves, now))


def expire(limit: int) -> int:
    """Fail what has not left while it was worth sending, wherever it waits; how many."""
    rows: list[Row] = query(EXPIRED_NOW, (clock.now_ms(), limit))

    def unit(tx: Tx) -> int:
        still: Iterable[Row] = tx.all(EXPIRED_NOW, (clock.now_ms(), limit))
        return _fail(tx, {row["id"]: EXPIRED for row in still})

    return write(unit) if rows else 0
