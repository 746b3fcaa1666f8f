"""The sandbox account: fixed, published credentials for every API; answered only while WESEND_SANDBOX is on."""

from __future__ import annotations

from typing import Any

from flask import current_app

from ..accounts import keys
from ..accounts import service as accounts
from ..accounts.sides import SANDBOX
from ..contacts import groups
from ..contacts import service as contacts
from ..core import money
from ..database import atomic, query_one
from ..database.schema_version import alone
from ..routing import senders
from ..routing.published import SENDERS
from ..two_way import approval, services
from ..two_way.numbers import DEDICATED, SHARED
from ..wallets import service as wallets
from .published import Published, all_published

NAME = "Sandbox"
ACTOR = "system"
COUNTRIES = ["UG", "KE", "TZ", "RW", "NG", "GH", "ZM"]

KEYWORD, USE_CASE = "JOIN", "Trying out messages that people write"
CONTACTS = (
    ("+256712345678", "Ann", {"city": "Kampala"}),
    ("+256772345678", "Ben", {"city": "Gulu"}),
    ("+254712345678", "Chebet", {"city": "Nairobi"}),
    ("+255712345678", "Daudi", {"city": "Arusha"}),
)


def ensure_sandbox() -> int:
    """Make the sandbox account where it is missing; its id. Balances and keys that exist stay as they are.

    One process at a time, and one host: what two find missing, both would make.
    """
    with alone(current_app.config["WESEND"].instance / "sandbox.lock"), atomic():
        return _ensure()


def _ensure() -> int:
    account_id = find_account()
    if account_id is None:
        account_id = accounts.create_account(NAME, "UG", actor=ACTOR, is_sandbox=True).id
    for api, access in all_published().items():
        _ensure_access(account_id, api, access)
    for name in SENDERS:
        if not any(sender["name"].casefold() == name.casefold() for sender in senders.list_senders(account_id, actor=ACTOR)):
            sender = senders.request_sender(account_id=account_id, name=name, countries=COUNTRIES, side=SANDBOX, actor=ACTOR)
            senders.decide_sender(sender["id"], approve=True, actor=ACTOR)
    _ensure_contacts(account_id)
    for api, access in all_published().items():
        if access.has_services:
            _ensure_services(account_id, api, access)
    return account_id


def _ensure_access(account_id: int, api: str, access: Published) -> None:
    """The wallet and the key that a dialect publishes."""
    uid, given = access.wallet_uid, access.credentials
    if query_one("SELECT id FROM wallets WHERE uid = ?", (uid,)) is None:
        made = wallets.create_wallet(account_id=account_id, currency=access.currency, is_sandbox=True, uid=uid, actor=ACTOR)
        wallets.credit_by_hand(made, money.to_micros(access.opening), note="Sandbox money", actor=ACTOR)
    lookup = given.public or keys.digest(given.secret)
    known = query_one("SELECT id FROM api_keys WHERE api = ? AND lookup = ?", (api, lookup))
    if known is not None:
        keys.set_scopes(known["id"], keys.SCOPES, actor=ACTOR)  # it may be of a version that had fewer
        return
    wallet = wallets.find_wallet(uid, actor=ACTOR)
    keys.create_key(
        account_id=account_id,
        wallet_id=wallet.id,
        api=api,
        name="Sandbox",
        scopes=list(keys.SCOPES),
        credentials=given,
        is_sandbox=True,
        actor=ACTOR,
    )


def find_account() -> int | None:
    """The sandbox account's id; None where none was made."""
    row = query_one("SELECT id FROM accounts WHERE is_sandbox = 1")
    return row["id"] if row else None


def _ensure_services(account_id: int, api: str, access: Published) -> None:
    """A keyword on the shared number, and a number of its own."""
    account, wallet = accounts.get_account(account_id), wallets.find_wallet(access.wallet_uid, actor=ACTOR)
    held = {service["type"] for service in services.list_services(account_id, side=SANDBOX, actor=ACTOR)}
    for kind, keyword in ((SHARED, KEYWORD), (DEDICATED, None)):
        if kind not in held:
            wanted = services.Request(account.country, kind, keyword, USE_CASE, NAME, api)
            services.request(account, wallet, wanted, actor=ACTOR)
    approval.approve_sandbox(0, actor=ACTOR)


FIRST_WALLET = """
    SELECT uid FROM wallets WHERE account_id IN (SELECT id FROM accounts WHERE is_sandbox = 1) ORDER BY id LIMIT 1
"""
"""The first that was made: of the first API."""


def default_wallet() -> wallets.WalletInfo | None:
    """What pays for a send that names no wallet; None where the sandbox was not made."""
    row = query_one(FIRST_WALLET)
    return wallets.find_wallet(row["uid"], actor=ACTOR) if row is not None else None


def _ensure_contacts(account_id: int) -> None:
    if query_one("SELECT 1 FROM groups WHERE account_id = ?", (account_id,)) is None:
        group = groups.create_group(account_id, "Sandbox customers", columns=["phone", "name", "city"], side=SANDBOX, actor=ACTOR)
        contacts.add_contacts(account_id, group["id"], (contacts.NewContact(*contact) for contact in CONTACTS), "UG", actor=ACTOR)


def published(account_id: int, base_url: str) -> dict[str, Any]:
    """Everything a script needs to use the sandbox; the shape is a contract."""
    row = query_one("SELECT id FROM groups WHERE account_id = ? AND state = 'ready' ORDER BY id LIMIT 1", (account_id,))
    group_ids = [row[0]] if row else []
    return {
        "account_id": account_id,
        "base_url": base_url,
        **{api: {**access.credentials.shown(), **access.more(group_ids)} for api, access in all_published().items()},
    }
