"""What two-way SMS costs: fees and prices in USD, of a country or as a service keeps them, in a wallet's currency."""

from __future__ import annotations

from typing import NamedTuple

import phonenumbers

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..accounts.service import get_account
from ..core import clock, money
from ..core.errors import InvalidInput, NoRoute
from ..core.languages import sentence
from ..core.phones import Phone
from ..database import Row, Tx, atomic, query, reading
from ..database.rows import TwoWayPriceRow, TwoWayServiceRow
from ..gateways import registry
from ..routing import pricing, routes
from ..wallets.service import WalletInfo, wallet_by_id

USD = "USD"
BASIC, CUSTOM = "basic", "custom"


class CountryPrice(NamedTuple):
    """Micro-units of USD. ``basic``: the country's route's price; None without a route; prices None: there is none."""

    country: str
    setup_fee: int
    monthly_fee: int
    keyword_fee: int
    basic: int | None
    source: str
    inbound: int | None
    outbound: int | None
    toll_free: int | None
    networks: tuple[str, ...]
    is_available: bool


def of_country(country: str, tx: Tx | None = None) -> CountryPrice:
    row = reading(tx).one("SELECT * FROM two_way_prices WHERE country = ?", (country,))
    return _put_together(country, row, basic_price(country, tx))


def _put_together(country: str, row: Row | None, basic: int | None) -> CountryPrice:
    own_in = row["inbound_price_micros"] if row else None
    own_out = row["outbound_price_micros"] if row else None
    outbound = basic if own_out is None else own_out
    inbound = (None if outbound is None else 0) if own_in is None else own_in
    return CountryPrice(
        country,
        row["setup_fee_micros"] if row else 0,
        row["monthly_fee_micros"] if row else 0,
        row["keyword_fee_micros"] if row else 0,
        basic,
        BASIC if own_in is None and own_out is None else CUSTOM,
        inbound,
        outbound,
        row["toll_free_price_micros"] if row else None,
        tuple(filter(None, row["networks"].split(","))) if row else (),
        outbound is not None and (row is None or row["is_on"] == 1),
    )


def basic_price(country: str, tx: Tx | None = None) -> int | None:
    """Of a segment to the country by its first route, in USD; None without a route, or a rate."""
    first = pricing.first_route(country, tx)
    return routes.wallet_price(first.price_micros, first.currency, 1, USD, tx) if first else None


def all_countries() -> list[CountryPrice]:
    """Every country that has a route or a price, by its code."""
    rows = {row["country"]: row for row in query("SELECT * FROM two_way_prices")}
    codes = sorted({*rows, *routes.active_routes_by_country()})
    return [_put_together(code, rows.get(code), basic_price(code)) for code in codes]


SET_PRICE = """
    INSERT INTO two_way_prices (country, setup_fee_micros, monthly_fee_micros, keyword_fee_micros, inbound_price_micros,
        outbound_price_micros, toll_free_price_micros, networks, is_on, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (country) DO UPDATE SET setup_fee_micros = excluded.setup_fee_micros,
        monthly_fee_micros = excluded.monthly_fee_micros, keyword_fee_micros = excluded.keyword_fee_micros,
        inbound_price_micros = excluded.inbound_price_micros, outbound_price_micros = excluded.outbound_price_micros,
        toll_free_price_micros = excluded.toll_free_price_micros, networks = excluded.networks, is_on = excluded.is_on,
        updated_at = excluded.updated_at
"""
COLUMNS = (
    "setup_fee_micros",
    "monthly_fee_micros",
    "keyword_fee_micros",
    "inbound_price_micros",
    "outbound_price_micros",
    "toll_free_price_micros",
)
FEES = COLUMNS[:3]


