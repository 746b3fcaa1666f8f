"""`wesend account`, `wesend key`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..accounts import allowed_countries, firms, key_limits, keys, quota, sending_limits, service
from ..accounts.credentials import Credentials, new_credentials
from ..accounts.key_limits import KeyLimits
from ..accounts.service import AccountInfo
from ..binds import terms
from ..binds.terms import Terms
from ..core import clock, money
from ..core.errors import InvalidInput
from ..database.rows import ApiKeyRow
from ..dialects import NAMES
from ..routing import price_list_editing, price_lists
from ..wallets.service import wallet_by_id, wallet_of_account
from .shared import ACCOUNT, ACTOR, Answer, command


@click.group()
def account() -> None:
    """Accounts: create, list, show, set, suspend, resume, export, close; and what becomes of what was late."""


def _account(info: AccountInfo, did: str) -> Answer:
    return {"account_id": info.id, "name": info.name}, f"Account {info.id} ({info.name}) {did}."


@command(
    "create",
    click.argument("name"),
    click.option("--country", default="UG", metavar="CODE", help="Where national numbers are of: ISO 3166 (UG)."),
    click.option("--time-zone", default=None, metavar="ZONE", help="IANA name; default: the country's main zone."),
    click.option("--countries", default=None, metavar="LIST", help="Where it may send: UG,KE or all (East Africa and its own)."),
    group=account,
)
def create_account(name: str, country: str, time_zone: str | None, countries: str | None) -> Answer:
    """Create an account: a customer, with wallets, keys, contacts and people of its own."""
    return _account(service.create_account(name, country, time_zone, countries=countries, actor=ACTOR), "created")


ACCOUNT_ID = click.argument("account_id", type=int, metavar="ID")


@command("show", ACCOUNT_ID, group=account)
def show_account(account_id: int) -> Answer:
    """Show all that is set for an account."""
    return _show(account_id)


def _show(account_id: int) -> Answer:
    row = service.account_row(account_id, actor=ACTOR)
    shown = {
        "account_id": row["id"],
        "name": row["name"],
        "country": row["country"],
        "time_zone": row["time_zone"],
        "status": service.state_of(row),
        "closed_at": clock.iso(row["closed_at"]),
        "is_sandbox": bool(row["is_sandbox"]),
        "countries": allowed_countries.shown(allowed_countries.read(row["countries"])),
        **sending_limits.read(row).shown(),
        "price_list": _price_list(row["price_list_id"]),
        "legal_name": row["legal_name"],
        "address": row["address"],
        "tax_id": row["tax_id"],
    }
    return shown, "\n".join(f"{name + ':':<17} {_line_of(value)}" for name, value in shown.items())


NONE = "none"
"""What takes away what was set."""


def _price_list(list_id: int | None) -> str | None:
    found = price_lists.all_lists().get(list_id) if list_id is not None else None
    return found.name if found is not None else None


def _line_of(value: object) -> object:
    return ", ".join(value) if isinstance(value, list) else "none" if value is None else value


@command(
    "set",
    ACCOUNT_ID,
    click.option("--countries", default=None, metavar="LIST", help="Where it may send: UG,KE or all."),
    click.option(
        "--daily-limit",
        default=None,
        metavar="AMOUNT",
        help="Most that is accepted a day of its zone, in each wallet's currency (of credits: credits), or none.",
    ),
    click.option(
        "--recipient-limit",
        default=None,
        metavar="LIST",
        help="Messages to one number, as 5/10m,20/24h, or none; not of campaigns.",
    ),
    click.option(
        "--burst-limit",
        default=None,
        metavar="LIST",
        help="Messages to numbers that share their first 8 digits, as 200/1h, or none; not of campaigns.",
    ),
    click.option(
        "--quiet-hours",
        default=None,
        metavar="HOURS",
        help="When campaigns wait, by the clocks of the recipient's country, as 21:00-07:00, or none.",
    ),
    click.option("--price-list", default=None, metavar="NAME", help="Whose prices it pays; none: its routes'."),
    click.option("--legal-name", default=None, metavar="NAME", help="The firm, as its statements name it; none: the account's."),
    click.option("--address", default=None, metavar="LINES", help="The firm's, lines separated by |; or none."),
    click.option("--tax-id", default=None, metavar="NUMBER", help="The firm's tax number; or none."),
    group=account,
)
def set_account(
    account_id: int,
    countries: str | None,
    daily_limit: str | None,
    recipient_limit: str | None,
    burst_limit: str | None,
    quiet_hours: str | None,
    price_list: str | None,
    legal_name: str | None,
    address: str | None,
    tax_id: str | None,
) -> Answer:
    """Change what is set for an account; what is not given stays."""
    before = service.find_account(account_id, actor=ACTOR).limits
    limits = before.changed(daily_limit, recipient_limit, burst_limit, quiet_hours)
    if limits != before:
        service.set_limits(account_id, limits, actor=ACTOR)
    if price_list is not None:
        price_list_editing.give(account_id, None if price_list.strip() == NONE else price_list, actor=ACTOR)
    firm = {"legal_name": legal_name, "address": address, "tax_id": tax_id}
    told = {name: None if text.strip() == NONE else text for name, text in firm.items() if text is not None}
    if told:
        firms.set_firm(account_id, told, actor=ACTOR)
    if countries is not None:
        service.set_countries(account_id, allowed_countries.parse(countries), actor=ACTOR)
    return _show(account_id)


@command("suspend", click.argument("account_id", type=int, metavar="ID"), group=account)
def suspend_account(account_id: int) -> Answer:
    """Let nothing more of an account leave, and refuse its API calls; what waits is kept."""
    from ..messages.dispatch import suspension  # with all that sends, here and below: lists of accounts need none of it

    shown, told = _account(suspension.suspend(account_id, actor=ACTOR), "suspended")
    waiting = suspension.count_waiting(account_id, actor=ACTOR)
    return {**shown, "waiting": waiting}, told + (f" {waiting} messages are kept." if waiting else "")


@command("resume", click.argument("account_id", type=int, metavar="ID"), group=account)
def resume_account(account_id: int) -> Answer:
    """Go on with a suspended account, but for what is past its time by more than an hour."""
    from ..messages.dispatch import suspension

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
    from ..messages.dispatch import suspension

    released = suspension.release(account_id, actor=ACTOR)
    return {"account_id": account_id, "released": released}, f"{released} messages go out now."


@command("drop", click.argument("account_id", type=int, metavar="ID"), group=account)
def drop_account(account_id: int) -> Answer:
    """Cancel and refund what was late when an account was resumed."""
    from ..messages.dispatch import suspension

    done = suspension.drop(account_id, actor=ACTOR)
    refunded = {currency: money.text(micros) for currency, micros in done.refunded_micros.items()}
    told = ", ".join(f"{amount} {currency}" for currency, amount in refunded.items())
    return (
        {"account_id": account_id, "cancelled": done.messages, "refunded": refunded},
        f"{done.messages} messages were cancelled{f'; {told} went back' if told else ''}.",
    )


@command("export", ACCOUNT_ID, click.argument("file", type=click.Path(path_type=Path), metavar="FILE.zip"), group=account)
def export_account(account_id: int, file: Path) -> Answer:
    """Write everything of an account to a ZIP of CSV and JSON files.

    \b
    wesend account export 2 shop.zip
    """
    from ..people import account_export  # every table

    done = account_export.to_file(account_id, file.absolute(), actor=ACTOR)
    return (
        {"account_id": account_id, "file": str(file), "bytes": done.bytes, "counts": done.counts},
        f"{file}: {sum(done.counts.values())} rows, {done.bytes} bytes",
    )


@command("close", ACCOUNT_ID, click.option("--yes", "is_sure", is_flag=True, help="For good: there is no way back."), group=account)
def close_account(account_id: int, is_sure: bool) -> Answer:
    """Close an account for good: keys, webhooks and users end, what waits is refunded, texts go, the ledger stays.

    \b
    wesend account export 2 shop.zip && wesend account close 2 --yes
    """
    from ..people import closing  # every domain

    done = closing.close(account_id, is_sure=is_sure, actor=ACTOR)
    refunded = {currency: money.text(micros) for currency, micros in done.refunded_micros.items() if micros}
    data = {
        "account_id": account_id,
        "name": done.account.name,
        "status": "closed",
        "closed_at": clock.iso(done.closed_at),
        "keys": done.keys,
        "webhooks": done.webhooks,
        "users": done.users,
        "cancelled": done.cancelled,
        "refunded": refunded,
        "texts": done.texts,
    }
    back = ", ".join(f"{amount} {currency}" for currency, amount in refunded.items())
    return data, (
        f"{done.account.name} is closed: {done.keys} keys, {done.webhooks} webhooks and {done.users} users ended,"
        f" {done.cancelled} messages were cancelled{f' ({back} went back)' if back else ''}, {done.texts} texts were removed."
    )


@command("list", group=account)
def list_accounts() -> Answer:
    """List the accounts."""
    rows: list[dict[str, Any]] = [
        {
            "account_id": row["id"],
            "name": row["name"],
            "country": row["country"],
            "status": service.state_of(row),
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
    """API keys: create, list, bound, roll, revoke."""


EXPIRES = click.option(
    "--expires", default=None, metavar="WHEN", help="A day (until its end in the account's zone), an ISO instant, or none."
)
ALLOW_IP = click.option(
    "--allow-ip", default=None, metavar="LIST", help="Comma list of addresses and networks it may be used from, or none."
)


KEY_COUNTRIES = click.option(
    "--countries", default=None, metavar="LIST", help="Where it may send, within its account: UG,KE, or all."
)


DAILY_LIMIT = click.option(
    "--daily-limit", default=None, metavar="AMOUNT", help="Most that it may send a day, in its wallet's currency, or none."
)
VALID_FOR = click.option(
    "--valid-for", default=None, metavar="SECONDS", help="Of its sends: what has not left by then is refunded (60-172800), or none."
)


def bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that bound a key."""
    for option in (VALID_FOR, DAILY_LIMIT, KEY_COUNTRIES, ALLOW_IP, EXPIRES):
        function = option(function)
    return function


