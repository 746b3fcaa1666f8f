"""`/routes`, `/routes/health`, `/pricing`."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...accounts.sides import LIVE, SANDBOX
from ...core import clock, countries, money
from ...core.current_request import this_g
from ...gateways import breaker
from ...messages.reporting import reports
from ...routing import published
from ...routing.pricing import Tariff, Unit
from ...routing.routes import RouteInfo, all_routes, find_route
from ...wallets.service import wallets_of_side
from ..dialect import account, actor, side

blueprint = Blueprint("routes", __name__)
OK_RATE, WARN_RATE = 80, 50


@blueprint.get("/routes")
def list_routes() -> ResponseReturnValue:
    tariff = Tariff(account(), side())
    return [_shown(route, tariff) for route in all_routes()]


@blueprint.get("/routes/<code>")
def show_route(code: str) -> ResponseReturnValue:
    return _shown(find_route(code), Tariff(account(), side()))


def _of_sandbox() -> list[RouteInfo]:
    """The live routes at published prices, and a way to every other country."""
    live = [published.priced(route) for route in all_routes()]
    reached = {route.country for route in live if route.is_active}
    return live + [route for route in published.all_routes() if route.country not in reached]


@blueprint.get("/pricing")
def show_pricing() -> ResponseReturnValue:
    """Nobody need show a key. To one its account's prices are shown; to a sandbox wallet's the sandbox's, which reaches every
    country."""
    if this_g().get("key") is None:
        return [_shown(route, None) for route in all_routes() if route.is_active]
    tariff = Tariff(account(), side())
    routes = _of_sandbox() if side() == SANDBOX else all_routes()
    return [_shown(route, tariff) for route in routes if route.is_active]


def _shown(route: RouteInfo, tariff: Tariff | None) -> dict:
    """At the price of the key's account; without a key at the route's."""
    unit = tariff.of_route(route) if tariff is not None else Unit(route.price_micros, route.currency)
    return {
        "code": route.code,
        "name": route.name,
        "country_code": route.country,
        "country_name": countries.name(route.country),
        "currency": unit.currency,
        "price_per_segment": money.number(unit.price_micros),
        "sender_id_default": route.default_sender,
        "is_active": route.is_active,
    }


@blueprint.get("/routes/health")
def show_health() -> ResponseReturnValue:
    """The last 14 days of the key's side of the account by route; down is one, too, whose gateway rests after failures:
    for live sends, since the sandbox's never go by it."""
    today = clock.day_of(clock.now_ms(), account().time_zone)
    counted = reports.route_health(
        account().id,
        clock.days_before(today, reports.PERIOD_DAYS - 1),
        wallet_ids=wallets_of_side(account().id, side()),
        actor=actor(),
    )
    ill = breaker.on_trial() if side() == LIVE else frozenset()
    return [_health(route, counted.get(route.code, reports.RouteHealth(0, 0, 0)), route.gateway in ill) for route in all_routes()]


def _health(route: RouteInfo, counts: reports.RouteHealth, rests: bool) -> dict:
    known = counts.delivered + counts.failed > 0
    rate = reports.delivery_rate(counts.delivered, counts.failed) if known else 100.0
    status = "down" if rests else "ok" if rate >= OK_RATE else "warn" if rate >= WARN_RATE else "down"
    return {
        "code": route.code,
        "country_code": route.country,
        "total": counts.total,
        "delivered": counts.delivered,
        "failed": counts.failed,
        "delivery_rate": rate,
        "status": status,
    }
