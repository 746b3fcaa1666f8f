"""Listening on a developer's machine: endpoints for the time of a command, whose deliveries the command takes itself.

The courier passes them over, so an address on loopback needs no permission, and every event is seen where one looks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..core import clock
from ..database import query
from ..database.rows import WebhookDeliveryRow, WebhookEndpointRow
from . import claims, deliver, endpoints, headers
from .managed_rows import LISTENING_ROW

LOOK_EVERY = 0.1
STALE_MS = clock.DAY


class Heard(NamedTuple):
    """An event, and what the forwarding came to (None where it was not forwarded)."""

    format: str
    event: str
    payload: dict[str, Any]
    status_code: int | None
    error: str | None
    namespace: str | None = None
    """Of the sandbox's inbox, of what was sent or written in one."""


class Listening:
    """Iterate to hear; ends never by itself."""

    def __init__(self, rows: list[WebhookEndpointRow], *, forwards: bool):
        self.rows, self.forwards = rows, forwards
        self.secrets = {row["format"]: endpoints.secret_of(row) for row in rows}
        from ..adapters.guarded_http import GuardedHttp  # with urllib3

        self.http = GuardedHttp(allow_private=True)

    def __iter__(self) -> Iterator[Heard]:
        while True:
            found = False
            for row in self.rows:
                claimed = claims.claim(row["id"], 20)
                for delivery in claimed.rows:
                    found = True
                    yield self._take(row, delivery, claimed.token)
            if not found:
                time.sleep(LOOK_EVERY)

    def _take(self, row: WebhookEndpointRow, delivery: WebhookDeliveryRow, token: str) -> Heard:
        payload = deliver.payload_of(row["format"], delivery)
        namespace = _namespace_of(delivery["subject"])
        if not self.forwards:
            deliver.close_unsent(delivery, token)
            return Heard(row["format"], delivery["event"], json.loads(payload), None, None, namespace)
        deliver.attempt(self.http, headers.target_of(row), delivery, token)
        last = query("SELECT * FROM webhook_attempts WHERE delivery_id = ? ORDER BY id DESC LIMIT 1", (delivery["id"],))[0]
        return Heard(row["format"], delivery["event"], json.loads(payload), last["status_code"], last["error"], namespace)


NAMESPACES = """
    SELECT b.namespace FROM messages m JOIN batches b ON b.id = m.batch_id WHERE m.uid = :uid
    UNION ALL SELECT b.namespace FROM messages m JOIN batches b ON b.id = m.batch_id WHERE m.id = :id
    UNION ALL SELECT namespace FROM batches WHERE uid = :uid
    UNION ALL SELECT namespace FROM inbound_messages WHERE uid = :uid
"""


def _namespace_of(subject: str) -> str | None:
    """Of what an event is about, which formats name by the public id of a message (`msg_…`), its row's, or its batch's."""
    found = query(NAMESPACES, {"uid": subject.rpartition("_")[2], "id": int(subject) if subject.isdigit() else 0})
    return found[0]["namespace"] if found else None


@contextmanager
def listen(
    account_id: int, format_names: list[str], url: str | None, *, secrets: Mapping[str, str], actor: str
) -> Iterator[Listening]:
    """Endpoints of these formats, with their ``secrets``, for as long as the block runs; what a killed listener left is
    removed by the next."""
    _remove_stale()
    ids = []
    for name in format_names:
        row, _ = endpoints.add_endpoint(
            account_id=account_id,
            format_name=name,
            url=url or "http://127.0.0.1/",
            managed=LISTENING_ROW,
            secret=secrets[name],
            actor=actor,
        )
        ids.append(row["id"])
    try:
        yield Listening([endpoints.get_endpoint(endpoint_id, actor=actor) for endpoint_id in ids], forwards=bool(url))
    finally:
        for endpoint_id in ids:
            endpoints.remove_endpoint(endpoint_id, actor=actor)


def _remove_stale() -> None:
    for (endpoint_id,) in query(
        "SELECT id FROM webhook_endpoints WHERE managed = ? AND created_at < ?", (LISTENING_ROW, clock.now_ms() - STALE_MS)
    ):
        endpoints.remove_endpoint(endpoint_id, actor="system")