def _limits(account: AccountInfo, before: KeyLimits, given: dict[str, str | None]) -> KeyLimits:
    """What was given of `bounded` in place of what was before."""
    expires, allow_ip, countries = given["expires"], given["allow_ip"], given["countries"]
    daily, valid_for = given["daily_limit"], given["valid_for"]
    return KeyLimits(
        before.expires_at if expires is None else key_limits.parse_expiry(expires, account.time_zone),
        before.networks if allow_ip is None else key_limits.parse_networks(allow_ip),
        before.countries if countries is None else allowed_countries.parse(countries),
        before.daily_micros if daily is None else sending_limits.parse_daily(daily),
        before.valid_for if valid_for is None else key_limits.parse_validity(valid_for),
    )


def for_smpp(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that only an SMPP key has."""
    for option in (
        click.option("--default-sender", default=None, metavar="S", help="SMPP: who sends where a message names nobody, or none."),
        click.option("--senders", type=click.Choice(terms.SENDERS), default=None, help="SMPP: approved ones, or any as it comes."),
        click.option("--window", type=int, default=None, help="SMPP: unanswered PDUs of a bind, either way (50)."),
        click.option("--tps", type=int, default=None, help="SMPP: submit_sm a second, of a bind (100)."),
        click.option("--binds", type=int, default=None, help="SMPP: binds at once (3)."),
    ):
        function = option(function)
    return function


SMPP_OPTIONS = ("binds", "tps", "window", "senders", "default_sender")


def _terms(given: dict[str, Any], before: Terms) -> Terms | None:
    """What was given of `for_smpp` in place of what was before, taken out of ``given``; None: nothing was."""
    wanted = {name: value for name in SMPP_OPTIONS if (value := given.pop(name)) is not None}
    if wanted.get("default_sender", "").lower() == "none":
        wanted["default_sender"] = None
    return before._replace(**wanted) if wanted else None


@command(
    "create",
    ACCOUNT,
    click.option("--wallet", required=True, metavar="WALLET", help="The wallet that pays; a key of a sandbox wallet never sends."),
    click.option("--api", required=True, type=click.Choice([*NAMES, terms.API]), help="The API it is for; each key speaks one."),
    click.option("--name", default=None, help="What it is called in lists."),
    click.option(
        "--scopes", default=None, metavar="LIST", help="Comma list of send,query,webhooks,two_way (default: all but two_way)."
    ),
    click.option("--namespace", default=None, metavar="NAME", help="Of a sandbox key: where what it sends is caught (run-42)."),
    bounded,
    for_smpp,
    group=key,
)
def create_key(
    account_id: int, wallet: str, api: str, name: str | None, scopes: str | None, namespace: str | None, **bounds: Any
) -> Answer:
    """Create an API key; its secret is shown this once."""
    account = service.get_account(account_id)
    chosen = _terms(bounds, Terms())
    if chosen is not None and api != terms.API:
        raise click.UsageError("--binds, --tps, --window, --senders and --default-sender are for --api smpp")
    paying = wallet_of_account(wallet, account.id, actor=ACTOR)
    if namespace is not None and not paying.is_sandbox:
        raise InvalidInput("--namespace is for keys of sandbox wallets")
    wanted = keys.parse_scopes(scopes)
    credentials = new_credentials(api, for_sandbox=paying.is_sandbox)
    key_id = terms.create_key(
        account_id=account.id,
        wallet_id=paying.id,
        api=api,
        name=name,
        scopes=wanted,
        credentials=credentials,
        limits=_limits(account, KeyLimits(), bounds),
        terms=chosen or Terms(),
        namespace=namespace,
        actor=ACTOR,
    )
    return _with_secret(key_id, credentials)


def _with_secret(key_id: int, credentials: Credentials) -> Answer:
    """What is told of a new key, this once with its secret."""
    row, shown = keys.find_key(key_id, actor=ACTOR), credentials.shown()
    wallet = wallet_by_id(row["wallet_id"])
    return (
        {
            "key_id": key_id,
            "name": row["name"],
            "api": row["api"],
            "wallet_id": wallet.uid,
            "scopes": row["scopes"].split(","),
            **({"namespace": row["namespace"]} if row["namespace"] is not None else {}),
            **shown,
            **_shown_terms(row),
        },
        "\n".join(
            [f"Key {key_id} created; note it now, the secret is not shown again:"]
            + [f"  {label}: {value}" for label, value in shown.items()]
        ),
    )


KEY_ID = click.argument("key_id", type=int, metavar="KEY_ID")


def _shown_terms(row: ApiKeyRow) -> dict[str, Any]:
    """What an SMPP key has beside the others."""
    return terms.terms_of(row["id"])._asdict() if row["api"] == terms.API else {}


@command("set", KEY_ID, bounded, for_smpp, group=key)
def set_key(key_id: int, **bounds: Any) -> Answer:
    """Bound a key: until when, from where, for which countries and for how much a day it may be used; of SMPP how fast."""
    row = keys.find_key(key_id, actor=ACTOR)
    chosen = _terms(bounds, terms.terms_of(key_id))
    if chosen is not None:
        terms.set_terms(key_id, chosen, actor=ACTOR)
    limits = _limits(service.get_account(row["account_id"]), key_limits.read(row), bounds)
    row = keys.set_limits(key_id, limits, actor=ACTOR)
    shown = {**_shown(row), "wallet_id": wallet_by_id(row["wallet_id"]).uid}
    return shown, _line(shown)


@command(
    "roll",
    KEY_ID,
    click.option("--overlap", default="24h", metavar="TIME", help="How long the old one goes on: 30m, 24h, 7d or 0 (24h)."),
    group=key,
)
def roll_key(key_id: int, overlap: str) -> Answer:
    """Make a new key with the rights of an old one, which ends after the overlap."""
    row = keys.find_key(key_id, actor=ACTOR)
    credentials = new_credentials(row["api"], for_sandbox=wallet_by_id(row["wallet_id"]).is_sandbox)
    made = terms.roll(key_id, credentials, overlap_ms=key_limits.parse_overlap(overlap), actor=ACTOR)
    return _with_secret(made, credentials)


@command("revoke", KEY_ID, group=key)
def revoke_key(key_id: int) -> Answer:
    """Refuse a key from now on."""
    row = keys.revoke_key(key_id, actor=ACTOR)
    return ({"key_id": row["id"], "revoked_at": clock.iso(row["revoked_at"])}, f"Key {key_id} ({row['prefix']}…) revoked.")


def _shown(row: ApiKeyRow) -> dict[str, Any]:
    """A key as lists show it, but for its wallet."""
    return {
        "key_id": row["id"],
        "name": row["name"],
        "api": row["api"],
        "prefix": row["prefix"],
        "scopes": row["scopes"].split(","),
        **_shown_terms(row),
        "expires_at": clock.iso(row["expires_at"]),
        "allow_ip": row["allow_ip"],
        "countries": allowed_countries.shown(allowed_countries.read(row["countries"])),
        "daily_limit": None if row["daily_limit_micros"] is None else money.text(row["daily_limit_micros"]),
        "valid_for": row["valid_for"],
        "last_used_at": clock.iso(row["last_used_at"]),
        "last_used_ip": row["last_used_ip"],
        "unused": keys.is_unused(row),
        "revoked_at": clock.iso(row["revoked_at"]),
        **({"namespace": row["namespace"]} if row["namespace"] is not None else {}),
    }


def _line(shown: dict[str, Any]) -> str:
    return (
        f"{shown['key_id']:>5}  {shown['api']:<12}  {shown['prefix']}…  {shown['name']}  "
        f"last used {shown['last_used_at'] or 'never'}"
        + (f" from {shown['last_used_ip']}" if shown["last_used_ip"] else "")
        + (f"  expires {shown['expires_at']}" if shown["expires_at"] else "")
        + (f"  only from {shown['allow_ip']}" if shown["allow_ip"] else "")
        + (f"  only to {','.join(shown['countries'])}" if shown["countries"] != allowed_countries.ALL else "")
        + (f"  at most {shown['daily_limit']} a day" if shown["daily_limit"] else "")
        + (f"  valid for {shown['valid_for']} s" if shown["valid_for"] else "")
        + (f"  {shown['binds']} binds, {shown['tps']}/s, window {shown['window']}" if "binds" in shown else "")
        + ("  revoked" if shown["revoked_at"] else "  unused for 90 days" if shown["unused"] else "")
    )


@command("list", ACCOUNT, group=key)
def list_keys(account_id: int) -> Answer:
    """List the keys of an account."""
    service.get_account(account_id)
    rows = [{**_shown(row), "wallet_id": row["wallet_uid"]} for row in keys.list_keys(account_id, actor=ACTOR)]
    return {"keys": rows}, "\n".join(_line(row) for row in rows) or "No keys yet."


COMMANDS = (account, key)
