"""What one segment costs a wallet: its account's price list, else the route's price."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts.service import AccountInfo
from ..accounts.sides import SANDBOX, Side
from ..core import clock, money
from ..database import Tx
from ..wallets.service import WalletInfo
from . import price_lists, published
from .routes import RouteInfo, active_routes_by_country, wallet_price
from .tiers import Month, Tier


class Unit(NamedTuple):
    """The price of one segment, in micro-units of ``currency``."""

    price_micros: int
    currency: str


class Tariff:
    """What an account pays on a side of it: a send has one tier, however large it is.

    Lists are for live wallets: the sandbox's prices are published, and the same for everybody. What the account has come to
    in the month is read once, when a price is first asked for.
    """

    def __init__(self, account: AccountInfo, side: Side, tx: Tx | None = None):
        chosen = None if side == SANDBOX else account.price_list_id
        self.list = None if chosen is None else price_lists.all_lists(tx).get(chosen)
        self.borders = () if self.list is None else self.list.borders
        self.account = account
        self._reached: int | None = None if self.borders else 0
        self._tx = tx
        self.month = Month(account.id, clock.day_of(clock.now_ms(), account.time_zone)[:7])  # in which this is made

    @property
    def reached(self) -> int:
        """Segments in the month so far."""
        if self._reached is None:
            self._reached = self.month.accepted(self._tx)
        return self._reached

    def expect(self) -> None:
        """Go by what this process saw last: for what is paid for while its `tier` holds, and otherwise priced anew."""
        if self.borders:
            self._reached = self.month.accepted_when_last_seen()

    def look_again(self) -> None:
        """Go by what the month has come to now."""
        self._reached = None if self.borders else 0

    @property
    def tier(self) -> Tier | None:
        """In which its prices hold; None: in any."""
        return Tier.of(self.borders, self.month, self.reached) if self.borders else None

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


def home_price(account: AccountInfo, wallet: WalletInfo, segments: int = 1) -> int | None:
    """Micro-units of the wallet for a message of so many segments to the account's country by its first route, as it would be
    charged: rounded once. None without such a route."""
    if wallet.holds_credits:
        return segments * money.MICRO
    if wallet.is_sandbox:
        route = published.route_to(account.country)
        return wallet_price(route.price_micros, route.currency, segments, wallet.currency)
    first = first_route(account.country)
    if first is None:
        return None
    unit = Tariff(account, wallet.side).of_route(first)
    return wallet_price(unit.price_micros, unit.currency, segments, wallet.currency)


def first_route(country: str, tx: Tx | None = None) -> RouteInfo | None:
    """The route of most of a country's numbers."""
    found = sorted(
        active_routes_by_country(tx).get(country, ()),
        key=lambda route: (bool(route.prefixes or route.network), route.priority, route.code),
    )
    return found[0] if found else None
