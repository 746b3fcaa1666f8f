"""`wesend gateway`, `wesend deposit`."""

from __future__ import annotations

import sys

import click
from flask import current_app

from ..accounts.service import get_account
from ..adapters.options import Option
from ..core import clock, money
from ..core.errors import InvalidInput
from ..database import Row
from ..gateways import registry, service
from .shared import ACTOR, WHOLE, Answer, command, standard_input

LONGEST_SECRET = 20_000  # characters of a file: a key with its certificates fits


@click.group()
def gateway() -> None:
    """Gateways: types, set up, list, test, remove."""


def _pairs(given: tuple[str, ...], word: str) -> dict[str, str]:
    found = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise click.UsageError(f"--{word} takes NAME=VALUE, not {name[:40]!r}")
        found[name.strip()] = value
    return found


def _secrets(given: tuple[str, ...]) -> dict[str, str]:
    """``K=@FILE`` reads a file, ``K=-`` the next line of the input (asked for, unseen, at a terminal), ``K=@@V`` is ``@V``.

    Every user of a machine sees the arguments of its commands.
    """
    return {name: _secret(name, value) for name, value in _pairs(given, "secret").items()}


def _secret(name: str, value: str) -> str:
    if value == "-":
        asked = click.prompt(name, hide_input=True, err=True) if standard_input().isatty() else standard_input().readline()
        if not asked.strip():
            raise InvalidInput(f"No secret {name} came in: nothing was set")
        return asked.rstrip("\r\n")
    if value.startswith("@@"):
        return value[1:]
    if not value.startswith("@"):
        return value
    try:
        with open(value[1:], encoding="utf-8") as file:
            read = file.read(LONGEST_SECRET + 1).rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InvalidInput(f"The secret {name} can't be read from {value[1:]}: {reason}") from error
    if not read.strip() or len(read) > LONGEST_SECRET:
        raise InvalidInput(f"The secret {name} can't be read from {value[1:]}: it is {'too long' if read.strip() else 'empty'}")
    return read


def _shown(info: service.GatewayInfo) -> dict:
    return {
        "name": info.name,
        "type": info.type,
        "ok": info.problem is None,
        "callback_url": info.callback_url,
        "problem": info.problem,
    }


def _line(info: service.GatewayInfo) -> str:
    return f"{info.name:<16} {info.type:<14} {'ok' if info.problem is None else info.problem}" + (
        f"\n    callback: {info.callback_url}" if info.callback_url else ""
    )


@command("types", click.argument("type_name", metavar="[TYPE]", required=False), group=gateway)
def list_types(type_name: str | None) -> Answer:
    """Tell which types of gateway there are, and what can be set of them."""
    if type_name is not None and type_name not in registry.types():
        raise InvalidInput(f"{type_name} is no type of gateway: choose one of {', '.join(registry.types())}")
    found = {name: kind for name, kind in registry.types().items() if type_name in (None, name)}
    shown = [
        {
            "type": name,
            "kind": registry.kind_of(name),
            "about": kind.about,
            "any_secret": kind.any_secret,
            "options": [_option(option) for option in kind.options + kind.common_options],
            "secrets": [_option(secret) for secret in kind.secrets],
        }
        for name, kind in found.items()
    ]
    return {"types": shown}, "\n".join(line for entry in shown for line in _type_lines(entry))


def _option(option: Option) -> dict:
    return {"name": option.name, "required": option.required, "help": option.help, "choices": list(option.choices)}


def _type_lines(entry: dict) -> list[str]:
    lines = [f"{entry['type']} ({'SMS' if entry['kind'] == 'sms' else 'mobile money'}): {entry['about']}"]
    for word in ("option", "secret"):
        for one in entry[f"{word}s"]:
            says = "; ".join(filter(None, ["required" * one["required"], one["help"], ", ".join(one["choices"])]))
            lines.append(f"  --{word} {one['name'] + '=…':<20} {says}".rstrip())
    return lines + ["  --secret NAME=…          any, for the templates that name it"] * entry["any_secret"]


@command(
    "set",
    click.argument("name"),
    click.option("--type", "type_name", required=True, metavar="TYPE", help="What kind it is; `wesend gateway types` tells."),
    click.option("--option", "options", multiple=True, metavar="K=V", help="A setting; repeatable."),
    click.option(
        "--secret",
        "secrets",
        multiple=True,
        metavar="K=V",
        help="A secret: sealed, never shown again; repeatable. K=@FILE reads it from a file, K=- asks for it: what"
        " stands on a command line, other users of the machine can see.",
    ),
    group=gateway,
)
def set_gateway(name: str, type_name: str, options: tuple[str, ...], secrets: tuple[str, ...]) -> Answer:
    """Set up a gateway, or set it anew: options are all given again, secrets that are not given stay."""
    info = service.set_gateway(name, type_name, _pairs(options, "option"), _secrets(secrets), actor=ACTOR)
    return _shown(info), _line(info)


