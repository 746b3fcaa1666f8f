"""`wesend account`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..accounts import allowed_countries, quota, sending_limits, service
from ..accounts.service import AccountInfo
from ..core import clock, money
from ..routing import price_lists
from .shared import ACTOR, WHOLE, WORDED, Answer, command


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


ACCOUNT_ID = click.argument("account_id", type=WHOLE, metavar="ID")


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
        type=WORDED,
        default=None,
        metavar="AMOUNT",
        help="Most that is accepted a day of its zone, in each wallet's currency (of credits: credits), or none.",
    ),
    click.option(
        "--recipient-limit",
        type=WORDED,
        default=None,
        metavar="LIST",
        help="Messages to one number, as 5/10m,20/24h, or none; not of campaigns.",
    ),
    click.option(
        "--burst-limit",
        type=WORDED,
        default=None,
        metavar="LIST",
        help="Messages to numbers that share their first 8 digits, as 200/1h, or none; not of campaigns.",
    ),
    click.option(
        "--quiet-hours",
        type=WORDED,
        default=None,
        metavar="HOURS",
        help="When campaigns wait, by the clocks of the recipient's country, as 21:00-07:00, or none.",
    ),
    click.option("--price-list", type=WORDED, default=None, metavar="NAME", help="Whose prices it pays; none: its routes'."),
    click.option(
        "--legal-name", type=WORDED, default=None, metavar="NAME", help="The firm, as its statements name it; none: the account's."
    ),
    click.option("--address", type=WORDED, default=None, metavar="LINES", help="The firm's, lines separated by |; or none."),
    click.option("--tax-id", type=WORDED, default=None, metavar="NUMBER", help="The firm's tax number; or none."),
    group=account,
)
def set_account(account_id: int, **given: str | None) -> Answer:
    """Change what is set for an account; what is not given stays. What is refused in part is refused whole."""
    from ..operations import account_settings  # beside what lists of accounts need

    account_settings.change(account_id, account_settings.Wanted(**given), actor=ACTOR)
    return _show(account_id)


@command("suspend", click.argument("account_id", type=WHOLE, metavar="ID"), group=account)
def suspend_account(account_id: int) -> Answer:
    """Let nothing more of an account leave, and refuse its API calls; what waits is kept."""
    from ..messages.dispatch import suspension  # with all that sends, here and below: lists of accounts need none of it

    shown, told = _account(suspension.suspend(account_id, actor=ACTOR), "suspended")
    waiting = suspension.count_waiting(account_id, actor=ACTOR)
    return {**shown, "waiting": waiting}, told + (f" {waiting} messages are kept." if waiting else "")


@command("resume", click.argument("account_id", type=WHOLE, metavar="ID"), group=account)
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


@command("release", click.argument("account_id", type=WHOLE, metavar="ID"), group=account)
def release_account(account_id: int) -> Answer:
    """Send what was late when an account was resumed."""
    from ..messages.dispatch import suspension

    released = suspension.release(account_id, actor=ACTOR)
    return {"account_id": account_id, "released": released}, f"{released} messages go out now."


@command("drop", click.argument("account_id", type=WHOLE, metavar="ID"), group=account)
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


COMMANDS = (account,)
