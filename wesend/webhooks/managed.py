"""The endpoints that an API edits in place: one address for delivery receipts, one for inbound messages, one secret.

Each address is an endpoint of its own, so that the engine needs no second kind of them. Each side of an account has its
own pair and secret; a pair of no side is from before sides were kept, and the live side's to change.
"""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import current_app

from ..accounts import audit_log, roles
from ..accounts.roles import MANAGE, SEE, Actor
from ..accounts.sides import CHANGEABLE, SANDBOX, Side, changing
from ..core import clock, vault
from ..database import Row, Tx, atomic, query
from ..database.rows import WebhookEndpointRow
from . import endpoints
from .formats import find_format
from .managed_rows import INBOUND_ROW, RECEIPTS_ROW, SERVICE_ROW

NOWHERE = endpoints.Address("", None)


class ManagedSettings(NamedTuple):
    url: str | None
    inbound_url: str | None
    secret: str
    is_active: bool


def settings_of(account_id: int, api: str, side: Side, *, actor: Actor) -> ManagedSettings:
    """What is set. Before anything is, the secret is shown that the first setting will use: a client can prepare."""
    roles.require(actor, SEE, account_id)
    rows = _find(account_id, api, side)
    if not rows:
        return ManagedSettings(None, None, _first_secret(account_id, api, side), True)
    receipts, inbound = rows[RECEIPTS_ROW], rows[INBOUND_ROW]
    return ManagedSettings(receipts["url"] or None, inbound["url"] or None, endpoints.secret_of(receipts), _is_wanted(rows))


PAIR = f"SELECT * FROM webhook_endpoints WHERE account_id = ? AND format = ? AND managed IN (1, 2) AND {CHANGEABLE}"


def _find(account_id: int, api: str, side: Side) -> dict[int, WebhookEndpointRow]:
    return {row["managed"]: row for row in query(PAIR, (account_id, api, *changing(side)))}


def secret_in(tx: Tx, account_id: int, api: str, side: Side) -> str:
    """The side's secret, sealed, for an endpoint that is signed with it, too."""
    rows = tx.all(PAIR, (account_id, api, *changing(side)))
    return rows[0]["secret"] if rows else vault.seal(_first_secret(account_id, api, side))


def inbound_endpoint(account_id: int, api: str, side: Side, *, actor: Actor) -> WebhookEndpointRow | None:
    """Where a side is told what people write; None while no address is set."""
    roles.require(actor, SEE, account_id)
    row = _find(account_id, api, side).get(INBOUND_ROW)
    return row if row is not None and row["url"] else None


def _is_wanted(rows: dict[int, WebhookEndpointRow]) -> bool:
    """Off only when an address that is set is off."""
    return all(row["is_active"] for row in rows.values() if row["url"])


def _first_secret(account_id: int, api: str, side: Side) -> str:
    """The live one is what was shown before there were sides: whoever prepared with it still can."""
    key = current_app.config["SECRET_KEY"].encode()
    named = f"webhook {api} {account_id}" + (f" {side}" if side == SANDBOX else "")
    derived = hmac.new(key, named.encode(), sha256).digest()
    return "whsec_" + base64.b64encode(derived).decode()


def _rows(account_id: int, api: str, side: Side) -> dict[int, WebhookEndpointRow]:
    """Both rows of a side, made where they are missing."""
    received = find_format(api).received
    events = [event for event in find_format(api).events if event != received]
    with atomic() as tx:
        if not tx.one(PAIR, (account_id, api, *changing(side))):
            secret = vault.seal(_first_secret(account_id, api, side))
            for row, heard in ((RECEIPTS_ROW, events), (INBOUND_ROW, [received] if received else [])):
                tx.insert(
                    "webhook_endpoints",
                    account_id=account_id,
                    format=api,
                    url="",
                    secret=secret,
                    managed=row,
                    events=",".join(heard),
                    side=side,
                    is_active=0,
                    created_at=clock.now_ms(),
                )
    return _find(account_id, api, side)


def update(account_id: int, api: str, side: Side, changes: dict[str, Any], *, actor: Actor) -> None:
    """``url``, ``inbound_url`` (None or empty removes it) and ``is_active``; what is left out stays."""
    roles.require(actor, MANAGE, account_id)
    addresses = {
        row: endpoints.read_address(changes[name], name) if changes[name] else NOWHERE
        for name, row in (("url", RECEIPTS_ROW), ("inbound_url", INBOUND_ROW))
        if name in changes
    }
    rows = _rows(account_id, api, side)
    active = changes.get("is_active", _is_wanted(rows))
    with atomic() as tx:
        for kind, row in rows.items():
            url = addresses[kind].url if kind in addresses else row["url"]
            if kind in addresses:
                endpoints.lead_to(tx, row, addresses[kind])
                _record_url(tx, row, url, actor)
            endpoints.switch_in(tx, row, bool(active and url), actor=actor)


def _record_url(tx: Tx, row: Row, url: str, actor: Actor) -> None:
    """Hosts alone: the rest of an address may hold a secret."""
    if url != row["url"]:
        before, after = (urlsplit(address).hostname or "none" for address in (row["url"], url))
        audit_log.record(
            tx,
            actor=actor,
            action="webhook.url",
            subject=str(row["id"]),
            account_id=row["account_id"],
            detail=f"{row['format']} {before} → {after}",
        )


ROTATE_SERVICES = "UPDATE webhook_endpoints SET secret = ? WHERE account_id = ? AND format = ? AND side = ? AND managed = ?"


def rotate(account_id: int, api: str, side: Side, *, actor: Actor) -> str:
    """A new secret for both."""
    roles.require(actor, MANAGE, account_id)
    rows = _rows(account_id, api, side)
    secret = endpoints.rotate_secret(rows[RECEIPTS_ROW]["id"], actor=actor)
    with atomic() as tx:
        tx.execute("UPDATE webhook_endpoints SET secret = ? WHERE id = ?", (vault.seal(secret), rows[INBOUND_ROW]["id"]))
        tx.execute(ROTATE_SERVICES, (vault.seal(secret), account_id, api, side, SERVICE_ROW))
    return secret
