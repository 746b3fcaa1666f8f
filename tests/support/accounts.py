"""More accounts than the sandbox's own: each with a wallet and a key of a dialect."""

from __future__ import annotations

from typing import NamedTuple

from flask import Flask

from wesend.accounts import keys, service
from wesend.accounts.credentials import Credentials, new_credentials
from wesend.core import money
from wesend.wallets import service as wallets

from .apis import Wesendall, WorldLedgers

ACTOR = "test"


class Minted(NamedTuple):
    """``wallet`` is its public id."""

    account_id: int
    wallet: str
    key_id: int
    credentials: Credentials


def mint(
    app: Flask,
    api: str = "wesendall",
    *,
    country: str = "UG",
    currency: str = "UGX",
    balance: str = "1000",
    is_sandbox: bool = True,
    countries: str = "all",
) -> Minted:
    """A new account with a wallet that holds ``balance``, and a key for ``api``; it may send everywhere."""
    with app.app_context():
        account = service.create_account(f"{api} {country}", country, countries=countries, actor=ACTOR)
        wallet = wallets.create_wallet(account_id=account.id, currency=currency, is_sandbox=is_sandbox, actor=ACTOR)
        if money.to_micros(balance):
            wallets.credit_by_hand(wallet, money.to_micros(balance), note=None, actor=ACTOR)
        key_id, credentials = mint_key(account.id, wallet, api)
    return Minted(account.id, wallet.uid, key_id, credentials)


def mint_key(account_id: int, wallet: wallets.WalletInfo, api: str) -> tuple[int, Credentials]:
    """One more key of an account; inside an application context."""
    credentials = new_credentials(api, for_sandbox=wallet.is_sandbox)
    return keys.create_key(account_id=account_id, wallet_id=wallet.id, api=api, credentials=credentials, actor=ACTOR), credentials


def wesendall_of(app: Flask, minted: Minted) -> Wesendall:
    """The Wesendall API as a minted key's owner calls it."""
    given = minted.credentials
    return Wesendall(app.test_client(), given.public, given.secret, minted.wallet)


def new_wesendall(app: Flask, **options) -> Wesendall:
    """The Wesendall API of a new account; options as in ``mint``."""
    return wesendall_of(app, mint(app, **options))


def new_worldledgers(app: Flask, **options) -> tuple[WorldLedgers, Minted]:
    """The World Ledgers API of a new Kenyan account with 10 credits; options as in ``mint``."""
    minted = mint(app, "worldledgers", **{"country": "KE", "currency": "SMS", "balance": "10", **options})
    return WorldLedgers(app.test_client(), minted.credentials.secret), minted
