"""A sample of every event that a format knows, made by the format itself of messages that never were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from ..accounts import roles
from ..accounts.roles import MANAGE, Actor
from ..accounts.service import get_account
from ..accounts.sides import SANDBOX
from ..core import clock
from ..core.errors import InvalidInput
from ..core.languages import sentence
from ..database.rows import BatchRow, MessageRow, WebhookAttemptRow, WebhookEndpointRow
from . import attempts
from .formats import Event, Format, Owner, Received, find_format

UID, BATCH_UID, INBOUND_UID = (f"00000000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))
RECIPIENTS = {"sms": "+256712345678", "email": "ann@example.com"}
STATUSES = ("submitted", "sent", "delivered", "failed", "cancelled", "unknown")


def trigger(endpoint: WebhookEndpointRow, event: str, *, allow_private: bool, actor: Actor) -> WebhookAttemptRow:
    """Post a signed sample of an event now, once, whether the endpoint is on or off; its attempt. InvalidInput, TooManyAsked."""
    roles.require(actor, MANAGE, endpoint["account_id"])
    format_ = find_format(endpoint["format"])
    sample = samples(format_, endpoint["account_id"]).get(event)
    if sample is None:
        raise InvalidInput(
            sentence(
                "%(name)s has no event %(event)s: choose from %(events)s",
                name=format_.name,
                event=event,
                events=", ".join(format_.events),
            ),
            {"event": ["Unknown"]},
        )
    return attempts.send_sample(endpoint, sample, allow_private=allow_private, actor=actor)


def samples(format_: Format, account_id: int) -> dict[str, Event]:
    """By event, in the format's order; the first that it says of one is its sample."""
    told: dict[str, Event] = {}
    for event in _told(format_, account_id):
        told.setdefault(event.name, event)
    return {name: told[name] for name in format_.events if name in told}


def _told(format_: Format, account_id: int) -> Iterator[Event]:
    now, time_zone = clock.now_ms(), get_account(account_id).time_zone
    owner = Owner("wal_sample", SANDBOX, time_zone, now)
    for channel in RECIPIENTS:
        batch = _batch(account_id, channel, now)
        delivered = _message(account_id, channel, "delivered", now)
        found = [format_.message_changed(_message(account_id, channel, status, now), batch, owner) for status in STATUSES]
        found.append(format_.batch_finished(batch, lambda delivered=delivered: [delivered]))  # type: ignore[misc] # a default in a lambda
        if channel == "email":
            found += [format_.mail_tracked(delivered, batch, happening, owner) for happening in ("opened", "clicked")]
        yield from (event for event in found if event is not None)
    received = format_.message_received(
        Received(
            INBOUND_UID, account_id, "wal_sample", time_zone, RECIPIENTS["sms"], "32811", "JOIN hello", "JOIN", False, now, None
        )
    )
    if received is not None:
        yield received


def _message(account_id: int, channel: str, status: str, now: int) -> MessageRow:
    failed = {"error_code": "UNDELIV", "error_message": "A sample of a failure", "failed_at": now} if status == "failed" else {}
    found: dict[str, Any] = {
        **dict.fromkeys(MessageRow.__annotations__),
        "id": 0,
        "uid": UID,
        "batch_id": 0,
        "account_id": account_id,
        "channel": channel,
        "lane": 0,
        "recipient": RECIPIENTS[channel],
        "country": "UG",
        "sender": "MYBRAND",
        "text": "Hello",
        "segments": 1,
        "cost_micros": 35_000_000,
        "refunded_micros": 0,
        "charges": 1,
        "retry_count": 0,
        "gateway": "sandbox",
        "status": status,
        "created_at": now,
        "submitted_at": now,
        "delivered_at": now if status == "delivered" else None,
        **failed,
    }
    return cast(MessageRow, found)


def _batch(account_id: int, channel: str, now: int) -> BatchRow:
    found: dict[str, Any] = {
        **dict.fromkeys(BatchRow.__annotations__),
        "id": 0,
        "uid": BATCH_UID,
        "account_id": account_id,
        "channel": channel,
        "state": "finished",
        "mode": "now",
        "total": 1,
        "delivered": 1,
        "currency": "UGX",
        "text": "Hello",
        "created_at": now,
        "finished_at": now,
    }
    return cast(BatchRow, found)
