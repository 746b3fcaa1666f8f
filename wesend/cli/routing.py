"""`wesend route`, `wesend rate`."""

from __future__ import annotations

import re

import click

from ..core import clock, money, networks
from ..core.errors import InvalidInput
from ..gateways import registry, service
from ..routing import rates, routes, strategies
from .shared import ACTOR, AMOUNT, WHOLE, WORDED, Answer, command


@click.group()
def route() -> None:
    """Routes and prices: set, list."""


@command(
    "set",
    click.argument("code"),
    click.option("--country", required=True, metavar="CODE", help="ISO 3166: UG."),
    click.option("--gateway", required=True, metavar="NAME", help="The gateway that carries it (`wesend gateway list`)."),
    click.option("--price", type=AMOUNT, required=True, help="Price of one segment."),
    click.option("--currency", required=True, metavar="CODE", help="Of the price, ISO 4217: UGX."),
    click.option("--cost", type=AMOUNT, default=None, help="What a segment costs at the carrier (the price)."),
    click.option("--cost-currency", default=None, metavar="CODE", help="Of the cost (the price's)."),
    click.option(
        "--prefix", "prefixes", multiple=True, metavar="DIGITS", help="Only numbers that start so, e.g. 25677; repeatable."
    ),
    click.option(
        "--network", type=WORDED, default=None, metavar="NAME", help="Only numbers of this network, by their prefixes: MTN."
    ),
    click.option("--priority", type=WHOLE, default=0, help="Lowest first among equal prefixes (0)."),
    click.option(
        "--weight", type=WHOLE, default=1, metavar="N", help="Share among equals, by prefix and priority (1); 0: failover."
    ),
    click.option("--resend-undelivered", is_flag=True, help="Send once more, by another route, what a receipt says failed."),
    click.option("--default-sender", default=None, metavar="NAME", help="Sender when a message names none."),
    click.option("--refund-failed-delivery", is_flag=True, help="Refund failures that a receipt reports."),
    group=route,
)
def set_route(
    code: str,
    country: str,
    gateway: str,
    price: int,
    currency: str,
    cost: int | None,
    cost_currency: str | None,
    prefixes: tuple[str, ...],
    network: str | None,
    priority: int,
    weight: int,
    resend_undelivered: bool,
    default_sender: str | None,
    refund_failed_delivery: bool,
) -> Answer:
    """Create a route or replace it: which gateway carries a country's messages, at what price.

    The longest prefix that fits is tried first, then the lowest priority; the next when a gateway is down.
    """
    gateway = service.named(gateway)
    if registry.sms_gateway(gateway) is None:
        raise InvalidInput(f"There is no SMS gateway named {gateway}")
    info = routes.set_route(
        code=code,
        country=country,
        gateway=gateway,
        price_micros=price,
        currency=currency,
        cost_micros=cost,
        cost_currency=cost_currency,
        prefixes=list(prefixes),
        network=network,
        priority=priority,
        weight=weight,
        resend_undelivered=resend_undelivered,
        default_sender=default_sender,
        refund_failed_delivery=refund_failed_delivery,
        actor=ACTOR,
    )
    return (
        _route(info),
        f"Route {info.code}: {info.country} by {info.gateway} at {money.text(info.price_micros)} {info.currency}.",
    )


@command(
    "strategy",
    click.argument("country"),
    click.option("--prefix", default="", metavar="DIGITS", help="Only numbers that start so, e.g. 25677."),
    click.option("--strategy", required=True, metavar="priority|cost|quality", help="By what routes are ordered."),
    group=route,
)
def set_strategy(country: str, prefix: str, strategy: str) -> Answer:
    """Order a country's routes by priority, by what a segment costs at the carrier, or by what is delivered.

    The longest prefix is first always. By cost or quality, a route that delivers much worse than another goes behind it.
    """
    row = strategies.set_strategy(country, prefix, strategy, actor=ACTOR)
    found = {"country": row["country"], "prefix": row["prefix"] or None, "strategy": row["strategy"]}
    return found, f"Routes of {row['country']} {row['prefix']} are ordered by {row['strategy']}.".replace("  ", " ")


