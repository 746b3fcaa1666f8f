"""The first steps of an account: which are done, and keys to try the APIs with."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..accounts import keys, roles
from ..accounts.credentials import Credentials, apis, new_credentials
from ..accounts.preferences import BUSINESS, DEVELOPER, OPERATING
from ..accounts.roles import MANAGE, SEE, Actor
from ..accounts.service import AccountInfo
from ..binds import terms
from ..core import money
from ..database import atomic, marks, query_one
from ..gateways import registry
from ..routing.routes import active_routes_by_country, all_routes
from ..wallets.service import WalletInfo, create_wallet, credit_by_hand, list_wallets

KEY_NAME = "Getting started"
TEST_MONEY = "1000000"


class Steps(NamedTuple):
    """The first steps that fit who reads them, in order: name → whether it is done."""

    done: dict[str, bool]

    @property
    def left(self) -> int:
        return sum(not done for done in self.done.values())

    @property
    def total(self) -> int:
        return len(self.done)


CHECKS: dict[str, Callable[[AccountInfo], bool]] = {
    "message": lambda account: _has_sent(account.id),
    "webhook": lambda account: _has_webhook(account.id),
    "funds": lambda account: _has_funds(account),
    "gateway": lambda account: _has_gateway(),
    "contacts": lambda account: query_one(HAS_CONTACTS, (account.id,)) is not None,
    "campaign": lambda account: query_one(HAS_CAMPAIGN, (account.id,)) is not None,
    "provider": lambda account: bool(registry.sms_gateways().keys() - {registry.SANDBOX}),
    "customer": lambda account: query_one(HAS_CUSTOMER) is not None,
}
LISTS = {
    BUSINESS: ("contacts", "funds", "campaign"),
    DEVELOPER: ("message", "webhook", "funds", "gateway"),
    OPERATING: ("provider", "gateway", "customer"),
}
"""Business: somebody with a list of customers. Developer: with an application. Operator: with customers of their own."""
HAS_CONTACTS = "SELECT 1 FROM groups WHERE account_id = ? AND state = 'ready' AND contact_count > 0 LIMIT 1"
HAS_CAMPAIGN = """
    SELECT 1 FROM batches WHERE account_id = ? AND lane = 1 AND api = 'portal' AND state NOT IN ('intake', 'rejected') LIMIT 1
"""
HAS_CUSTOMER = """
    SELECT 1 FROM accounts a JOIN wallets w ON w.account_id = a.id
    WHERE a.is_sandbox = 0 AND w.is_sandbox = 0 LIMIT 1
"""


def steps_of(account: AccountInfo, reader: str = DEVELOPER, *, actor: Actor) -> Steps:
    roles.require(actor, SEE, account.id)
    return Steps({name: CHECKS[name](account) for name in LISTS[reader]})


HAS_SENT = """
    SELECT 1 FROM batches WHERE account_id = ? AND api IN ({apis}) AND state NOT IN ('intake', 'rejected') LIMIT 1
"""


def _has_sent(account_id: int) -> bool:
    names = apis()
    return query_one(HAS_SENT.format(apis=marks(names)), (account_id, *names)) is not None


def _has_webhook(account_id: int) -> bool:
    return query_one("SELECT 1 FROM webhook_endpoints WHERE account_id = ? AND url <> ''", (account_id,)) is not None


def _has_funds(account: AccountInfo) -> bool:
    """Money that is worth something, or in the sandbox's own account that which is not."""
    return (
        query_one(
            "SELECT 1 FROM wallets WHERE account_id = ? AND balance_micros > 0 AND is_sandbox <= ?",
            (account.id, int(account.is_sandbox)),
        )
        is not None
    )


def _has_gateway() -> bool:
    known = registry.sms_gateways()
    return any(route.is_active and route.gateway in known for route in all_routes())


def make_test_keys(account: AccountInfo, *, actor: Actor) -> tuple[WalletInfo, dict[str, Credentials]]:
    """A key for each API that is spoken over HTTP on the account's sandbox wallet, made with test money where there is none.

    Keys that were made so before are revoked: their secrets were shown to be tried, not to be kept.
    """
    roles.require(actor, MANAGE, account.id)
    with atomic():
        wallet = _sandbox_wallet(account, actor)
        for row in keys.list_keys(account.id, actor=actor):
            if row["name"] == KEY_NAME and row["revoked_at"] is None:
                keys.revoke_key(row["id"], actor=actor)
        made = {api: new_credentials(api, for_sandbox=True) for api in apis() if api != terms.API}
        for api, credentials in made.items():
            keys.create_key(
                account_id=account.id, wallet_id=wallet.id, api=api, name=KEY_NAME, credentials=credentials, actor=actor
            )
    return wallet, made


def _sandbox_wallet(account: AccountInfo, actor: Actor) -> WalletInfo:
    for row in list_wallets(account.id, actor=actor):
        if row["is_sandbox"] and row["currency"] != money.CREDITS:
            return WalletInfo.of(row)
    routes = active_routes_by_country().get(account.country, ())
    wallet = create_wallet(account_id=account.id, currency=routes[0].currency if routes else "USD", is_sandbox=True, actor=actor)
    credit_by_hand(wallet, money.to_micros(TEST_MONEY), note="Test money", actor=actor)
    return wallet
