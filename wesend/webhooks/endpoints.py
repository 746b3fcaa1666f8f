"""Endpoints: added, switched on and off, their secrets."""

from __future__ import annotations

import base64
import secrets as random
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ..accounts import audit_log, roles
from ..accounts.roles import MANAGE, OPERATE, SEE, Actor
from ..accounts.service import get_account, require_open
from ..accounts.sides import LIVE, SANDBOX, SEEN, Side, side_of
from ..core import clock, vault
from ..core.errors import InvalidInput, WebhookNotFound
from ..core.languages import sentence
from ..database import Reader, Row, Tx, atomic, cached, query, query_one
from ..database.rows import WebhookEndpointRow
from .formats import RECEIVED, Owner, find_format
from .managed_rows import INBOUND_ROW, LISTENING_ROW, OWN_ROW

DISABLE_AFTER_MS = 3 * clock.DAY
URL_LENGTH = 2000
LOW_BALANCE = "wallet.low_balance"
STORAGE_LOW = "storage.low"
BURST_LIMIT = "account.burst_limit"
ALERT_RAISED, ALERT_OVER = "alert.raised", "alert.over"
"""Ours, not a vendor's: only an endpoint that names one of them hears of it, in whatever format it is."""


class Listener(NamedTuple):
    """An endpoint that is on; ``events`` None means every one. ``service_id``: it is told that service's messages alone;
    ``is_inbound``: the account's address for what people write.
    """

    id: int
    events: frozenset[str] | None
    service_id: int | None = None
    is_inbound: bool = False


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64, as Standard Webhooks have it."""
    return "whsec_" + base64.b64encode(random.token_bytes(32)).decode()


class Address(NamedTuple):
    """Where to post to: ``url`` can be shown; ``credentials`` (`user:password`, sent as Basic) never are."""

    url: str
    credentials: str | None


def read_address(url: str, field: str = "url") -> Address:
    """Of an http or https URL with a host, and maybe a user and password; InvalidInput, which names ``field``."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or len(url) > URL_LENGTH or any(char.isspace() or ord(char) < 32 for char in url):
        raise InvalidInput("A webhook needs an http or https URL", {field: ["Not a valid URL"]})
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return Address(url, None)
    user, _, password = map(unquote, userinfo.partition(":"))
    return Address(url.replace(parts.netloc, host, 1), f"{user}:{password}")


def sealed(credentials: str | None) -> str | None:
    """Credentials as they are kept."""
    return None if credentials is None else vault.seal(credentials)


def lead_to(tx: Tx, endpoint: WebhookEndpointRow, address: Address) -> None:
    """Another address; the one that is shown, given again without its credentials, keeps them."""
    if address.credentials is None and address.url == endpoint["url"]:
        return
    tx.execute(
        "UPDATE webhook_endpoints SET url = ?, credentials = ? WHERE id = ?",
        (address.url, sealed(address.credentials), endpoint["id"]),
    )


def own_events(actor: Actor) -> tuple[str, ...]:
    """The events of wesend's own that an endpoint may name: what is wrong with the instance is the operators' to know."""
    return (BURST_LIMIT, LOW_BALANCE, *((STORAGE_LOW, ALERT_RAISED, ALERT_OVER) if roles.may(actor, OPERATE) else ()))


def add_endpoint(
    *,
    account_id: int,
    format_name: str,
    url: str,
    events: list[str] | None = None,
    managed: int = OWN_ROW,
    secret: str | None = None,
    actor: Actor,
) -> tuple[WebhookEndpointRow, str]:
    """A new endpoint and its secret, which only this dialect's rule ever shows again."""
    roles.require(actor, MANAGE, account_id)
    get_account(account_id)
    format_ = find_format(format_name)
    events = [format_.received or event if event == RECEIVED else event for event in events] if events else None
    known = (*format_.events, *own_events(actor))
    unknown = [event for event in events or [] if event not in known]
    if unknown:
        raise InvalidInput(
            sentence(
                "%(format_name)s has no event %(unknown)s: choose from %(known)s",
                format_name=format_name,
                unknown=", ".join(unknown),
                known=", ".join(known),
            )
        )
    address = read_address(url)
    secret = secret or new_secret()
    with atomic() as tx:
        require_open(tx, account_id)
        endpoint_id = tx.insert(
            "webhook_endpoints",
            account_id=account_id,
            format=format_name,
            url=address.url,
            credentials=sealed(address.credentials),
            secret=vault.seal(secret),
            events=",".join(events) if events else None,
            managed=managed,
            is_active=1,
            created_at=clock.now_ms(),
        )
        audit_log.record(
            tx,
            actor=actor,
            action="webhook.add",
            subject=str(endpoint_id),
            account_id=account_id,
            detail=f"{format_name} {urlsplit(address.url).hostname}",
        )
    return get_endpoint(endpoint_id, actor=actor), secret


def get_endpoint(endpoint_id: int, account_id: int | None = None, *, actor: Actor) -> WebhookEndpointRow:
    """An endpoint of the account, or of any that the actor sees (None); WebhookNotFound, NotFound."""
    row = query_one(
        "SELECT * FROM webhook_endpoints WHERE id = ? AND account_id = coalesce(?, account_id)", (endpoint_id, account_id)
    )
    if row is None:
        raise WebhookNotFound(sentence("There is no webhook %(endpoint_id)s", endpoint_id=endpoint_id))
    roles.require(actor, SEE, row["account_id"])
    return row


