"""Routes: which gateway carries a number, and at what price."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..core import clock, money, networks
from ..core.errors import InvalidInput, RouteNotFound
from ..core.languages import sentence
from ..database import Reader, Row, Tx, atomic, cached
from .prefixes import digits, known_country, known_network
from .rates import rates

MOST_WEIGHT = 1000
CODE = re.compile(r"^[A-Za-z0-9_\-]{1,40}$")


class RouteInfo(NamedTuple):
    """``prefixes`` are MSISDN prefixes with ``+``, longest first; price in micro-units of ``currency`` a segment, and
    what the carrier takes for it in those of ``cost_currency``: the price where nothing else was told.

    ``network``: the numbers of its prefixes, too, which are told by `core.networks`. ``weight``: its share among equals.
    """

    code: str
    name: str
    country: str
    prefixes: tuple[str, ...]
    gateway: str | None
    price_micros: int
    currency: str
    priority: int
    default_sender: str | None
    refund_failed_delivery: bool
    is_active: bool
    network: str | None = None
    weight: int = 1
    resend_undelivered: bool = False
    cost_micros: int = 0
    cost_currency: str = ""
    is_cost_told: bool = False

    @classmethod
    def of(cls, row: Row) -> RouteInfo:
        prefixes = sorted(("+" + part for part in row["prefixes"].split(",") if part), key=len, reverse=True)
        return cls(
            row["code"],
            row["name"],
            row["country"],
            tuple(prefixes),
            row["gateway"],
            row["price_micros"],
            row["currency"],
            row["priority"],
            row["default_sender"],
            bool(row["refund_failed_delivery"]),
            bool(row["is_active"]),
            row["network"],
            row["weight"],
            bool(row["resend_undelivered"]),
            row["price_micros"] if row["cost_micros"] is None else row["cost_micros"],
            row["cost_currency"] or row["currency"],
            row["cost_micros"] is not None,
        )

    def match_length(self, e164: str) -> int:
        """Length of the longest prefix that fits, 0 for the whole country, -1 when none fits."""
        if not self.prefixes and self.network is None:
            return 0
        given = next((len(prefix) for prefix in self.prefixes if e164.startswith(prefix)), -1)
        return given if self.network is None else max(given, networks.match_length(self.country, self.network, e164))

    def shares_numbers_with(self, other: RouteInfo) -> bool:
        """Whether there may be numbers of the country that both carry, as far as their beginnings tell."""
        if None not in (self.network, other.network) and not self.prefixes and not other.prefixes:
            return self.network == other.network
        return any(
            one.startswith(another) or another.startswith(one) for one in self._beginnings() for another in other._beginnings()
        )

    def _beginnings(self) -> tuple[str, ...]:
        """What its numbers begin with; an empty text where it carries the whole country."""
        if not self.prefixes and self.network is None:
            return ("",)
        of_network = networks.msisdn_prefixes(self.country, self.network) if self.network is not None else ()
        return self.prefixes + of_network


def all_routes(tx: Tx | None = None) -> tuple[RouteInfo, ...]:
    return cached("routes", lambda reader: tuple(map(RouteInfo.of, reader.all("SELECT * FROM routes ORDER BY id"))), tx)


def routes_by_gateway() -> dict[str, list[RouteInfo]]:
    """The routes that lead to each gateway, those that are off too; in the order of their codes."""
    found: dict[str, list[RouteInfo]] = {}
    for route in sorted(all_routes(), key=lambda route: route.code):
        if route.gateway is not None:
            found.setdefault(route.gateway, []).append(route)
    return found


def find_route(code: str, tx: Tx | None = None) -> RouteInfo:
    for route in all_routes(tx):
        if route.code == code:
            return route
    raise RouteNotFound


def active_routes_by_country(tx: Tx | None = None) -> dict[str, tuple[RouteInfo, ...]]:
    def load(_reader: Reader) -> dict[str, tuple[RouteInfo, ...]]:
        table: dict[str, list[RouteInfo]] = {}
        for route in all_routes(tx):
            if route.is_active:
                table.setdefault(route.country, []).append(route)
        return {country: tuple(found) for country, found in table.items()}

    return cached("active-routes", load, tx)


def candidates(country: str, e164: str, code: str | None = None, tx: Tx | None = None) -> list[RouteInfo]:
    """Active routes for a number: longest matching prefix first, then lowest priority number. ``code`` forces one."""
    fitting = []
    for route in active_routes_by_country(tx).get(country, ()):
        length = route.match_length(e164)
        if length >= 0 and (code is None or route.code == code):
            fitting.append((-length, route.priority, route.code, route))
    return [entry[3] for entry in sorted(fitting)] if len(fitting) > 1 else [entry[3] for entry in fitting]


def wallet_price(price_micros: int, currency: str, segments: int, wallet_currency: str, tx: Tx | None = None) -> int | None:
    """What ``segments`` cost a wallet, in its micro-units; None when a rate is missing. Credits: one a segment."""
    if wallet_currency == money.CREDITS:
        return segments * money.MICRO
    if wallet_currency == currency:
        return money.price(price_micros, segments)
    table = rates(tx)
    if currency not in table or wallet_currency not in table:
        return None
    return money.price(price_micros, segments, from_per_usd=table[currency], to_per_usd=table[wallet_currency])


def switch_route(code: str, on: bool, *, actor: Actor) -> RouteInfo:
    """On: it is a candidate again. Off: nothing goes over it; what was composed with it still does."""
    roles.require(actor, OPERATE)
    find_route(code)
    with atomic() as tx:
        if tx.changed("UPDATE routes SET is_active = ? WHERE code = ? AND is_active <> ?", (int(on), code, int(on))):
            audit_log.record(tx, actor=actor, action="route.enable" if on else "route.disable", subject=code)
    return find_route(code)


def _cost_currency(cost_micros: int | None, currency: str | None) -> str | None:
    """As it is kept: none where it is the price's."""
    currency = (currency or "").strip().upper() or None
    if cost_micros is not None and cost_micros < 0:
        raise InvalidInput("A cost is not negative", {"cost": ["A cost is not negative"]})
    if currency is not None and not money.is_currency(currency):
        told = sentence("%(currency)s is not an ISO 4217 currency", currency=currency)
        raise InvalidInput(told, {"cost_currency": [told]})
    if currency is not None and cost_micros is None:
        told = sentence("A currency of the cost needs a cost")
        raise InvalidInput(told, {"cost_currency": [told]})
    return currency


