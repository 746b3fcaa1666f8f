"""`wesend account`, `wesend key`."""

from __future__ import annotations

from typing import Any

import click

from ..accounts import keys, quota, service
from ..accounts.credentials import new_credentials
from ..accounts.service import AccountInfo
from ..core import clock, money
from ..dialects import DIALECTS
from ..messages.dispatch import suspension
from ..wallets.service import wallet_of_account
from .shared import ACCOUNT, ACTOR, Answer, command


@click.group()
def account() -> None:
    """Accounts: create, list, suspend, resume; and what becomes of what was late then."""


def _account(info: AccountInfo, did: str) -> Answer:
    return {"account_id": info.id, "name": info.name}, f"Account {info.id} ({info.name}) {did}."


@command(
    "create",
    click.argument("name"),
    click.option("--country", default="UG", metavar="CODE", help="Where national numbers are of: ISO 3166 (UG)."),
    click.option("--time-zone", default=None, metavar="ZONE", help="IANA name; default: the country's main zone."),
    group=account,
)
def create_account(name: str, country: str, time_zone: str | None) -> Answer:
    """Create an account: a customer, with wallets, keys, contacts and people of its own."""
    return _account(service.create_account(name, country, time_zone, actor=ACTOR), "created")


@command("suspend", click.argument("account_id", type=int, metavar="ID"), group=account)
def suspend_account(account_id: int) -> Answer:
    """Let nothing more of an account leave, and refuse its API calls; what waits is kept."""
    shown, told = _account(suspension.suspend(account_id, actor=ACTOR), "suspended")
    waiting = suspension.count_waiting(account_id, actor=ACTOR)
    return {**shown, "waiting": waiting}, told + (f" {waiting} messages are kept." if waiting else "")


@command("resume", click.argument("account_id", type=int, metavar="ID"), group=account)
def resume_account(account_id: int) -> Answer:
    """Go on with a suspended account, but for what is past its time by more than an hour."""
    shown, told = _account(suspension.resume(account_id, actor=ACTOR), "resumed")
    late = suspension.count_late(account_id, actor=ACTOR)
    return {**shown, "waiting": late}, told + (
        f"\n{late} messages are past their time by more than an hour: `wesend account release {account_id}` sends them,"
        f" `wesend account drop {account_id}` cancels and refunds them."
        if late
        else ""
    )


@command("release", click.argument("account_id", type=int, metavar="ID"), group=account)
def release_account(account_id: int) -> Answer:
    """Send what was late when an account was resumed."""
    released = suspension.release(account_id, actor=ACTOR)
    return {"account_id": account_id, "released": released}, f"{released} messages go out now."


@command("drop", click.argument("account_id", type=int, metavar="ID"), group=account)
def drop_account(account_id: int) -> Answer:
    """Cancel and refund what was late when an account was resumed."""
    done = suspension.drop(account_id, actor=ACTOR)
    refunded = {currency: money.text(micros) for currency, micros in done.refunded_micros.items()}
    told = ", ".join(f"{amount} {currency}" for currency, amount in refunded.items())
    return (
        {"account_id": account_id, "cancelled": done.messages, "refunded": refunded},
        f"{done.messages} messages were cancelled{f'; {told} went back' if told else ''}.",
    )


@command("list", group=account)
def list_accounts() -> Answer:
    """List the accounts."""
    rows: list[dict[str, Any]] = [
        {
            "account_id": row["id"],
            "name": row["name"],
            "country": row["country"],
            "status": row["status"],
            "is_sandbox": bool(row["is_sandbox"]),
            "storage_mb": round(row["stored_bytes"] / quota.MB, 1),
        }
        for row in service.list_accounts(actor=ACTOR)
    ]
    return {"accounts": rows}, "\n".join(
        f"{row['account_id']:>5}  {row['country']}  {row['status']:<9}  {row['storage_mb']:>8.1f} MB  {row['name']}"
        + " (sandbox)" * row["is_sandbox"]
        for row in rows
    ) or "No accounts yet."


@click.group()
def key() -> None:
    """API keys: create, list, revoke."""


@command(
    "create",
    ACCOUNT,
    click.option("--wallet", required=True, metavar="WALLET", help="The wallet that pays; a key of a sandbox wallet never sends."),
    click.option(
        "--api",
        required=True,
        type=click.Choice([dialect.name for dialect in DIALECTS]),
        help="The API it is for; each key speaks one.",
    ),
    click.option("--name", default=None, help="What it is called in lists."),
    click.option(
        "--scopes", default=None, metavar="LIST", help="Comma list of send,query,webhooks,two_way (default: all but two_way)."
    ),
    group=key,
)
def create_key(account_id: int, wallet: str, api: str, name: str | None, scopes: str | None) -> Answer:
    """Create an API key; its secret is shown this once."""
    account = service.get_account(account_id)
    paying = wallet_of_account(wallet, account.id, actor=ACTOR)
    wanted = keys.parse_scopes(scopes)
    credentials = new_credentials(api, for_sandbox=paying.is_sandbox)
    key_id = keys.create_key(
        account_id=account.id, wallet_id=paying.id, api=api, name=name, scopes=wanted, credentials=credentials, actor=ACTOR
    )
    shown = credentials.shown()
    return (
        {"key_id": key_id, "name": name or api, "api": api, "wallet_id": paying.uid, "scopes": wanted, **shown},
        "\n".join(
            [f"Key {key_id} created; note it now, the secret is not shown again:"]
            + [f"  {label}: {value}" for label, value in shown.items()]
        ),
    )


@command("revoke", click.argument("key_id", type=int, metavar="KEY_ID"), group=key)
def revoke_key(key_id: int) -> Answer:
    """Refuse a key from now on."""
    row = keys.revoke_key(key_id, actor=ACTOR)
    return ({"key_id": row["id"], "revoked_at": clock.iso(row["revoked_at"])}, f"Key {key_id} ({row['prefix']}…) revoked.")


@command("list", ACCOUNT, group=key)
def list_keys(account_id: int) -> Answer:
    """List the keys of an account."""
    service.get_account(account_id)
    rows = [
        {
            "key_id": row["id"],
            "name": row["name"],
            "api": row["api"],
            "prefix": row["prefix"],
            "wallet_id": row["wallet_uid"],
            "scopes": row["scopes"].split(","),
            "last_used_at": clock.iso(row["last_used_at"]),
            "revoked_at": clock.iso(row["revoked_at"]),
        }
        for row in keys.list_keys(account_id, actor=ACTOR)
    ]
    text = "\n".join(
        f"{row['key_id']:>5}  {row['api']:<12}  {row['prefix']}…  {row['name']}  "
        f"last used {row['last_used_at'] or 'never'}" + ("  revoked" if row["revoked_at"] else "")
        for row in rows
    )
    return {"keys": rows}, text or "No keys yet."


COMMANDS = (account, key)
