"""`wesend key`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..accounts import allowed_countries, key_limits, keys, sending_limits, service
from ..accounts.credentials import Credentials, new_credentials
from ..accounts.key_limits import KeyLimits
from ..accounts.service import AccountInfo
from ..binds import terms
from ..binds.terms import Terms
from ..core import clock, money
from ..core.errors import InvalidInput
from ..database.rows import ApiKeyRow
from ..dialects import NAMES
from ..wallets.service import wallet_by_id, wallet_of_account
from .shared import ACCOUNT, ACTOR, WHOLE, WORDED, Answer, command


@click.group()
def key() -> None:
    """API keys: create, list, bound, roll, revoke."""


EXPIRES = click.option(
    "--expires",
    type=WORDED,
    default=None,
    metavar="WHEN",
    help="A day (until its end in the account's zone), an ISO instant, or none.",
)
ALLOW_IP = click.option(
    "--allow-ip",
    type=WORDED,
    default=None,
    metavar="LIST",
    help="Comma list of addresses and networks it may be used from, or none.",
)
KEY_COUNTRIES = click.option(
    "--countries", default=None, metavar="LIST", help="Where it may send, within its account: UG,KE, or all."
)
DAILY_LIMIT = click.option(
    "--daily-limit",
    type=WORDED,
    default=None,
    metavar="AMOUNT",
    help="Most that it may send a day, in its wallet's currency, or none.",
)
VALID_FOR = click.option(
    "--valid-for",
    type=WORDED,
    default=None,
    metavar="SECONDS",
    help="Of its sends: what has not left by then is refunded (60-172800), or none.",
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
        before.allow_ip if allow_ip is None else key_limits.parse_networks(allow_ip),
        before.countries if countries is None else allowed_countries.parse(countries),
        before.daily_micros if daily is None else sending_limits.parse_daily(daily),
        before.valid_for if valid_for is None else key_limits.parse_validity(valid_for),
    )


def for_smpp(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that only an SMPP key has."""
    for option in (
        click.option("--default-sender", default=None, metavar="S", help="SMPP: who sends where a message names nobody, or none."),
        click.option("--senders", type=click.Choice(terms.SENDERS), default=None, help="SMPP: approved ones, or any as it comes."),
        click.option("--window", type=WHOLE, default=None, help="SMPP: unanswered PDUs of a bind, either way (50)."),
        click.option("--tps", type=WHOLE, default=None, help="SMPP: submit_sm a second, of a bind (100)."),
        click.option("--binds", type=WHOLE, default=None, help="SMPP: binds at once (3)."),
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


KEY_ID = click.argument("key_id", type=WHOLE, metavar="KEY_ID")


def _shown_terms(row: ApiKeyRow) -> dict[str, Any]:
    """What an SMPP key has beside the others."""
    return terms.terms_of(row["id"])._asdict() if row["api"] == terms.API else {}


@command("set", KEY_ID, bounded, for_smpp, group=key)
def set_key(key_id: int, **bounds: Any) -> Answer:
    """Bound a key: until when, from where, for which countries and for how much a day it may be used; of SMPP how fast."""
    row = keys.find_key(key_id, actor=ACTOR)
    chosen = _terms(bounds, terms.terms_of(key_id))
    limits = _limits(service.get_account(row["account_id"]), key_limits.read(row), bounds)
    row = terms.bound(key_id, limits, chosen, actor=ACTOR)
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


COMMANDS = (key,)
