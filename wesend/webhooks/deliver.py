"""One delivery: claimed, posted once, and what came of it recorded."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from flask import current_app

from ..coordination import bell
from ..core import clock
from ..database import Tx, query_one, write, write_surely
from ..database.rows import WebhookDeliveryRow
from . import endpoints
from .formats import BASE, find_format, formats
from .headers import Target, headers_of, target_of
from .outbox import dump

if TYPE_CHECKING:
    from ..adapters.guarded_http import Answer, GuardedHttp

JITTER = 0.1
LONGEST_MS = 16 * clock.SECOND
"""What an attempt may take of its lease; one that has less left is not begun."""
GONE = 410


def load_target(endpoint_id: int) -> Target | None:
    """None when the endpoint is off or gone."""
    row = query_one("SELECT * FROM webhook_endpoints WHERE id = ? AND is_active = 1", (endpoint_id,))
    return target_of(row) if row else None


def attempt(http: GuardedHttp, target: Target, delivery: WebhookDeliveryRow, token: str) -> bool:
    """Post a claimed delivery and record what came of it; True when it was received."""
    format_ = find_format(target.format)
    body = payload_of(target.format, delivery).encode()
    at = clock.now_ms()
    answer = http.post(target.url, body, headers_of(format_, target, delivery, body, at))
    received = answer.status_code is not None and format_.is_received(answer.status_code)
    write_surely(lambda tx: _record(tx, target, delivery, token, at, answer, received))
    return received


def payload_of(format_name: str, delivery: WebhookDeliveryRow) -> str:
    """The payload as it is frozen with the row; that of a large batch is written now."""
    if delivery["payload"] is not None:
        return delivery["payload"]
    payload = dump(find_format(format_name).payload_of(delivery["subject"]))
    assert payload is not None
    write(lambda tx: tx.changed("UPDATE webhook_deliveries SET payload = ? WHERE id = ?", (payload, delivery["id"])))
    return payload


CLOSE_UNSENT = """
    UPDATE webhook_deliveries SET status = 'delivered', finished_at = ?, claim_token = NULL
    WHERE id = ? AND claim_token = ?
"""


def close_unsent(delivery: WebhookDeliveryRow, token: str) -> None:
    """A claimed delivery that was shown instead of posted."""
    write(lambda tx: tx.changed(CLOSE_UNSENT, (clock.now_ms(), delivery["id"], token)))


RECORD = """
    UPDATE webhook_deliveries SET status = ?, attempts = ?, due_at = ?, claim_token = NULL, finished_at = ?
    WHERE id = ? AND claim_token = ? AND status = 'pending'
"""
RECORD_DELIVERED = """
    UPDATE webhook_deliveries SET status = 'delivered', finished_at = ?, claim_token = NULL
    WHERE id = ? AND status = 'pending'
"""


def _record(tx: Tx, target: Target, delivery: WebhookDeliveryRow, token: str, at: int, answer: Answer, received: bool) -> None:
    now = clock.now_ms()
    attempts = delivery["attempts"] + 1
    most = most_attempts(target.format, delivery["event"])
    status = "delivered" if received else "exhausted" if attempts >= most else "pending"
    changed = tx.changed(
        RECORD,
        (
            status,
            attempts,
            now + gap_ms(target.format, delivery["event"], attempts) if status == "pending" else now,
            None if status == "pending" else now,
            delivery["id"],
            token,
        ),
    )
    tx.insert(
        "webhook_attempts",
        delivery_id=delivery["id"],
        at=at,
        duration_ms=answer.duration_ms,
        status_code=answer.status_code,
        error=answer.error,
        answer=answer.body,
    )
    if received and not changed:
        # The lease was lost, but a 200 is a 200: it is not sent again.
        tx.execute(RECORD_DELIVERED, (now, delivery["id"]))
    if status == "pending":
        tx.after_commit(bell.webhooks)  # so that its next attempt is waited for
    _note_health(tx, target.id, now, received, answer)


def most_attempts(format_name: str, event: str) -> int:
    """After which a delivery is given up."""
    return len(find_format(format_name).gaps(event)) + 1


def gap_ms(format_name: str, event: str, attempts: int) -> int:
    """The gap after the n-th attempt: the format's own, as the setting scales all of them, ±10 %."""
    gap = find_format(format_name).gaps(event)[attempts - 1] * _scale()
    return round(gap * 1000 * random.uniform(1 - JITTER, 1 + JITTER))


def longest_gap_ms() -> float:
    """No gap between two attempts is longer."""
    longest = max(gap for format_ in formats().values() for event in format_.events for gap in format_.gaps(event))
    return longest * _scale() * 1000 * (1 + JITTER)


def _scale() -> float:
    return current_app.config["WESEND"].webhook_backoff / BASE


def _note_health(tx: Tx, endpoint_id: int, now: int, received: bool, answer: Answer) -> None:
    if received:
        tx.execute("UPDATE webhook_endpoints SET failing_since = NULL WHERE id = ? AND failing_since IS NOT NULL", (endpoint_id,))
        return
    tx.execute("UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, ?) WHERE id = ?", (now, endpoint_id))
    endpoint = tx.one("SELECT * FROM webhook_endpoints WHERE id = ?", (endpoint_id,))
    if endpoint is None:
        return
    what = f"HTTP {answer.status_code}" if answer.status_code else answer.error
    if answer.status_code == GONE:
        endpoints.switch_in(tx, endpoint, False, actor="system", reason="Switched off: it answered 410 Gone")
    elif now - endpoint["failing_since"] >= endpoints.DISABLE_AFTER_MS:
        endpoints.switch_in(tx, endpoint, False, actor="system", reason=f"Switched off: it has failed for 3 days, last with {what}")
