"""The outbox: events are written in the transaction of what they tell of, once for each endpoint that listens."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..accounts.sides import Side
from ..coordination import bell
from ..core import clock
from ..core.ids import new_id
from ..database import Tx
from .endpoints import listening
from .formats import Event, find_format

COLUMNS = ("uid", "endpoint_id", "event", "subject", "once", "payload", "due_at", "created_at")
INSERT = f"""
    INSERT INTO webhook_deliveries ({", ".join(COLUMNS)}) VALUES ({", ".join("?" * len(COLUMNS))})
    ON CONFLICT DO NOTHING
"""
"""A conflict: `once` was heard before."""


def enqueue(tx: Tx, account_id: int, side: Side, format_name: str, events: Iterable[Event]) -> None:
    """Write the events of one side down for every endpoint of the account that listens to it in this format."""
    listeners = listening(tx).endpoints.get((account_id, side, format_name), ())
    if listeners:
        put(
            tx,
            [
                (listener.id, event)
                for event in events
                for listener in listeners
                if listener.events is None or event.name in listener.events
            ],
        )


def enqueue_received(tx: Tx, account_id: int, side: Side, service_id: int | None, events: dict[str, Event]) -> None:
    """Write down, by format, what somebody wrote: for the address of its service, else for the account's, and for every
    endpoint that asks for it (in some formats by asking for nothing in particular)."""
    told: list[tuple[int, Event]] = []
    known = {name: listening(tx).endpoints.get((account_id, side, name), ()) for name in events}
    own = service_id is not None and any(listener.service_id == service_id for found in known.values() for listener in found)
    for name, event in events.items():
        for listener in known[name]:
            if listener.service_id is not None:
                hears = listener.service_id == service_id
            elif listener.is_inbound:
                hears = not own
            else:
                hears = find_format(name).tells_unasked if listener.events is None else event.name in listener.events
            if hears:
                told.append((listener.id, event))
    if told:
        put(tx, told)


def put(tx: Tx, deliveries: list[tuple[int, Event]]) -> None:
    """Write (endpoint, event) pairs down and wake the courier at the commit."""
    now = clock.now_ms()
    tx.run_many(
        INSERT,
        [
            (f"msg_{new_id()}", endpoint_id, event.name, event.subject, event.once, dump(event.payload), now, now)
            for endpoint_id, event in deliveries
        ],
    )
    tx.after_commit(bell.webhooks)


def dump(payload: dict | None) -> str | None:
    return None if payload is None else json.dumps(payload, ensure_ascii=False)
