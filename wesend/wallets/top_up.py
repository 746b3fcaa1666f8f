"""Topping a wallet up from the dashboard: whoever may send may ask a phone to pay."""

from __future__ import annotations

import re
from contextlib import suppress

from ..accounts import roles
from ..accounts.roles import SEE, TOP_UP, Actor
from ..accounts.service import AccountInfo
from ..adapters.money.base import NETWORKS
from ..core import phones
from ..core.errors import AccountSuspended, DepositNotFound, InvalidInput, WalletNotFound
from ..core.languages import sentence
from ..core.networks import plan_of
from ..database import query
from ..database.errors import INTEGRITY_ERRORS
from ..database.rows import DepositRow
from ..gateways import registry
from .deposits import DepositOfWallet, get_deposit, start_deposit
from .service import WalletInfo

UID = re.compile(r"dep_[0-9a-f]{32}")


def ask_phone(
    account: AccountInfo,
    wallet: WalletInfo,
    amount_micros: int,
    phone_text: str,
    *,
    provider: str | None,
    uid: str | None = None,
    actor: Actor,
) -> DepositOfWallet:
    """Ask a payer's phone for ``amount_micros`` of the wallet's purchase currency; the pending deposit.

    ``uid``: the id that it will have. However often it is asked for with the same, the phone is asked once.
    """
    roles.require(actor, TOP_UP, account.id)
    if not account.is_active:
        raise AccountSuspended
    if wallet.account_id != account.id:
        raise WalletNotFound
    phone = phones.normalise(phone_text, account.country)
    if phone is None:
        raise InvalidInput(
            sentence("%(phone_text)s is not a phone number", phone_text=phone_text[:40]), {"phone": [phones.problem(phone_text)]}
        )
    if uid is None or not UID.fullmatch(uid):
        return start_deposit(wallet, amount_micros, phone, provider=provider, actor=actor)
    with suppress(DepositNotFound):
        return get_deposit(uid, wallet, actor=actor)
    try:
        return start_deposit(wallet, amount_micros, phone, uid=uid, provider=provider, actor=actor)
    except INTEGRITY_ERRORS:  # the same form, sent at the same time
        return get_deposit(uid, wallet, actor=actor)


def is_offered(wallet: WalletInfo) -> bool:
    """Whether any gateway takes the wallet's money: a page that could only refuse is not shown."""
    return registry.takes_money(wallet.purchase_currency, is_sandbox=wallet.is_sandbox)


def networks(account: AccountInfo, wallet: WalletInfo) -> list[str]:
    """The networks of the account's country of which a gateway takes the wallet's money."""
    known = [name for name in plan_of(account.country) if name in NETWORKS]
    return registry.networks_that_pay(wallet.purchase_currency, known, is_sandbox=wallet.is_sandbox)


def deposits_of(wallet: WalletInfo, limit: int, *, actor: Actor) -> list[DepositRow]:
    """Newest first."""
    roles.require(actor, SEE, wallet.account_id)
    return query("SELECT * FROM deposits WHERE wallet_id = ? ORDER BY id DESC LIMIT ?", (wallet.id, limit))
