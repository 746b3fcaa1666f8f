"""What waits: the queue by gateway, what is scheduled, the webhooks. All from partial indices, without a lock."""

from __future__ import annotations

from typing import NamedTuple

from ..core import clock
from ..database import query
from ..gateways import registry
from ..messages.state.statuses import LIVE_BULKS


class Waiting(NamedTuple):
    """``oldest_due``: instant at which the first that may leave was due; None when none is due."""

    gateway: str
    waiting: int
    oldest_due: int | None


QUEUED_BULKS = """
    SELECT batch_id, gateway, count(*), min(due_at) FROM messages
    WHERE status = 'queued' AND lane = 1 GROUP BY batch_id, gateway
"""


def queues() -> list[Waiting]:
    """The queue of each gateway that has one."""
    now = clock.now_ms()
    found: dict[str, tuple[int, int | None]] = {}
    rows = [
        tuple(row)
        for row in query(
            "SELECT gateway, count(*), min(due_at) FROM messages WHERE status = 'queued' AND lane = 0 GROUP BY gateway"
        )
    ]
    open_bulks = {row["id"] for row in query(f"SELECT id FROM batches WHERE {LIVE_BULKS} AND state = 'open'")}
    rows += [(gateway, count, first if batch_id in open_bulks else None) for batch_id, gateway, count, first in query(QUEUED_BULKS)]
    for gateway, count, first in rows:
        total, oldest = found.get(gateway, (0, None))
        due = [instant for instant in (oldest, first) if instant is not None and instant <= now and _may_leave(gateway)]
        found[gateway] = (total + count, min(due, default=None))
    return [Waiting(gateway, total, oldest) for gateway, (total, oldest) in sorted(found.items())]


def _may_leave(gateway: str) -> bool:
    """Mail that is held is not late."""
    return gateway != registry.SMTP or registry.has_mail_server()


def waiting_for(gateway: str) -> int:
    """Messages that are queued for a gateway, due or not."""
    return sum(queue.waiting for queue in queues() if queue.gateway == gateway)


def queued() -> int:
    """Messages that are queued, for whichever gateway."""
    return sum(queue.waiting for queue in queues())


def scheduled() -> int:
    """Messages whose time has not come."""
    small = query("SELECT count(*) FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 0")[0][0]
    bulk = query("SELECT count(*) FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 1")[0][0]
    return small + bulk


BACKLOG = """
    SELECT count(*) AS waiting, min(CASE WHEN d.due_at <= ? THEN d.due_at END) AS oldest
    FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
    WHERE d.status = 'pending' AND e.is_active = 1
"""


def webhook_backlog() -> Waiting:
    """Deliveries to endpoints that are on; those that were tried and wait for the next attempt too."""
    row = query(BACKLOG, (clock.now_ms(),))[0]
    return Waiting("webhooks", row["waiting"], row["oldest"])
