"""Price lists: what the accounts that have one pay for a segment, in place of their routes' prices."""

from __future__ import annotations

from collections.abc import Iterable
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
    """``borders``: the counts of segments at which prices change, in ascending order; none: it has no tiers."""

    id: int
    name: str
    currency: str
    prices: tuple[ListPrice, ...]
    by_country: dict[str, tuple[ListPrice, ...]]
    borders: tuple[int, ...] = ()

    def price_of(self, country: str, e164: str, reached: int) -> int | None:
        """Micro-units of a segment to a number by its longest prefix, else its network, else its country; None: the list
        has none. Of tiers the highest that ``reached`` segments come to."""
        fitting = self._reached(country, reached)
        network = networks.by_prefix(country, e164) if any(price.network for price in fitting) else None
        return _most_special(
            price
            for price in fitting
            if (price.prefix is None or e164.startswith(price.prefix)) and (price.network is None or price.network == network)
        )

    def price_of_part(self, country: str, network: str | None, prefixes: tuple[str, ...], reached: int) -> int | None:
        """The same of all numbers of a route: those of its network or of its prefixes, or the whole country."""
        if prefixes:
            return self.price_of(country, prefixes[0], reached)
        fitting = self._reached(country, reached)
        return _most_special(price for price in fitting if price.prefix is None and price.network in (None, network))

    def _reached(self, country: str, reached: int) -> list[ListPrice]:
        return [price for price in self.by_country.get(country, ()) if price.from_segments <= reached]


def _most_special(fitting: Iterable[ListPrice]) -> int | None:
    found = max(fitting, key=_special, default=None)
    return found.price_micros if found is not None else None


def _special(price: ListPrice) -> tuple[int, bool, int]:
    return len(price.prefix or ""), price.network is not None, price.from_segments


def _list_of(row: Row, prices: list[ListPrice]) -> PriceList:
    by_country: dict[str, tuple[ListPrice, ...]] = {}
    for price in prices:
        by_country[price.country] = (*by_country.get(price.country, ()), price)
    borders = tuple(sorted({price.from_segments for price in prices if price.from_segments}))
    return PriceList(row["id"], row["name"], row["currency"], tuple(prices), by_country, borders)


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
