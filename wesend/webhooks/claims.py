"""The deliveries that are due: claimed for a while, handed back, and freed at the start of the one courier."""

from __future__ import annotations

import secrets
import time
from typing import NamedTuple

from ..coordination import pause
from ..core import clock
from ..database import Tx, query, query_one, write, write_surely
from ..database.rows import WebhookDeliveryRow
from .managed_rows import LISTENING_ROW

LEASE_MS = 20 * clock.SECOND


class Claimed(NamedTuple):
    """Deliveries that are ours until the lease ends; ``until`` on the monotonic clock, seconds."""

    token: str
    rows: list[WebhookDeliveryRow]
    until: float


DUE_ENDPOINTS = """
    SELECT id FROM webhook_endpoints e
    WHERE is_active = 1 AND managed <> ?
        AND EXISTS (
            SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.due_at <= ?
        )
"""


def due_endpoints() -> list[int]:
    """Endpoints that are on and have something due; none while dispatch is paused."""
    if pause.current() is not None:
        return []
    now = clock.now_ms()
    return [row[0] for row in query(DUE_ENDPOINTS, (LISTENING_ROW, now))]


NEXT_DUE = """
    SELECT min((
        SELECT d.due_at FROM webhook_deliveries d
        WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.due_at > ? ORDER BY d.due_at LIMIT 1
    ))
    FROM webhook_endpoints e WHERE e.is_active = 1
"""


def seconds_to_next(now: int) -> float:
    """From ``now`` to the next attempt that is due later; infinite without one."""
    soonest = query_one(NEXT_DUE, (now,))
    return (soonest[0] - now) / 1000 if soonest and soonest[0] is not None else float("inf")


CLAIM = """
    UPDATE webhook_deliveries SET due_at = ?, claim_token = ?
    WHERE id IN (
        SELECT d.id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
        WHERE d.endpoint_id = ? AND d.status = 'pending' AND d.due_at <= ? AND e.is_active = 1
        ORDER BY d.due_at, d.id LIMIT ?
    )
    RETURNING *
"""


def claim(endpoint_id: int, limit: int) -> Claimed:
    """Claim due deliveries, oldest first, by moving their due time to the end of a lease."""
    token = secrets.token_hex(8)
    until = time.monotonic() + LEASE_MS / 1000
    if pause.current() is not None:
        return Claimed(token, [], until)

    def unit(tx: Tx) -> list[WebhookDeliveryRow]:
        now = clock.now_ms()
        claimed = tx.all(CLAIM, (now + LEASE_MS, token, endpoint_id, now, limit))
        return sorted(claimed, key=lambda row: row["id"])  # what RETURNING gives stands in no order

    return Claimed(token, write(unit), until)


def hand_back(claimed: Claimed, rows: list[WebhookDeliveryRow]) -> None:
    """Return what was claimed and not begun."""
    if rows:
        now = clock.now_ms()
        write_surely(
            lambda tx: tx.executemany(
                "UPDATE webhook_deliveries SET due_at = ?, claim_token = NULL WHERE id = ? AND claim_token = ?",
                [(now, row["id"], claimed.token) for row in rows],
            )
        )


FREE_CLAIMS = """
    UPDATE webhook_deliveries SET due_at = ?, claim_token = NULL
    WHERE status = 'pending' AND claim_token IS NOT NULL AND due_at > ? AND due_at <= ?
"""


def free_claims() -> None:
    """At the start of the one courier: what its predecessor held is due again."""
    write(lambda tx: tx.changed(FREE_CLAIMS, (clock.now_ms(), clock.now_ms(), clock.now_ms() + LEASE_MS)))