@command(
    "quality",
    click.argument("code"),
    click.argument("decision", metavar="auto|keep|lower"),
    click.option("--for", "duration", default=None, metavar="2h", help="For so long: 30m, 2h, 1d (until another word)."),
    group=route,
)
def decide_quality(code: str, decision: str, duration: str | None) -> Answer:
    """Keep a route in its place whatever it delivers, lower it behind all others, or leave that to what is measured."""
    state = strategies.decide(code, decision, None if duration is None else _milliseconds(duration), actor=ACTOR)
    now = clock.now_ms()
    found = {
        "code": code,
        "quality": state.decided(now),
        "until": None if state.decided_until is None else clock.iso(state.decided_until),
        "lowered": state.is_lowered(now),
        "why": state.why,
    }
    return found, f"Route {code}: {found['quality']}" + (f" until {found['until']}" if found["until"] else "") + "."


def _milliseconds(text: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,4})([smhd])", text.strip().lower())
    if found is None:
        raise InvalidInput(f"--for takes a duration such as 30m, 2h or 1d, not {text!r}")
    return int(found[1]) * {"s": clock.SECOND, "m": clock.MINUTE, "h": clock.HOUR, "d": clock.DAY}[found[2]]


def _route(info: routes.RouteInfo) -> dict:
    return {
        "code": info.code,
        "name": info.name,
        "country": info.country,
        "gateway": info.gateway,
        "price": money.text(info.price_micros),
        "currency": info.currency,
        "cost": money.text(info.cost_micros),
        "cost_currency": info.cost_currency,
        "prefixes": [prefix.lstrip("+") for prefix in info.prefixes],
        "network": info.network,
        "priority": info.priority,
        "weight": info.weight,
        "resend_undelivered": info.resend_undelivered,
        "default_sender": info.default_sender,
        "refund_failed_delivery": info.refund_failed_delivery,
        "is_active": info.is_active,
    }


@command("list", group=route)
def list_routes() -> Answer:
    """List the routes; those without a gateway carry nothing yet."""
    rows = [_route(info) for info in sorted(routes.all_routes(), key=lambda info: (info.country, info.priority, info.code))]
    return {"routes": rows}, "\n".join(_route_line(row) for row in rows) or "No routes yet."


def _route_line(row: dict) -> str:
    return (
        f"{row['code']:<16} {row['country']}  {row['gateway'] or 'no gateway':<16} {row['price']} {row['currency']}"
        + (f"  only {', '.join(row['prefixes'])}" if row["prefixes"] else "")
        + (f"  {row['network']} only" if row["network"] else "")
        + (f"  priority {row['priority']}" if row["priority"] else "")
        + (f"  weight {row['weight']}" if row["weight"] != 1 else "")
        + (
            f"  costs {row['cost']} {row['cost_currency']}"
            if (row["cost"], row["cost_currency"]) != (row["price"], row["currency"])
            else ""
        )
        + ("  resends" if row["resend_undelivered"] else "")
        + ("" if row["is_active"] else "  off")
    )


@command("networks", click.argument("country", metavar="[COUNTRY]", required=False))
def list_networks(country: str | None) -> Answer:
    """List the networks of a country, or of all that are known, with the prefixes of their numbers; porting is not seen."""
    if country is not None and not networks.plan_of(country.upper()):
        raise InvalidInput(f"No networks of {country.upper()} are known: {', '.join(networks.countries())} are")
    rows = [
        {"country": code, "network": network, "prefixes": list(prefixes)}
        for code in ([country.upper()] if country is not None else networks.countries())
        for network, prefixes in networks.plan_of(code).items()
        if network
    ]
    return {"networks": rows}, "\n".join(f"{row['country']}  {row['network']:<12} {', '.join(row['prefixes'])}" for row in rows)


@click.group()
def rate() -> None:
    """Exchange rates: set, list."""


@command("set", click.argument("currency"), click.argument("per_usd", type=AMOUNT), group=rate)
def set_rate(currency: str, per_usd: int) -> Answer:
    """Set how many units of a currency one USD is."""
    currency = currency.upper()
    rates.set_rate(currency, per_usd, actor=ACTOR)
    return ({"currency": currency, "per_usd": money.number(per_usd)}, f"1 USD = {money.text(per_usd)} {currency}")


@command("list", group=rate)
def list_rates() -> Answer:
    """List the rates and when they were set."""
    found = rates.list_rates()
    rows = [
        {"currency": row["currency"], "per_usd": money.number(row["per_usd_micros"]), "updated_at": clock.iso(row["updated_at"])}
        for row in found
    ]
    return {"rates": rows}, "\n".join(
        f"1 USD = {money.text(row['per_usd_micros'])} {row['currency']}" for row in found
    ) or "No rates yet."


COMMANDS = (route, rate, list_networks)
