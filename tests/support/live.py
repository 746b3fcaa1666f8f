"""Live wallets on a real server's instance: customers whose messages go to a gateway that was set up, and bulks."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from tests.conftest import close, make_app
from wesend.messages.sending.compose import Composer, read_recipients
from wesend.messages.sending.options import Options, Origin
from wesend.messages.sending.send import send_bulk
from wesend.wallets.service import find_wallet

from .server import Server
from .wire import Customer

RICH = "1000000000"


def live_customer(server: Server, url: str, *, gateway: str = "at", kind: str = "africastalking", **options) -> Customer:
    """A wallet with money whose messages to Uganda go to a gateway at ``url``, at 35 UGX each."""
    given = [f"--option={name}={value}" for name, value in {"username": "acme", "base_url": url, **options}.items()]
    server.command("gateway", "set", gateway, "--type", kind, *given, "--secret", "api_key=k")
    return customer_of(server, gateway)


def customer_of(server: Server, gateway: str) -> Customer:
    """The same for a gateway that is there."""
    server.command(
        "route", "set", "LIVE", "--country", "UG", "--gateway", gateway, "--price", "35", "--currency", "UGX", "--priority", "-1"
    )
    account = str(server.command("account", "create", "Live")["account_id"])
    wallet = server.command("wallet", "create", "--account", account, "--currency", "UGX")["wallet_id"]
    server.command("wallet", "credit", wallet, RICH)
    key = server.command("key", "create", "--account", account, "--wallet", wallet, "--api", "wesendall")
    return Customer(key["api_key"], key["api_secret"], wallet)


def number(index: int) -> str:
    return f"+25677{1_000_000 + index}"


def queue_bulk(instance: Path, wallet: str, size: int, *, alike: bool = False, first: int = 0) -> None:
    """A bulk from a process of its own, as if by an API; each message with a text of its own unless ``alike``."""
    from wesend.accounts.service import get_account

    app = make_app(instance)
    numbers = count()
    with app.app_context():
        paying = find_wallet(wallet, actor="test")
        composer = Composer(
            get_account(paying.account_id),
            paying,
            "Hello",
            render=None if alike else lambda text, values: f"{text} {next(numbers)}",
        )
        send_bulk(
            composer,
            read_recipients([number(first + index) for index in range(size)], "UG"),
            actor="test",
            origin=Origin("wesendall"),
            options=Options(),
        )
    close(app)
