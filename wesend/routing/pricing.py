"""What one segment costs a wallet: its account's price list, else the route's price."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts.service import AccountInfo
from ..accounts.sides import SANDBOX, Side
from ..core import clock, money
from ..database import Tx, reading
from ..wallets.service import WalletInfo
from . import price_lists, published
from .routes import RouteInfo, active_routes_by_country, wallet_price

ACCEPTED = """
    SELECT coalesce(sum(segments), 0) FROM daily_counts
    WHERE account_id = ? AND wallet_id IN (SELECT id FROM wallets WHERE account_id = ? AND is_sandbox = 0)
        AND day BETWEEN ? AND ?
"""


class Unit(NamedTuple):
    """The price of one segment, in micro-units of ``currency``."""

    price_micros: int
    currency: str


class Tariff:
    """What an account pays on a side of it, fixed when this is made: a send has one tier, however large it is.

    Lists are for live wallets: the sandbox's prices are published, and the same for everybody.
    Two sends that are composed at the same time see the same count, and so may both go at the tier before a border; what is
    composed after one of them was accepted goes at the next.
    """

    def __init__(self, account: AccountInfo, side: Side, tx: Tx | None = None):
        chosen = None if side == SANDBOX else account.price_list_id
        self.list = None if chosen is None else price_lists.all_lists(tx).get(chosen)
        self.reached = accepted_this_month(account, tx) if self.list is not None and self.list.has_tiers else 0

    def of_number(self, route: RouteInfo, e164: str) -> Unit:
        """A segment to a number that goes by a route."""
        found = None if self.list is None else self.list.price_of(route.country, e164, self.reached)
        return Unit(route.price_micros, route.currency) if found is None else self._listed(found)

    def of_route(self, route: RouteInfo) -> Unit:
        """A segment to the numbers of a route, as far as one price holds for all of them."""
        found = None
        if self.list is not None:
            found = self.list.price_of_part(route.country, route.network, route.prefixes, self.reached)
        return Unit(route.price_micros, route.currency) if found is None else self._listed(found)

    def _listed(self, price_micros: int) -> Unit:
        assert self.list is not None
        return Unit(price_micros, self.list.currency)


def accepted_this_month(account: AccountInfo, tx: Tx | None = None) -> int:
    """SMS segments of the account's live wallets that were accepted in the calendar month, in its zone."""
    month = clock.day_of(clock.now_ms(), account.time_zone)[:7]
    values = (account.id, account.id, f"{month}-01", f"{month}-31")
    row = reading(tx).one(ACCEPTED, values)
    assert row is not None
    return row[0]


def home_price(account: AccountInfo, wallet: WalletInfo) -> int | None:
    """Micro-units of the wallet for one segment to the account's country by its first route; None without one."""
    if wallet.holds_credits:
        return money.MICRO
    if wallet.is_sandbox:
        route = published.route_to(account.country)
        return wallet_price(route.price_micros, route.currency, 1, wallet.currency)
    first = first_route(account.country)
    if first is None:
        return None
    unit = Tariff(account, wallet.side).of_route(first)
    return wallet_price(unit.price_micros, unit.currency, 1, wallet.currency)


def first_route(country: str, tx: Tx | None = None) -> RouteInfo | None:
    """The route of most of a country's numbers."""
    found = sorted(
        active_routes_by_country(tx).get(country, ()),
        key=lambda route: (bool(route.prefixes or route.network), route.priority, route.code),
    )
    return found[0] if found else None