SET_ROUTE = """
    INSERT INTO routes (code, name, country, prefixes, gateway, price_micros, currency, priority, default_sender,
        refund_failed_delivery, network, weight, resend_undelivered, cost_micros, cost_currency, is_active, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name, country = excluded.country, prefixes = excluded.prefixes,
        gateway = excluded.gateway, price_micros = excluded.price_micros, currency = excluded.currency,
        priority = excluded.priority, default_sender = excluded.default_sender,
        refund_failed_delivery = excluded.refund_failed_delivery, network = excluded.network,
        weight = excluded.weight, resend_undelivered = excluded.resend_undelivered,
        cost_micros = excluded.cost_micros, cost_currency = excluded.cost_currency, is_active = 1
"""


def set_route(
    *,
    code: str,
    country: str,
    gateway: str | None,
    price_micros: int,
    currency: str,
    prefixes: list[str] | None = None,
    priority: int = 0,
    default_sender: str | None = None,
    refund_failed_delivery: bool = False,
    name: str | None = None,
    network: str | None = None,
    weight: int = 1,
    resend_undelivered: bool = False,
    cost_micros: int | None = None,
    cost_currency: str | None = None,
    actor: Actor,
) -> RouteInfo:
    """Make a route or change it as a whole. ``cost_micros`` of a segment at the carrier, in the price's currency if in no other."""
    roles.require(actor, OPERATE)
    currency = currency.strip().upper()
    if not CODE.match(code):
        raise InvalidInput(sentence("%(code)s is not a route code: letters, digits, _ and -", code=f"{code!r}"))
    country = known_country(country)
    if not money.is_currency(currency):
        raise InvalidInput(sentence("%(currency)s is not an ISO 4217 currency", currency=currency))
    if price_micros < 0:
        raise InvalidInput("A price is not negative")
    if not 0 <= weight <= MOST_WEIGHT:
        told = sentence("A weight is a whole number from 0 to %(most)s, not %(weight)s", most=MOST_WEIGHT, weight=weight)
        raise InvalidInput(told, {"weight": [told]})
    of_network = known_network(country, network)
    cost_currency = _cost_currency(cost_micros, cost_currency)
    cleaned = [digits(country, prefix) for prefix in prefixes or []]
    with atomic() as tx:
        before = next((_told(route) for route in all_routes(tx) if route.code == code), None)
        tx.execute(
            SET_ROUTE,
            (
                code,
                name or code.replace("_", " "),
                country,
                ",".join(cleaned),
                gateway,
                price_micros,
                currency,
                priority,
                (default_sender or "").strip() or None,
                int(refund_failed_delivery),
                of_network,
                weight,
                int(resend_undelivered),
                cost_micros,
                cost_currency,
                clock.now_ms(),
            ),
        )
        after = RouteInfo.of(tx.all("SELECT * FROM routes WHERE code = ?", (code,))[0])
        audit_log.record(tx, actor=actor, action="route.set", subject=code, detail=audit_log.changes(before, _told(after)))
    return find_route(code)


def _told(route: RouteInfo) -> dict[str, object]:
    """Of a route, what the audit log tells."""
    return {
        "country": route.country,
        "gateway": route.gateway,
        "price": f"{money.text(route.price_micros)} {route.currency}",
        "cost": f"{money.text(route.cost_micros)} {route.cost_currency}" if route.is_cost_told else None,
        "prefixes": " ".join(route.prefixes),
        "network": route.network,
        "priority": str(route.priority),
        "weight": str(route.weight),
        "sender": route.default_sender,
        "refunds failures": route.refund_failed_delivery,
        "resends undelivered": route.resend_undelivered,
    }
