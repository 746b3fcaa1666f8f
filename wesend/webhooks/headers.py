"""What a delivery is posted with: where to, in whose name, and signed how."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import SEE, Actor
from ..database.rows import WebhookDeliveryRow, WebhookEndpointRow
from . import endpoints
from .formats import Format, find_format


class Target(NamedTuple):
    """An endpoint as its deliveries need it."""

    id: int
    format: str
    url: str
    secret: str
    credentials: str | None = None


def target_of(row: WebhookEndpointRow) -> Target:
    return Target(row["id"], row["format"], row["url"], endpoints.secret_of(row), endpoints.credentials_of(row))


def headers_of(format_: Format, target: Target, delivery: WebhookDeliveryRow, body: bytes, at: int) -> dict[str, str]:
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
        headers_of(format_, target_of(endpoint)._replace(secret=secret), delivery, body, at) for secret in ("one", "two")
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
