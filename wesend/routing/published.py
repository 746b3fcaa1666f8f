"""What is published of the sandbox, whatever the live routes are: it reaches every country, at prices that never change."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers

from ..accounts.service import AccountInfo
from ..core import countries, money
from .routes import RouteInfo

SENDERS = ("MYBRAND", "MyApp")
"""The sandbox account's sender IDs, approved everywhere."""
PRICES = {
    "UG": (35 * money.MICRO, "UGX"),
    "KE": (1_200_000, "KES"),
    "TZ": (30 * money.MICRO, "TZS"),
    "RW": (20 * money.MICRO, "RWF"),
    "NG": (9_100_000, "NGN"),
    "GH": (90_000, "GHS"),
    "ZM": (700_000, "ZMW"),
}
"""Country → micro-units a segment, and their currency: those of a fresh instance's routes."""
ELSEWHERE = (50_000, "USD")


@lru_cache(maxsize=512)
def route_to(country: str) -> RouteInfo:
    """The sandbox's way to a country."""
    price_micros, currency = PRICES.get(country, ELSEWHERE)
    return RouteInfo(
        code=f"ESMS_{country}",
        name=countries.name(country),
        country=country,
        prefixes=(),
        gateway=None,
        price_micros=price_micros,
        currency=currency,
        priority=0,
        default_sender=None,
        refund_failed_delivery=False,
        is_active=True,
        cost_micros=price_micros,
        cost_currency=currency,
    )


def all_routes() -> list[RouteInfo]:
    """To every country that there are numbers of."""
    return [route_to(country) for country in sorted(phonenumbers.SUPPORTED_REGIONS)]


def priced(route: RouteInfo) -> RouteInfo:
    """A live route as the sandbox goes by it: at the published price."""
    published = route_to(route.country)
    return route._replace(price_micros=published.price_micros, currency=published.currency)


def way(country: str, live: list[RouteInfo], code: str | None) -> RouteInfo | None:
    """How the sandbox reaches a country, where ``live`` routes lead there, too; None where ``code`` names another way."""
    if live:
        return priced(live[0])
    published = route_to(country)
    return published if code is None or code == published.code else None


def is_sender(account: AccountInfo, name: str) -> bool:
    """Whether a sender ID is one of the sandbox's own."""
    return account.is_sandbox and name.casefold() in {sender.casefold() for sender in SENDERS}
