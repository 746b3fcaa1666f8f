"""One delivery: claimed, posted once, and what came of it recorded."""

from __future__ import annotations

import base64
import hmac
import random
import secrets
import time
from hashlib import sha256
from typing import NamedTuple

from flask import current_app

from ..accounts import roles
from ..accounts.roles import SEE, Actor
from ..adapters.guarded_http import Answer, GuardedHttp
from ..coordination import bell, pause
from ..core import clock
from ..database import Tx, query, query_one, write, write_surely
from ..database.rows import WebhookDeliveryRow, WebhookEndpointRow
from . import endpoints
from .formats import BASE, Format, find_format, formats
from .models import LISTENING_ROW
from .outbox import dump

JITTER = 0.1
LEASE_MS = 20 * clock.SECOND
LONGEST_MS = 16 * clock.SECOND
"""What an attempt may take of its lease; one that has less left is not begun."""
GONE = 410


class Target(NamedTuple):
    """An endpoint as its deliveries need it."""

    id: int
    format: str
    url: str
    secret: str
    credentials: str | None = None


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
        return tx.all(CLAIM, (now + LEASE_MS, token, endpoint_id, now, limit))

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


def load_target(endpoint_id: int) -> Target | None:
    """None when the endpoint is off or gone."""
    row = query_one("SELECT * FROM webhook_endpoints WHERE id = ? AND is_active = 1", (endpoint_id,))
    return target_of(row) if row else None


def target_of(row: WebhookEndpointRow) -> Target:
    return Target(row["id"], row["format"], row["url"], endpoints.secret_of(row), endpoints.credentials_of(row))


def attempt(http: GuardedHttp, target: Target, delivery: WebhookDeliveryRow, token: str) -> bool:
    """Post a claimed delivery and record what came of it; True when it was received."""
    format_ = find_format(target.format)
    body = payload_of(target.format, delivery).encode()
    at = clock.now_ms()
    answer = http.post(target.url, body, _headers(format_, target, delivery, body, at))
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


def _headers(format_: Format, target: Target, delivery: WebhookDeliveryRow, body: bytes, at: int) -> dict[str, str]:
    timestamp = str(at // 1000)
    credentials = (
        {} if target.credentials is None else {"Authorization": "Basic " + base64.b64encode(target.credentials.encode()).decode()}
    )
    return {
        **credentials,
        "Content-Type": "application/json",
        "User-Agent": "wesend",
        **format_.headers(delivery["event"], body, target.secret),
        **format_.id_headers(delivery["uid"]),
        "webhook-id": delivery["uid"],
        "webhook-timestamp": timestamp,
        "webhook-signature": standard_signature(target.secret, delivery["uid"], timestamp, body),
    }


def shown_headers(endpoint: WebhookEndpointRow, delivery: WebhookDeliveryRow, at: int, *, actor: Actor) -> dict[str, str]:
    """The headers of an attempt for people: whatever a secret goes into is left out, since it may be another by now."""
    roles.require(actor, SEE, endpoint["account_id"])
    format_, body = find_format(endpoint["format"]), (delivery["payload"] or "").encode()
    first, second = (
        _headers(format_, target_of(endpoint)._replace(secret=secret), delivery, body, at) for secret in ("one", "two")
    )
    shown = {name: value if second[name] == value else "(signature)" for name, value in first.items()}
    return {**shown, "Authorization": "Basic (credentials)"} if "Authorization" in shown else shown


def standard_signature(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    """`v1,…` of Standard Webhooks: HMAC-SHA256 over id, time and body, by the bytes behind `whsec_`."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = secret.encode()  # a secret that somebody chose
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()


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
