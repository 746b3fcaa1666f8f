"""Price lists: what the accounts that have one pay for a segment, in place of their routes' prices."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import OPERATE, Actor
from ..core import networks
from ..core.errors import PriceListNotFound
from ..core.languages import sentence
from ..database import Reader, Row, Tx, cached, query


class ListPrice(NamedTuple):
    """Of a segment in micro-units of the list's currency: to a country, or to one of its networks, or to a prefix (MSISDN
    with ``+``); once ``from_segments`` were accepted in the month."""

    country: str
    network: str | None
    prefix: str | None
    from_segments: int
    price_micros: int

    @classmethod
    def of(cls, row: Row) -> ListPrice:
        prefix = "+" + row["prefix"] if row["prefix"] else None
        return cls(row["country"], row["network"] or None, prefix, row["from_segments"], row["price_micros"])


class PriceList(NamedTuple):
    id: int
    name: str
    currency: str
    prices: tuple[ListPrice, ...]
    by_country: dict[str, tuple[ListPrice, ...]]

    @property
    def has_tiers(self) -> bool:
        return any(price.from_segments for price in self.prices)

    def price_of(self, country: str, e164: str, reached: int) -> int | None:
        """Micro-units of a segment to a number by its longest prefix, else its network, else its country; None: the list
        has none. Of tiers the highest that ``reached`` segments come to."""
        fitting = self._reached(country, reached)
        by_prefix = [price for price in fitting if price.prefix is not None and e164.startswith(price.prefix)]
        if by_prefix:
            return max(by_prefix, key=lambda price: (len(price.prefix or ""), price.from_segments)).price_micros
        if any(price.network is not None for price in fitting):
            network = networks.by_prefix(country, e164)
            return _highest(fitting, network) if network else _highest(fitting, None)
        return _highest(fitting, None)

    def price_of_part(self, country: str, network: str | None, prefixes: tuple[str, ...], reached: int) -> int | None:
        """The same of all numbers of a route: those of its network or of its prefixes, or the whole country."""
        if prefixes:
            return self.price_of(country, prefixes[0], reached)
        return _highest(self._reached(country, reached), network)

    def _reached(self, country: str, reached: int) -> list[ListPrice]:
        return [price for price in self.by_country.get(country, ()) if price.from_segments <= reached]


def _highest(fitting: list[ListPrice], network: str | None) -> int | None:
    """The network's price by its highest tier, else the country's."""
    plain = [price for price in fitting if price.prefix is None]
    mine = [price for price in plain if price.network is not None and price.network == network]
    found = mine or [price for price in plain if price.network is None]
    return max(found, key=lambda price: price.from_segments).price_micros if found else None


def _list_of(row: Row, prices: list[ListPrice]) -> PriceList:
    by_country: dict[str, tuple[ListPrice, ...]] = {}
    for price in prices:
        by_country[price.country] = (*by_country.get(price.country, ()), price)
    return PriceList(row["id"], row["name"], row["currency"], tuple(prices), by_country)


LISTS = "SELECT * FROM price_lists ORDER BY name"
PRICES = "SELECT * FROM list_prices ORDER BY country, network, prefix, from_segments"


def all_lists(tx: Tx | None = None) -> dict[int, PriceList]:
    """By their ids, in the order of their names."""

    def load(reader: Reader) -> dict[int, PriceList]:
        prices: dict[int, list[ListPrice]] = {}
        for row in reader.all(PRICES):
            prices.setdefault(row["price_list_id"], []).append(ListPrice.of(row))
        return {row["id"]: _list_of(row, prices.get(row["id"], [])) for row in reader.all(LISTS)}

    return cached("price-lists", load, tx)


def named(name: str, *, actor: Actor) -> PriceList:
    """PriceListNotFound."""
    roles.require(actor, OPERATE)
    found = next((known for known in all_lists().values() if known.name == name.strip()), None)
    if found is None:
        raise PriceListNotFound(sentence("There is no price list named %(name)s", name=name.strip()[:60]))
    return found


ACCOUNTS = "SELECT id, name, price_list_id FROM accounts WHERE price_list_id IS NOT NULL ORDER BY id"


class OnList(NamedTuple):
    """An account that pays a list's prices."""

    id: int
    name: str


def accounts_by_list(*, actor: Actor) -> dict[int, list[OnList]]:
    """List's id → the accounts that pay its prices."""
    roles.require(actor, OPERATE)
    found: dict[int, list[OnList]] = {}
    for row in query(ACCOUNTS):
        found.setdefault(row["price_list_id"], []).append(OnList(row["id"], row["name"]))
    return found