@command("list", group=gateway)
def list_gateways() -> Answer:
    """List the gateways with the addresses to give to their vendors."""
    found = service.list_gateways()
    return {"gateways": [_shown(info) for info in found]}, "\n".join(map(_line, found))


@command("remove", click.argument("name"), group=gateway)
def remove_gateway(name: str) -> Answer:
    """Remove a gateway; what waits for it goes another way or is refunded."""
    service.remove_gateway(name, actor=ACTOR)
    name = service.named(name)
    return {"name": name, "removed": True}, f"Gateway {name} removed."


@command(
    "test",
    click.argument("name"),
    click.option("--to", required=True, metavar="PHONE", help="Where to send to."),
    click.option("--text", default=None, help="What to send."),
    click.option("--sender", default=None, help="Sender ID."),
    group=gateway,
)
def test_gateway(name: str, to: str, text: str | None, sender: str | None) -> Answer:
    """Send one real SMS through a gateway, past wallets and routes; exit 1 when it was not accepted."""
    from ..gateways import probe
    from ..guards import probing

    tried = probing.send_probe(name, to, text=probe.TEXT if text is None else text, sender=sender, actor=ACTOR)
    registry.close(current_app)
    outcome = tried.outcome
    if not tried.ok:
        click.get_current_context().call_on_close(lambda: sys.exit(1))
    return (
        {
            **_shown(service.get_gateway(name)),
            "ok": tried.ok,
            "outcome": outcome.kind,
            "gateway_message_id": outcome.gateway_ref,
            "code": outcome.code,
            "text": outcome.text,
        },
        f"{tried.gateway}: {outcome.kind}" + (f" ({tried.said})" if tried.said else ""),
    )


@click.group()
def vendor() -> None:
    """Vendors that are described by files."""


gateway.add_command(vendor)


@command("check", click.argument("file", metavar="FILE", type=click.Path(dir_okay=False)), group=vendor, migrated=False)
def check_vendor(file: str) -> Answer:
    """Read a vendor's TOML file strictly and run its samples; nothing is sent. Exit 1 with what is wrong and where."""
    from ..gateways.vendor_files import check_file  # every vendor with it

    found = check_file(file)
    parts = ("receipt", found.receipts), ("poll", found.poll), ("inbound", found.inbound), ("balance", found.balance)
    has = ["answer", *(name for name, part in parts if part is not None)]
    return (
        {"file": file, "ok": True, "name": found.name, "label": found.label, "parts": has, "samples": len(found.samples)},
        f"{found.label} ({found.name}): in order, {len(found.samples)} samples read as they say. It describes {', '.join(has)}.",
    )


@click.group()
def deposit() -> None:
    """Deposits: list, ask the gateway again."""


def _deposit(row: Row) -> dict:
    return {
        "deposit_id": row["uid"],
        "account_id": row["account_id"],
        "wallet_id": row["wallet_uid"],
        "amount": money.text(row["amount_micros"]),
        "currency": row["currency"],
        "phone": row["phone"],
        "gateway": row["gateway"],
        "status": row["status"],
        "reason": row["reason"],
        "credited": None if row["credited_micros"] is None else money.text(row["credited_micros"]),
        "created_at": clock.iso(row["created_at"]),
    }


def _deposit_line(row: Row) -> str:
    return (
        f"{row['uid']}  {row['status']:<10}  {money.text(row['amount_micros'])} {row['currency']} from {row['phone']}"
        f" by {row['gateway']}" + (f" ({row['reason']})" if row["reason"] else "")
    )


@command(
    "list",
    click.option("--account", "account_id", type=WHOLE, default=None, metavar="ID", help="Only this account's."),
    click.option("--status", type=click.Choice(["pending", "successful", "failed", "expired"]), default=None, help="Only these."),
    click.option("--limit", type=click.IntRange(1, 1000), default=50, help="How many, newest first (50)."),
    group=deposit,
)
def list_deposits(account_id: int | None, status: str | None, limit: int) -> Answer:
    """List deposits, newest first."""
    from ..wallets import deposits

    if account_id is not None:
        get_account(account_id)
    rows = deposits.list_deposits(account_id=account_id, status=status, limit=limit, actor=ACTOR)
    return {"deposits": [_deposit(row) for row in rows]}, "\n".join(map(_deposit_line, rows)) or "No deposits."


@command("check", click.argument("deposit_id", metavar="ID"), group=deposit)
def check_deposit(deposit_id: str) -> Answer:
    """Ask the gateway what became of a deposit and record it; money that came late is credited."""
    from ..wallets import deposit_review

    row = deposit_review.ask_now(deposit_review.deposit_by_uid(deposit_id, actor=ACTOR)["id"], actor=ACTOR)
    return _deposit(row), _deposit_line(row)


COMMANDS = (gateway, deposit)