def set_price(
    country: str, changes: dict[str, int], *, networks: list[str] | None = None, on: bool = True, actor: Actor
) -> CountryPrice:
    """Set what is given, by column; the rest stays. ``on`` False: nothing new can be asked for there."""
    roles.require(actor, OPERATE)
    country = country.strip().upper()
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput(sentence("%(country)s is not an ISO 3166 country code", country=country))
    if any(value < 0 for value in changes.values()):
        raise InvalidInput("A price is not negative")
    with atomic() as tx:
        before: TwoWayPriceRow | None = tx.one("SELECT * FROM two_way_prices WHERE country = ?", (country,))
        values: dict[str, int | None] = {name: 0 if name in FEES else None for name in COLUMNS}
        if before is not None:
            values = {
                "setup_fee_micros": before["setup_fee_micros"],
                "monthly_fee_micros": before["monthly_fee_micros"],
                "keyword_fee_micros": before["keyword_fee_micros"],
                "inbound_price_micros": before["inbound_price_micros"],
                "outbound_price_micros": before["outbound_price_micros"],
                "toll_free_price_micros": before["toll_free_price_micros"],
            }
        was = None if before is None else _told(values, before["networks"])
        values |= changes
        named = before["networks"] if networks is None and before is not None else ",".join(networks or [])
        tx.execute(SET_PRICE, (country, *values.values(), named, int(on), clock.now_ms()))
        told = audit_log.changes(was, _told(values, named))
        switched = _switched(None if before is None else before["is_on"] == 1, on)
        detail = ", ".join(part for part in ("" if told == "unchanged" and switched else told, switched) if part)
        audit_log.record(tx, actor=actor, action="two_way.price", subject=country, detail=detail)
    return of_country(country)


def _told(values: dict[str, int | None], networks: str | None) -> dict[str, object]:
    """Of a country's prices, what the audit log tells."""
    prices = {name.removesuffix("_micros"): None if value is None else money.text(value) for name, value in values.items()}
    return {**prices, "network": (networks or "").replace(",", " ") or None}


def _switched(was: bool | None, on: bool) -> str:
    if was is None:
        return "" if on else "off"
    return "" if was == on else f"{'on' if was else 'off'} → {'on' if on else 'off'}"


def in_currency(usd_micros: int, wallet: WalletInfo, tx: Tx | None = None) -> int | None:
    """An amount of USD in a wallet's currency, rounded once; of credits one for anything above zero. None: no rate."""
    return routes.wallet_price(usd_micros, USD, 1, wallet.currency, tx) if usd_micros else 0


def inbound_usd(service: TwoWayServiceRow, tx: Tx | None = None) -> int | None:
    """What a message to the service costs: as it was approved, else as the country has it; toll-free its own, where set."""
    if service["inbound_price_micros"] is not None:
        return service["inbound_price_micros"]
    country = of_country(service["country"], tx)
    return country.toll_free if service["toll_free"] == 1 and country.toll_free is not None else country.inbound


def outbound_usd(service: TwoWayServiceRow, tx: Tx | None = None) -> int | None:
    """What a segment of a reply costs, as far as it is the same for every number of the country; before the approval what
    it would keep."""
    if service["outbound_price_micros"] is not None:
        return service["outbound_price_micros"]
    if service["activated_at"] is None and (country := of_country(service["country"], tx)).source == CUSTOM:
        return country.outbound
    first = pricing.first_route(service["country"], tx)
    if first is None:
        return None
    unit = _tariff(service, tx).of_route(first)
    return routes.wallet_price(unit.price_micros, unit.currency, 1, USD, tx)


def _tariff(service: TwoWayServiceRow, tx: Tx | None) -> pricing.Tariff:
    return pricing.Tariff(get_account(service["account_id"], tx), wallet_by_id(service["wallet_id"], tx).side, tx)


class ReplyPrice(NamedTuple):
    """``cost_micros`` of the wallet's currency; the route it was found by (None: the service's own price), and its cost in
    the currency of the price."""

    cost_micros: int
    route: str | None
    route_cost_micros: int | None
    route_currency: str | None


def of_reply(service: TwoWayServiceRow, phone: Phone, segments: int, wallet: WalletInfo, tx: Tx | None = None) -> ReplyPrice:
    """The service's price, else that of any send of its account. NoRoute where there is none, or no rate."""
    if service["outbound_price_micros"] is not None:
        price, currency, route = service["outbound_price_micros"], USD, None
    else:
        found = routes.candidates(phone.country, phone.e164, tx=tx)
        if not found and wallet.holds_credits:
            return ReplyPrice(segments * money.MICRO, None, None, None)
        if not found:
            raise NoRoute
        known = registry.sms_gateways(tx)
        first = next((way for way in found if way.gateway in known), found[0])
        unit = _tariff(service, tx).of_number(first, phone.e164)
        price, currency, route = unit.price_micros, unit.currency, first.code
    cost = routes.wallet_price(price, currency, segments, wallet.currency, tx)
    if cost is None:
        raise NoRoute(
            sentence("There is no exchange rate from %(currency)s to %(currency2)s", currency=currency, currency2=wallet.currency)
        )
    return ReplyPrice(cost, route, money.price(price, segments), currency)
