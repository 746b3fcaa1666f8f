"""Where a service's messages are told: at an address of its own, else at its account's for incoming messages."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import MANAGE, SEE, Actor
from ..accounts.sides import side_of_row
from ..core import clock
from ..database import Tx, query_one
from ..database.rows import TwoWayServiceRow, WebhookEndpointRow
from ..webhooks import attempts, endpoints, managed
from ..webhooks.endpoints import Address
from ..webhooks.formats import Event, find_format
from ..webhooks.managed_rows import SERVICE_ROW
from .errors import NoWebhook

OF_SERVICE = "SELECT * FROM webhook_endpoints WHERE service_id = ?"
CHANGE = "UPDATE webhook_endpoints SET url = ?, credentials = ?, is_active = 1, disabled_reason = NULL WHERE id = ?"


def read(url: str) -> Address:
    """InvalidInput for what is no web address."""
    return endpoints.read_address(url, "webhook_url")


def set_in(tx: Tx, service: TwoWayServiceRow, address: Address | None, api: str) -> None:
    """Lead the service's messages to an address, told in the format of ``api``; None: to the account's again."""
    row = tx.one(OF_SERVICE, (service["id"],))
    if row is None and address is not None:
        tx.insert(
            "webhook_endpoints",
            account_id=service["account_id"],
            format=api,
            url=address.url,
            credentials=endpoints.sealed(address.credentials),
            secret=managed.secret_in(tx, service["account_id"], api, side_of_row(service)),
            events=find_format(api).received,
            managed=SERVICE_ROW,
            side=service["side"],
            service_id=service["id"],
            is_active=1,
            created_at=clock.now_ms(),
        )
    elif row is not None and address is not None:
        tx.execute(CHANGE, (address.url, endpoints.sealed(address.credentials), row["id"]))
    elif row is not None:
        endpoints.remove_in(tx, row["id"])


class Addresses(NamedTuple):
    """The service's own address, the one that counts, and the secret that signs; None where there is none."""

    own: str | None
    effective: str | None
    secret: str


def of_service(service: TwoWayServiceRow, api: str, *, actor: Actor) -> Addresses:
    roles.require(actor, SEE, service["account_id"])
    account = managed.settings_of(service["account_id"], api, side_of_row(service), actor=actor)
    row: WebhookEndpointRow | None = query_one(OF_SERVICE, (service["id"],))
    own = row["url"] if row is not None else None
    return Addresses(own, own or account.inbound_url, account.secret)


class Tried(NamedTuple):
    """What came of a sample: ``status`` is the answer's; ``error``: why nothing was answered, or no success."""

    is_received: bool
    status: int | None
    url: str
    error: str | None


def try_out(service: TwoWayServiceRow, api: str, sample: Event, *, allow_private: bool, actor: Actor) -> Tried:
    """Post a signed sample to the address that counts; NoWebhook."""
    roles.require(actor, MANAGE, service["account_id"])
    own: WebhookEndpointRow | None = query_one(OF_SERVICE, (service["id"],))
    row = own or managed.inbound_endpoint(service["account_id"], api, side_of_row(service), actor=actor)
    if row is None:
        raise NoWebhook
    attempt = attempts.send_sample(row, sample, allow_private=allow_private, actor=actor)
    status = attempt["status_code"]
    received = status is not None and find_format(row["format"]).is_received(status)
    return Tried(received, status, row["url"], None if received else attempt["error"] or f"The address answered {status}")
