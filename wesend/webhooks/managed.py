"""The endpoints that an API edits in place: one address for delivery receipts, one for inbound messages, one secret.

Each address is an endpoint of its own, so that the engine needs no second kind of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import clock, vault
from ..database import Row, atomic, query
from . import endpoints
from .formats import INBOUND, find_format

RECEIPTS_ROW, INBOUND_ROW = 1, 2


class ManagedSettings(NamedTuple):
    url: str | None
    inbound_url: str | None
    secret: str
    is_active: bool


def settings_of(account_id: int, api: str) -> ManagedSettings:
    """What is set; a secret is made with the first look at it, so that a client can prepare to verify."""
    rows = _rows(account_id, api)
    receipts = rows[RECEIPTS_ROW]
    inbound = rows.get(INBOUND_ROW)
    return ManagedSettings(receipts["url"] or None, (inbound["url"] or None) if inbound else None,
                           endpoints.secret_of(receipts), bool(receipts["wanted"]))


def _rows(account_id: int, api: str) -> dict[int, Row]:
    found = {row["managed"]: row for row in query(
        "SELECT *, is_active OR url = '' AS wanted FROM webhook_endpoints WHERE account_id = ? AND format = ?"
        " AND managed > 0", (account_id, api))}
    if RECEIPTS_ROW in found:
        return found
    events = [event for event in find_format(api).events if event != INBOUND]
    with atomic() as tx:
        if not tx.one("SELECT 1 FROM webhook_endpoints WHERE account_id = ? AND format = ? AND managed > 0",
                      (account_id, api)):
            secret = vault.seal(endpoints.new_secret())
            for row, heard in ((RECEIPTS_ROW, events), (INBOUND_ROW, [INBOUND])):
                tx.insert("webhook_endpoints", account_id=account_id, format=api, url="", secret=secret, managed=row,
                          events=",".join(heard), is_active=0, created_at=clock.now_ms())
    return _rows(account_id, api)


def update(account_id: int, api: str, changes: dict[str, Any], *, actor: str) -> None:
    """``url``, ``inbound_url`` (None or empty takes it away) and ``is_active``; what is left out stays."""
    rows = _rows(account_id, api)
    urls = {row: endpoints.check_url(changes[name]) if changes[name] else ""
            for name, row in (("url", RECEIPTS_ROW), ("inbound_url", INBOUND_ROW)) if name in changes}
    active = changes.get("is_active", bool(rows[RECEIPTS_ROW]["wanted"]))
    with atomic() as tx:
        for kind, row in rows.items():
            url = urls.get(kind, row["url"])
            tx.execute("UPDATE webhook_endpoints SET url = ? WHERE id = ?", (url, row["id"]))
            endpoints.switch_in(tx, row, bool(active and url), actor=actor)


def rotate(account_id: int, api: str, *, actor: str) -> str:
    """A new secret for both."""
    rows = _rows(account_id, api)
    secret = endpoints.rotate_secret(rows[RECEIPTS_ROW]["id"], actor=actor)
    with atomic() as tx:
        tx.execute("UPDATE webhook_endpoints SET secret = ? WHERE id = ?", (vault.seal(secret), rows[INBOUND_ROW]["id"]))
    return secret
