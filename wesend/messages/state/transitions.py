"""The only code that changes a message's status: with its timeline, its batch's counters, the daily roll-up, refunds.

Everything happens in the caller's transaction. A move that the table does not allow, or that comes from a holder
that lost its claim, changes nothing: duplicate, late and out-of-order receipts are normal input.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from ...core.chunks import chunks
from ...core.errors import RouteNotFound
from ...database import Row, Tx, marks
from ...routing.routes import find_route
from ...wallets import ledger
from . import webhook_events
from .statuses import ALLOWED, BUCKETS, CANCELLED, DELIVERED, FAILED, FINAL, QUEUED, TIMEOUT


class Move(NamedTuple):
    """``to`` a status, with ``changes`` of other columns; ``token``: only while this claim is held.

    ``refund``: what was paid for it goes back, once. ``owed``: by one entry for its batch, which the caller writes.
    """

    id: int
    to: str
    event: str
    detail: str | None = None
    meta: dict | None = None
    changes: dict | None = None
    token: str | None = None
    refund: bool = False
    owed: bool = False


class Moved(NamedTuple):
    """A move that happened: the row as it was, and the move."""

    before: Row
    move: Move


def move(tx: Tx, moves: list[Move], now: int) -> list[Moved]:
    """Carry out the moves that are allowed; those are returned, in order."""
    if not moves:
        return []
    rows: dict[int, Row] = {}
    ids = [m.id for m in moves]
    for chunk in chunks(ids):
        for row in tx.execute(f"SELECT * FROM messages WHERE id IN ({marks(chunk)})", chunk):
            rows[row["id"]] = row
    done: list[Moved] = []
    for wanted in moves:
        row = rows.pop(wanted.id, None)  # a message moves once a call: its row is as it was before
        if row is not None and _allowed(row, wanted):
            done.append(Moved(row, wanted))
    if done:
        _update(tx, done)
        _enter_timeline(tx, [wanted for _, wanted in done], now)
        refunds = _refund(tx, done)
        finished = _count(tx, done, refunds, now)
        webhook_events.message_changes(tx, {before["account_id"] for before, _ in done}, [m.id for _, m in done], finished)
    return done


def _allowed(row: Row, wanted: Move) -> bool:
    if wanted.to not in ALLOWED[row["status"]]:
        return False
    if row["status"] == FAILED and wanted.to == DELIVERED and row["error_code"] != TIMEOUT:
        return False
    return wanted.token is None or row["claim_token"] == wanted.token


@lru_cache(maxsize=256)
def _update_sql(columns: tuple[str, ...]) -> str:
    assignments = "".join(f", {column} = ?" for column in columns)
    return f"UPDATE messages SET status = ?{assignments} WHERE id = ? AND status = ?"


def _update(tx: Tx, done: list[Moved]) -> None:
    alike: dict[tuple[str, ...], list[tuple]] = defaultdict(list)
    for before, wanted in done:
        changes = wanted.changes or {}
        alike[tuple(changes)].append((wanted.to, *changes.values(), wanted.id, before["status"]))
    for columns, rows in alike.items():
        changed = tx.executemany(_update_sql(columns), rows)
        assert changed == len(rows), "a row changed inside an exclusive transaction"


def _enter_timeline(tx: Tx, moves: list[Move], now: int) -> None:
    tx.executemany(
        "INSERT INTO message_events (message_id, event, status, detail, meta, at) VALUES (?, ?, ?, ?, ?, ?)",
        [(m.id, m.event, m.to, m.detail, json.dumps(m.meta) if m.meta else None, now) for m in moves],
    )


def enter_submitted(tx: Tx, account_id: int, moves: list[Move], now: int, *, listened_to: bool) -> None:
    """What belongs to messages that are written as submitted from the start; ``listened_to``: by an endpoint of theirs."""
    if moves:
        _enter_timeline(tx, moves, now)
    if moves and listened_to:
        webhook_events.message_changes(tx, {account_id}, [entry.id for entry in moves], ())


def _refund(tx: Tx, done: list[Moved]) -> dict[int, int]:
    """Give back what was paid; batch id → micro-units refunded."""
    refunds: dict[int, int] = defaultdict(int)
    for before, wanted in done:
        if not before["cost_micros"] or not (wanted.refund or _failed_on_refunding_route(before, wanted)):
            continue
        if tx.changed("UPDATE messages SET refunded_micros = cost_micros WHERE id = ? AND refunded_micros = 0", (wanted.id,)):
            refunds[before["batch_id"]] += before["cost_micros"]
            if wanted.owed:
                tx.execute(
                    "UPDATE batches SET owed_micros = owed_micros + ? WHERE id = ?", (before["cost_micros"], before["batch_id"])
                )
                continue
            ledger.credit(
                tx,
                before["wallet_id"],
                before["cost_micros"],
                kind="refund",
                description=f"Refund of {before['uid']}: {wanted.detail or wanted.event}",
                batch_id=before["batch_id"],
                message_id=wanted.id,
                charge_no=before["charges"],
            )
    return refunds


def _failed_on_refunding_route(before: Row, wanted: Move) -> bool:
    """A failure that the gateway reports is refunded where the route says so; a time-out is no report."""
    if wanted.to != FAILED or before["route"] is None or (wanted.changes or {}).get("error_code") == TIMEOUT:
        return False
    try:
        return find_route(before["route"]).refund_failed_delivery
    except RouteNotFound:
        return False


def _count(tx: Tx, done: list[Moved], refunds: dict[int, int], now: int) -> list[int]:
    """Move the counters of batches and days; the batches that this finished."""
    buckets: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    days: dict[tuple[int, int, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for before, wanted in done:
        old, new = before["status"], wanted.to
        if BUCKETS[old] != BUCKETS[new]:
            buckets[before["batch_id"]][BUCKETS[old]] -= 1
            buckets[before["batch_id"]][BUCKETS[new]] += 1
        if new == QUEUED:
            tx.execute("UPDATE batches SET in_request = 0 WHERE id = ? AND in_request", (before["batch_id"],))
        if before["channel"] == "sms":
            day = days[before["account_id"], before["wallet_id"], before["day"], before["route"] or ""]
            if old in FINAL:
                day[old] -= 1
            if new in FINAL:
                day[new] += 1
    finished = count_batches(tx, buckets, refunds, now)
    for key, deltas in days.items():
        if deltas:
            count_day(tx, key, deltas)
    return finished


def count_batches(tx: Tx, buckets: Mapping[int, Mapping[str, int]], refunds: Mapping[int, int], now: int) -> list[int]:
    """Move the counters (batch id → bucket → by how much; batch id → micro-units refunded); the batches that this finished.

    One with nothing under way any more is finished, one with something again is open. Each is told of in the same
    transaction, once.
    """
    counted = ("queued", "submitted", DELIVERED, FAILED, CANCELLED)
    tx.executemany(
        COUNT,
        [
            (*(buckets.get(batch_id, {}).get(name, 0) for name in counted), refunds.get(batch_id, 0), batch_id)
            for batch_id in {*buckets, *refunds}
        ],
    )
    tx.executemany(REOPEN, [(batch_id,) for batch_id, deltas in buckets.items() if deltas.get("queued", 0) > 0])
    finished = []
    for chunk in chunks(buckets):
        finished += [row[0] for row in tx.all(FINISH.format(ids=marks(chunk)), (now, *chunk))]
    return finished


COUNT = """
    UPDATE batches SET queued = queued + ?, submitted = submitted + ?, delivered = delivered + ?, failed = failed + ?,
        cancelled = cancelled + ?, refunded_micros = refunded_micros + ? WHERE id = ?
