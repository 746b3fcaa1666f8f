"""`wesend wallet`."""

from __future__ import annotations

import click

from ..accounts.service import get_account
from ..core import money
from ..routing import payable
from ..wallets import service
from ..wallets.service import WalletInfo
from .shared import ACCOUNT, ACTOR, AMOUNT, Answer, command


@click.group()
def wallet() -> None:
    """Wallets: create, list, credit, debit, show, set, alert."""


WALLET = click.argument("wallet_id", metavar="WALLET")
NOTE = click.option("--note", default=None, help="Why; kept in the ledger.")


def _wallet(info: WalletInfo) -> Answer:
    balance = money.text(service.read_balance(info, actor=ACTOR))
    called = f" ({info.name})" if info.name else ""
    return (
        {"wallet_id": info.uid, "currency": info.currency, "balance": balance, **({"name": info.name} if info.name else {})},
        f"Wallet {info.uid}{called}: {balance} {info.currency}" + (" (sandbox)" if info.is_sandbox else ""),
    )


@command(
    "create",
    ACCOUNT,
    click.option("--currency", required=True, metavar="CODE", help="ISO 4217, or SMS for credits, one a segment."),
    click.option("--name", default=None, help="What people call it, in place of its id.", metavar="NAME"),
    click.option("--sandbox", is_flag=True, help="Everything paid from it goes only to the sandbox."),
    click.option("--sms-rate", type=AMOUNT, default=None, help="Price of one credit, for a wallet of SMS."),
    group=wallet,
)
def create_wallet(account_id: int, currency: str, name: str | None, sandbox: bool, sms_rate: int | None) -> Answer:
    """Create an empty wallet."""
    payable.require(currency)
    made = service.create_wallet(
        account_id=account_id, currency=currency, is_sandbox=sandbox, sms_rate_micros=sms_rate, name=name, actor=ACTOR
    )
    return _wallet(made)


@command("list", ACCOUNT, group=wallet)
def list_wallets(account_id: int) -> Answer:
    """List the wallets of an account with their balances."""
    get_account(account_id)
    found = [_wallet(WalletInfo.of(row)) for row in service.list_wallets(account_id, actor=ACTOR)]
    return {"wallets": [data for data, _ in found]}, "\n".join(text for _, text in found) or "No wallets yet."


@command("credit", WALLET, click.argument("amount", type=AMOUNT), NOTE, group=wallet)
def credit_wallet(wallet_id: str, amount: int, note: str | None) -> Answer:
    """Put money into a wallet by hand."""
    info = service.find_wallet(wallet_id, actor=ACTOR)
    service.credit_by_hand(info, amount, note=note, actor=ACTOR)
    return _wallet(info)


@command("debit", WALLET, click.argument("amount", type=AMOUNT), NOTE, group=wallet)
def debit_wallet(wallet_id: str, amount: int, note: str | None) -> Answer:
    """Take money out of a wallet by hand."""
    info = service.find_wallet(wallet_id, actor=ACTOR)
    service.debit_by_hand(info, amount, note=note, actor=ACTOR)
    return _wallet(info)


@command("show", WALLET, group=wallet)
def show_wallet(wallet_id: str) -> Answer:
    """Show a wallet's balance, and how far below zero it may fall."""
    info = service.find_wallet(wallet_id, actor=ACTOR)
    return _with_limit(info) if service.credit_limit_of(info, actor=ACTOR) else _wallet(info)


@command(
    "alert",
    WALLET,
    click.argument("amount"),
    click.option("--mail", default=None, help="Address to tell, too (default: WESEND_ALERT_MAIL)."),
    group=wallet,
)
def alert(wallet_id: str, amount: str, mail: str | None) -> Answer:
    """Tell when the balance falls below an AMOUNT, or `off`: once a crossing, by webhook and mail."""
    info = service.find_wallet(wallet_id, actor=ACTOR)
    threshold = None if amount == "off" else AMOUNT(amount)
    service.set_low_balance(info, threshold, mail, actor=ACTOR)
    shown = None if threshold is None else money.text(threshold)
    return (
        {"wallet_id": info.uid, "below": shown, "mail": mail},
        f"Wallet {info.uid}: " + ("no alert" if shown is None else f"tells below {shown} {info.currency}"),
    )


@command(
    "set",
    WALLET,
    click.option("--name", default=None, metavar="NAME", help="What people call it; empty: its id."),
    click.option("--credit-limit", type=AMOUNT, default=None, help="How far below zero the balance may fall (0: paid in advance)."),
    group=wallet,
)
def set_wallet(wallet_id: str, name: str | None, credit_limit: int | None) -> Answer:
    """Change what is set for a wallet; what is not given stays."""
    info = service.find_wallet(wallet_id, actor=ACTOR)
    service.change(info, name, credit_limit, actor=ACTOR)
    return _with_limit(service.find_wallet(wallet_id, actor=ACTOR))


def _with_limit(info: WalletInfo) -> Answer:
    shown, told = _wallet(info)
    limit = service.credit_limit_of(info, actor=ACTOR)
    return {**shown, "credit_limit": money.text(limit)}, f"{told}, may fall to {money.text(-limit)}"


COMMANDS = (wallet,)