def list_endpoints(account_id: int, *, actor: Actor) -> list[WebhookEndpointRow]:
    """Those with an address; a listening command's are its own affair."""
    roles.require(actor, SEE, account_id)
    return query(
        "SELECT * FROM webhook_endpoints WHERE account_id = ? AND url <> '' AND managed <> ? ORDER BY id",
        (account_id, LISTENING_ROW),
    )


def secret_of(endpoint: WebhookEndpointRow) -> str:
    return vault.unseal(endpoint["secret"])


def credentials_of(endpoint: WebhookEndpointRow) -> str | None:
    """`user:password`, for the Authorization header alone."""
    return None if endpoint["credentials"] is None else vault.unseal(endpoint["credentials"])


def switch(endpoint_id: int, on: bool, *, actor: Actor, reason: str | None = None) -> WebhookEndpointRow:
    """On: what waited is delivered. Off: nothing new is written down for it, what waits stays."""
    endpoint = get_endpoint(endpoint_id, actor=actor)
    roles.require(actor, MANAGE, endpoint["account_id"])
    with atomic() as tx:
        switch_in(tx, endpoint, on, actor=actor, reason=reason)
    return get_endpoint(endpoint_id, actor=actor)


def switch_in(tx: Tx, endpoint: WebhookEndpointRow, on: bool, *, actor: Actor, reason: str | None = None) -> None:
    if on:
        require_open(tx, endpoint["account_id"])
    changed = tx.changed(
        "UPDATE webhook_endpoints SET is_active = ?, disabled_reason = ?, failing_since = NULL WHERE id = ? AND is_active <> ?",
        (int(on), None if on else reason, endpoint["id"], int(on)),
    )
    if changed:
        audit_log.record(
            tx,
            actor=actor,
            action="webhook.enable" if on else "webhook.disable",
            subject=str(endpoint["id"]),
            account_id=endpoint["account_id"],
            detail=reason,
        )


def rotate_secret(endpoint_id: int, *, actor: Actor) -> str:
    """A new secret, valid at once for every attempt to come."""
    endpoint = get_endpoint(endpoint_id, actor=actor)
    roles.require(actor, MANAGE, endpoint["account_id"])
    secret = new_secret()
    with atomic() as tx:
        tx.execute("UPDATE webhook_endpoints SET secret = ? WHERE id = ?", (vault.seal(secret), endpoint_id))
        audit_log.record(tx, actor=actor, action="webhook.rotate", subject=str(endpoint_id), account_id=endpoint["account_id"])
    return secret


def remove_endpoint(endpoint_id: int, *, actor: Actor) -> None:
    """Gone with its deliveries."""
    endpoint = get_endpoint(endpoint_id, actor=actor)
    roles.require(actor, MANAGE, endpoint["account_id"])
    with atomic() as tx:
        remove_in(tx, endpoint_id)
        audit_log.record(tx, actor=actor, action="webhook.remove", subject=str(endpoint_id), account_id=endpoint["account_id"])


def remove_in(tx: Tx, endpoint_id: int) -> None:
    tx.execute(
        "DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT id FROM webhook_deliveries WHERE endpoint_id = ?)",
        (endpoint_id,),
    )
    tx.execute("DELETE FROM webhook_deliveries WHERE endpoint_id = ?", (endpoint_id,))
    tx.execute("DELETE FROM webhook_endpoints WHERE id = ?", (endpoint_id,))


LISTENING_FOR = f"""
    SELECT id, events FROM webhook_endpoints
    WHERE account_id = ? AND is_active = 1 AND events IS NOT NULL AND {SEEN}
    ORDER BY id
"""


def listening_for(tx: Tx, account_id: int, side: Side, event: str) -> list[int]:
    """The endpoints of an account that are on, hear of this side and name an event."""
    return _naming(tx.all(LISTENING_FOR, (account_id, side)), event)


def listening_anywhere(tx: Tx, event: str) -> list[int]:
    """The same of every account, for what belongs to none."""
    return _naming(tx.all("SELECT id, events FROM webhook_endpoints WHERE is_active = 1 AND events IS NOT NULL ORDER BY id"), event)


def _naming(rows: list[Row], event: str) -> list[int]:
    return [row["id"] for row in rows if event in row["events"].split(",")]


class Listening(NamedTuple):
    """Who listens: (account, side, format) → its endpoints that are on; and the wallets of these accounts, by row id."""

    endpoints: dict[tuple[int, Side, str], tuple[Listener, ...]]
    owners: dict[int, Owner]


def listening(tx: Tx | None = None) -> Listening:
    """In memory: most sends are heard of by nobody, and must not pay for asking."""
    return cached("webhook-listeners", _load_listening, tx)


LISTENED_TO = """
    SELECT w.id, w.uid, w.is_sandbox, a.time_zone FROM wallets w JOIN accounts a ON a.id = w.account_id
    WHERE w.account_id IN (SELECT account_id FROM webhook_endpoints WHERE is_active = 1)
"""


def _load_listening(reader: Reader) -> Listening:
    found: dict[tuple[int, Side, str], tuple[Listener, ...]] = {}
    for row in reader.all("SELECT * FROM webhook_endpoints WHERE is_active = 1 ORDER BY id"):
        events = frozenset(row["events"].split(",")) if row["events"] else None
        listener = Listener(row["id"], events, row["service_id"], row["managed"] == INBOUND_ROW)
        for side in (LIVE, SANDBOX) if row["side"] is None else (row["side"],):
            key = (row["account_id"], side, row["format"])
            found[key] = (*found.get(key, ()), listener)
    return Listening(
        found,
        {
            row["id"]: Owner(row["uid"], side_of(is_sandbox=bool(row["is_sandbox"])), row["time_zone"])
            for row in reader.all(LISTENED_TO)
        },
    )
