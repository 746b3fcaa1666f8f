"""What is counted of messages: by status in their batch, and by day for stats, in the transaction that moves them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ...core.chunks import chunks
from ...database import Row, Tx, marks
from .statuses import BUCKETS, CANCELLED, DELIVERED, FAILED, FINAL, QUEUED

COUNT = """
    UPDATE batches SET queued = queued + ?, submitted = submitted + ?, delivered = delivered + ?, failed = failed + ?,
        cancelled = cancelled + ?, refunded_micros = refunded_micros + ? WHERE id = ?
"""
REOPEN = "UPDATE batches SET finished_at = NULL, state = 'open' WHERE id = ? AND state IN ('finished', 'refused')"
FINISH = """
    UPDATE batches SET finished_at = ?, state = CASE
        WHEN cancelled > 0 AND delivered + failed = 0 THEN 'cancelled'
        -- The caller was told that all of it was refused: there is nothing to report on.
        WHEN in_request = 1 AND failed = total AND NOT EXISTS (
            SELECT 1 FROM messages WHERE batch_id = batches.id AND submitted_at IS NOT NULL) THEN 'refused'
        ELSE 'finished' END
    WHERE id IN ({ids}) AND queued = 0 AND submitted = 0 AND state IN ('open', 'paused', 'cancelling') RETURNING id
"""
NOT_ANSWERED = "UPDATE batches SET in_request = 0 WHERE id = ? AND in_request = 1"
"""Something of it waits again: its caller was not answered from what the gateways said of all of it."""
COUNT_DAY = """
    INSERT INTO daily_counts AS counted (account_id, wallet_id, day, route, total, delivered, failed, cancelled, segments)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, wallet_id, day, route) DO UPDATE SET
        total = counted.total + excluded.total, delivered = counted.delivered + excluded.delivered,
        failed = counted.failed + excluded.failed, cancelled = counted.cancelled + excluded.cancelled,
        segments = counted.segments + excluded.segments
"""


def count_moves(tx: Tx, done: Iterable[tuple[Row, str]], refunds: Mapping[int, int], now: int, *, told: bool) -> list[int]:
    """Move the counters of batches and days (each message as it was, and its new status).

    The batches that this finished, where somebody is ``told`` of them: nobody else waits for the answer.
    """
    buckets: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    days: dict[tuple[int, int, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for before, new in done:
        old = before["status"]
        if BUCKETS[old] != BUCKETS[new]:
            buckets[before["batch_id"]][BUCKETS[old]] -= 1
            buckets[before["batch_id"]][BUCKETS[new]] += 1
        if new == QUEUED:
            tx.run(NOT_ANSWERED, (before["batch_id"],))
        if before["channel"] == "sms":
            day = days[before["account_id"], before["wallet_id"], before["day"], before["route"] or ""]
            if old in FINAL:
                day[old] -= 1
            if new in FINAL:
                day[new] += 1
    finished = count_batches(tx, buckets, refunds, now, told=told)
    for key, deltas in days.items():
        if deltas:
            count_day(tx, key, deltas)
    return finished


def count_batches(
    tx: Tx, buckets: Mapping[int, Mapping[str, int]], refunds: Mapping[int, int], now: int, *, told: bool = True
) -> list[int]:
    """Move the counters (batch id → bucket → by how much; batch id → micro-units refunded); the batches that this finished,
    where somebody is ``told``.

    One with nothing under way any more is finished, one with something again is open. Each is told of in the same
    transaction, once.
    """
    counted = ("queued", "submitted", DELIVERED, FAILED, CANCELLED)
    tx.run_many(
        COUNT,
        [
            (*(buckets.get(batch_id, {}).get(name, 0) for name in counted), refunds.get(batch_id, 0), batch_id)
            for batch_id in {*buckets, *refunds}
        ],
    )
    again = [(batch_id,) for batch_id, deltas in buckets.items() if deltas.get("queued", 0) > 0]
    if again:
        tx.run_many(REOPEN, again)
    finished = []
    # What has more under way than before is not at its end.
    ended = [batch_id for batch_id, deltas in buckets.items() if max(deltas.get("queued", 0), deltas.get("submitted", 0)) <= 0]
    for chunk in chunks(ended):
        statement, values = FINISH.format(ids=marks(chunk)), (now, *chunk)
        if told:
            finished += [row[0] for row in tx.all(statement, values)]
        else:
            tx.run(statement, values)
    return finished


def count_day(tx: Tx, key: tuple[int, int, str, str], deltas: dict[str, int]) -> None:
    """Add to the roll-up of (account, wallet, calendar day in the account's zone, route)."""
    counted = ("total", DELIVERED, FAILED, CANCELLED, "segments")
    tx.run(COUNT_DAY, (*key, *(deltas.get(name, 0) for name in counted)))
