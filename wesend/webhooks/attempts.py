"""What became of deliveries, and delivering again by hand."""

from __future__ import annotations

from ..accounts import roles
from ..accounts.roles import MANAGE, SEE, Actor
from ..coordination import bell
from ..core import clock
from ..core.errors import WebhookNotFound
from ..core.ids import new_id
from ..core.languages import sentence
from ..database import Tx, keyset, query, query_one, write
from ..database.rows import WebhookAttemptRow, WebhookDeliveryRow, WebhookEndpointRow
from ..gateways import request_limits
from . import claims, deliver, headers
from .endpoints import get_endpoint
from .formats import Event
from .outbox import dump

KEPT_MS = 30 * clock.DAY
TEST_EVENT = "webhook.test"


DELIVERIES = """
    SELECT * FROM webhook_deliveries WHERE endpoint_id = ? AND (? = 0 OR status = 'exhausted') AND id < ?
    ORDER BY id DESC LIMIT ?
"""


def list_deliveries(
    endpoint: WebhookEndpointRow, *, limit: int = 50, failed: bool = False, before: int | None = None, actor: Actor
) -> list[WebhookDeliveryRow]:
    """Newest first; ``failed``: only those that were given up."""
    roles.require(actor, SEE, endpoint["account_id"])
    return query(DELIVERIES, (endpoint["id"], int(failed), keyset.below(before), limit))


def attempts_of(endpoint: WebhookEndpointRow, delivery_id: int, *, actor: Actor) -> list[WebhookAttemptRow]:
    """Of a delivery to the endpoint, as they were made."""
    roles.require(actor, SEE, endpoint["account_id"])
    return query("SELECT * FROM webhook_attempts WHERE delivery_id = ? ORDER BY id", (delivery_id,))


class DeliveryOfAccount(WebhookDeliveryRow):
    account_id: int


DELIVERY = """
    SELECT d.*, e.account_id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
    WHERE d.uid = ? AND e.account_id = coalesce(?, e.account_id)
"""


def find_delivery(uid: str, account_id: int | None = None, *, actor: Actor) -> DeliveryOfAccount:
    """A delivery of the account, or of any that the actor sees (None); WebhookNotFound, NotFound."""
    row = query_one(DELIVERY, (uid, account_id))
    if row is None:
        raise WebhookNotFound(sentence("There is no webhook delivery %(uid)s", uid=uid))
    roles.require(actor, SEE, row["account_id"])
    return row


def retry(delivery: DeliveryOfAccount, *, actor: Actor) -> None:
    """A new round of attempts, the first at once; the webhook-id stays the same. ``delivery``: as found."""
    roles.require(actor, MANAGE, delivery["account_id"])

    def unit(tx: Tx) -> None:
        _again(tx, "id = ?", (delivery["id"],))

    write(unit)


def retry_failed(endpoint_id: int, since: int, *, actor: Actor) -> int:
    """Deliver again what was given up since an instant; how many."""
    roles.require(actor, MANAGE, get_endpoint(endpoint_id, actor=actor)["account_id"])
    return write(lambda tx: _again(tx, "endpoint_id = ? AND status = 'exhausted' AND created_at >= ?", (endpoint_id, since)))


AGAIN = """
    UPDATE webhook_deliveries SET status = 'pending', attempts = 0, due_at = ?,
        claim_token = NULL, finished_at = NULL
    WHERE {condition}
"""


def _again(tx: Tx, condition: str, parameters: tuple) -> int:
    changed = tx.changed(AGAIN.format(condition=condition), (clock.now_ms(), *parameters))
    tx.after_commit(bell.webhooks)
    return changed


def send_test(endpoint_id: int, *, allow_private: bool, actor: Actor) -> WebhookAttemptRow:
    """Post a test event now, whether the endpoint is on or off; its attempt. TooManyAsked."""
    endpoint = get_endpoint(endpoint_id, actor=actor)
    roles.require(actor, MANAGE, endpoint["account_id"])
    sample = {"event": TEST_EVENT, "webhook_id": endpoint["id"], "timestamp": clock.iso(clock.now_ms())}
    return send_sample(endpoint, Event(TEST_EVENT, "test", sample), allow_private=allow_private, actor=actor)


def send_sample(endpoint: WebhookEndpointRow, sample: Event, *, allow_private: bool, actor: Actor) -> WebhookAttemptRow:
    """Post an event that did not happen, once and now; its attempt. TooManyAsked."""
    roles.require(actor, MANAGE, endpoint["account_id"])
    with request_limits.asked_by_hand():
        return _post_sample(endpoint, sample, allow_private, actor)


def _post_sample(endpoint: WebhookEndpointRow, sample: Event, allow_private: bool, actor: Actor) -> WebhookAttemptRow:
    token = f"test-{new_id()}"
    uid = f"msg_{new_id()}"
    now = clock.now_ms()
    payload = dump(sample.payload)
    # One attempt is all a test gets: as if the others had been made.
    delivery_id = write(
        lambda tx: tx.insert(
            "webhook_deliveries",
            uid=uid,
            endpoint_id=endpoint["id"],
            event=sample.name,
            subject=sample.subject,
            payload=payload,
            attempts=deliver.most_attempts(endpoint["format"], TEST_EVENT) - 1,
            due_at=now + claims.LEASE_MS,
            claim_token=token,
            created_at=now,
        )
    )
    delivery = query_one("SELECT * FROM webhook_deliveries WHERE id = ?", (delivery_id,))
    assert delivery is not None
    from ..adapters.guarded_http import GuardedHttp  # with urllib3: lists of attempts and services need none

    http = GuardedHttp(allow_private=allow_private)
    try:
        deliver.attempt(http, headers.target_of(endpoint), delivery, token)
    finally:
        http.close()
    return attempts_of(endpoint, delivery_id, actor=actor)[-1]


OLD_DELIVERIES = """
    SELECT id FROM webhook_deliveries
    WHERE status <> 'pending' AND created_at < :young
        AND id < coalesce((SELECT id FROM webhook_deliveries WHERE created_at >= :young ORDER BY id LIMIT 1), :last)
    ORDER BY id LIMIT :limit
"""
FORGET_ATTEMPTS = """
    DELETE FROM webhook_attempts
    WHERE delivery_id = ?
        AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.id = delivery_id AND d.status <> 'pending')
"""


def forget_old(limit: int = 2000) -> int:
    """Housekeeping: finished deliveries older than 30 days, with their attempts; how many."""

    # Ids rise with time: up to the first that is young enough, so that the young ones are not looked through.
    wanted = {"young": clock.now_ms() - KEPT_MS, "limit": limit, "last": keyset.LAST_ID}
    ids = [(row[0],) for row in query(OLD_DELIVERIES, wanted)]

    def unit(tx: Tx) -> None:
        # One that was retried meanwhile stays, and keeps its attempts.
        tx.executemany(FORGET_ATTEMPTS, ids)
        tx.executemany("DELETE FROM webhook_deliveries WHERE id = ? AND status <> 'pending'", ids)

    if ids:
        write(unit)
    return len(ids)
