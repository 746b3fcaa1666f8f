"""What one segment costs a wallet."""

from __future__ import annotations

from ..accounts.service import AccountInfo
from ..core import money
from ..wallets.service import WalletInfo
from .routes import active_routes_by_country, wallet_price


def home_price(account: AccountInfo, wallet: WalletInfo) -> int | None:
    """Micro-units of the wallet for one segment to the account's country by its first route; None without one."""
    if wallet.holds_credits:
        return money.MICRO
    found = sorted(
        active_routes_by_country().get(account.country, ()),
        key=lambda route: (bool(route.prefixes or route.network), route.priority, route.code),
    )
    return wallet_price(found[0].price_micros, found[0].currency, 1, wallet.currency) if found else None
