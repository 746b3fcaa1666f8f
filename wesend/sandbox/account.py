"""The sandbox account: fixed, published credentials for all four APIs; answered only while WESEND_SANDBOX is on."""

from __future__ import annotations

from typing import Any

from flask import current_app

from ..accounts import keys
from ..accounts import service as accounts
from ..accounts.sides import SANDBOX
from ..contacts import service as contacts
from ..core import money
from ..database import query_one
from ..database.schema_version import alone
from ..routing import senders
from ..wallets import service as wallets

NAME = "Sandbox"
ACTOR = "system"
SENDERS = ("MYBRAND", "MyApp")
COUNTRIES = ["UG", "KE", "TZ", "RW", "NG", "GH", "ZM"]

CREDENTIALS = {
    "wesendall": keys.Credentials(
        "ws_live_sandbox0000000000000000000000000", "sandbox_secret_000000000000000000000000", ("api_key", "api_secret")
    ),
    "wasambazie": keys.Credentials(
        "pk_sandbox_public_key_000000000000000000000000",
        "sk_sandbox_secret_key_000000000000000000000000",
        ("public_key", "secret_key"),
    ),
    "esms": keys.Credentials(None, "esms_test_sandbox0000000000000000000000000", ("api_key",)),
    "worldledgers": keys.Credentials(None, "wl_test_communication_sms_sandbox", ("api_key",)),
}
WALLETS = {  # api → (wallet's public id, currency, opening balance)
    "wesendall": ("wal_sandbox_wesendall", "UGX", "1000000"),
    "wasambazie": ("wal_sandbox_wasambazie", money.CREDITS, "10000"),
    "esms": ("wal_sandbox_esms", "KES", "50000"),
    "worldledgers": ("wal_sandbox_worldledgers", money.CREDITS, "10000"),
}
CONTACTS = (
    ("+256712345678", "Ann", {"city": "Kampala"}),
    ("+256772345678", "Ben", {"city": "Gulu"}),
    ("+254712345678", "Chebet", {"city": "Nairobi"}),
    ("+255712345678", "Daudi", {"city": "Arusha"}),
)


def ensure_sandbox() -> int:
    """Make the sandbox account where it is missing; its id. Balances and keys that exist stay as they are.

    One process at a time: what two find missing, both would make.
    """
    with alone(current_app.config["WESEND"].instance / "sandbox.lock"):
        return _ensure()


def _ensure() -> int:
    row = query_one("SELECT id FROM accounts WHERE is_sandbox = 1")
    account_id = row[0] if row else accounts.create_account(NAME, "UG", actor=ACTOR, is_sandbox=True).id
    for api, (uid, currency, opening) in WALLETS.items():
        wallet_row = query_one("SELECT id FROM wallets WHERE uid = ?", (uid,))
        if wallet_row is None:
            wallet = wallets.create_wallet(account_id=account_id, currency=currency, is_sandbox=True, uid=uid, actor=ACTOR)
            wallets.credit_by_hand(wallet, money.to_micros(opening), note="Sandbox money", actor=ACTOR)
        wallet = wallets.find_wallet(uid)
        given = CREDENTIALS[api]
        if (
            query_one("SELECT 1 FROM api_keys WHERE api = ? AND lookup = ?", (api, given.public or keys.digest(given.secret)))
            is None
        ):
            keys.create_key(
                account_id=account_id, wallet_id=wallet.id, api=api, name="Sandbox", credentials=given, is_sandbox=True, actor=ACTOR
            )
    for name in SENDERS:
        if not any(sender["name"].casefold() == name.casefold() for sender in senders.list_senders(account_id)):
            sender = senders.request_sender(account_id=account_id, name=name, countries=COUNTRIES, side=SANDBOX, actor=ACTOR)
            senders.decide_sender(sender["id"], approve=True, actor=ACTOR)
    _ensure_contacts(account_id)
    return account_id


def _ensure_contacts(account_id: int) -> None:
    if query_one("SELECT 1 FROM groups WHERE account_id = ?", (account_id,)) is None:
        group = contacts.create_group(account_id, "Sandbox customers", columns=["phone", "name", "city"], side=SANDBOX, actor=ACTOR)
        contacts.add_contacts(account_id, group["id"], (contacts.NewContact(*contact) for contact in CONTACTS), "UG", actor=ACTOR)


def published(account_id: int, base_url: str) -> dict[str, Any]:
    """Everything a script needs to use the sandbox; the shape is a contract."""
    row = query_one("SELECT id FROM groups WHERE account_id = ? AND state = 'ready' ORDER BY id LIMIT 1", (account_id,))
    return {
        "account_id": account_id,
        "base_url": base_url,
        "wesendall": {**CREDENTIALS["wesendall"].shown(), "wallet_id": WALLETS["wesendall"][0]},
        "wasambazie": {**CREDENTIALS["wasambazie"].shown(), "sender_id": SENDERS[0]},
        "esms": {**CREDENTIALS["esms"].shown(), "sender_id": SENDERS[1], "contact_list_ids": [row[0]] if row else []},
        "worldledgers": CREDENTIALS["worldledgers"].shown(),
    }


def curl_example(base_url: str) -> str:
    """A command that sends a message as it is printed."""
    given = CREDENTIALS["wesendall"]
    return (
        f"curl -u {given.public}:{given.secret} -H 'Content-Type: application/json' \\\n"
        f'  -d \'{{"walletId": "{WALLETS["wesendall"][0]}", "recipient": "0712345678",'
        f' "message": "Hello from wesend"}}\' \\\n  {base_url}/api/v1/sms/send'
    )
