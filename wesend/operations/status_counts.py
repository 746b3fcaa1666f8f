"""How often messages got each status, by dialect and gateway: the timeline, added up on the way.

Sends pay nothing for it: every status change but acceptance leaves a line in the timeline anyway, and row ids are
given in the order of commits, so that a mark divides what was counted from what is new.
"""

from __future__ import annotations

from collections import Counter

from ..database import Row, Tx, keyset, query, snapshot, write
from . import sweep_cursors

MARK = "statuses"
CHUNK = 20_000  # lines of the timeline read at a time; nothing is locked while they are
LAST_OF_CHUNK = "SELECT max(id) FROM (SELECT id FROM message_events WHERE id > ? ORDER BY id LIMIT ?) AS following"
NEWS = """
    SELECT b.api, m.gateway, e.status, count(*) AS count
    FROM message_events e JOIN messages m ON m.id = e.message_id JOIN batches b ON b.id = m.batch_id
    WHERE e.id > ? AND e.id <= ? AND e.event NOT IN ('opened', 'clicked')
    GROUP BY 1, 2, 3
"""


def status_counts() -> Counter[tuple[str, str, str]]:
    """(dialect, gateway, status) → how many messages got it, up to now. ``gateway``: the message's last."""
    with snapshot():
        found: Counter[tuple[str, str, str]] = Counter()
        for row in (*query("SELECT * FROM status_counts"), *query(NEWS, (sweep_cursors.read(MARK), keyset.LAST_ID))):
            found[row["api"], row["gateway"], row["status"]] += row["count"]
    return found


def accepted_sms() -> int:
    """Up to now, since the instance was made."""
    return query("SELECT coalesce(sum(total), 0) FROM daily_counts")[0][0]


def roll_up(chunk: int = CHUNK) -> int:
    """Add the next lines of the timeline to the counts and move the mark; how many lines."""
    begin = sweep_cursors.read(MARK)
    end = query(LAST_OF_CHUNK, (begin, chunk))[0][0]
    if end is None:
        return 0
    news = query(NEWS, (begin, end))
    write(lambda tx: _add(tx, begin, end, news))
    return end - begin if end - begin >= chunk else 0


ADD_COUNT = """
    INSERT INTO status_counts (api, gateway, status, count) VALUES (?, ?, ?, ?)
    ON CONFLICT (api, gateway, status) DO UPDATE SET count = status_counts.count + excluded.count
"""


def _add(tx: Tx, begin: int, end: int, news: list[Row]) -> None:
    if sweep_cursors.advance(tx, MARK, begin, end):
        tx.executemany(ADD_COUNT, [(row["api"], row["gateway"], row["status"], row["count"]) for row in news])
