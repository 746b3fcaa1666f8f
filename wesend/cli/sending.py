"""`wesend send`."""

from __future__ import annotations

import click
from flask import current_app

from ..accounts.service import get_account
from ..core.errors import InvalidInput, NoRoute
from ..messages.sending import no_route
from ..messages.sending import send as sending
from ..messages.sending.compose import Composer, read_recipients
from ..messages.sending.options import Origin
from ..sandbox import account as sandbox_account
from ..wallets.service import WalletInfo, find_wallet, only_live_wallet
from .shared import ACTOR, Answer, command


def _default_wallet() -> WalletInfo:
    """The sandbox's while it is on (it can do no harm), else the only live wallet."""
    wallet = sandbox_account.default_wallet() if current_app.config["WESEND"].sandbox else None
    wallet = wallet or only_live_wallet(actor=ACTOR)
    if wallet is None:
        raise InvalidInput("Name the wallet that pays with --wallet")
    return wallet


@command(
    "send",
    click.argument("phone"),
    click.argument("text"),
    click.option("--wallet", default=None, help="The wallet that pays (default: the sandbox's while it is on)."),
)
def send(phone: str, text: str, wallet: str | None) -> Answer:
    """Send one SMS."""
    paying = find_wallet(wallet, actor=ACTOR) if wallet else _default_wallet()
    account = get_account(paying.account_id)
    composer = Composer(account, paying, text)
    to = list(read_recipients([phone], account.country))
    no_route.log.disabled = True  # what it would note for an operator is said below
    try:
        message = sending.send(composer, to, actor=ACTOR, origin=Origin(ACTOR), raise_rejected=False).messages[0]
    except NoRoute as error:
        raise NoRoute(no_route.cause(to[0].phone, paying, actor=ACTOR) if to[0].phone else str(error)) from error
    finally:
        no_route.log.disabled = False
    return (
        {"message_id": message["uid"], "status": message["status"]},
        f"{message['uid']} to {message['recipient']}: {message['status']}"
        + (f" ({message['error_message']})" if message["error_message"] else ""),
    )


COMMANDS = (send,)