"""
REOPEN = "UPDATE batches SET finished_at = NULL, state = 'open' WHERE id = ? AND state IN ('finished', 'refused')"
FINISH = """
    UPDATE batches SET finished_at = ?, state = CASE
        WHEN cancelled > 0 AND delivered + failed = 0 THEN 'cancelled'
        -- The caller was told that all of it was refused: there is nothing to report on.
        WHEN in_request AND failed = total AND NOT EXISTS (
            SELECT 1 FROM messages WHERE batch_id = batches.id AND submitted_at IS NOT NULL) THEN 'refused'
        ELSE 'finished' END
    WHERE id IN ({ids}) AND queued = 0 AND submitted = 0 AND state IN ('open', 'paused', 'cancelling') RETURNING id
"""


def count_day(tx: Tx, key: tuple[int, int, str, str], deltas: dict[str, int]) -> None:
    """Add to the roll-up of (account, wallet, calendar day in the account's zone, route)."""
    tx.execute(
        "INSERT INTO daily_counts (account_id, wallet_id, day, route, total, delivered, failed, cancelled)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, wallet_id, day, route) DO UPDATE SET"
        " total = total + excluded.total, delivered = delivered + excluded.delivered, failed = failed +"
        " excluded.failed,"
        " cancelled = cancelled + excluded.cancelled",
        (*key, deltas.get("total", 0), deltas.get(DELIVERED, 0), deltas.get(FAILED, 0), deltas.get(CANCELLED, 0)),
    )
