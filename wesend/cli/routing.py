"""`wesend route`, `wesend rate`."""

from __future__ import annotations

import click

from .. import money
from ..errors import InvalidInput
from ..routing import rates, routes
from ..upstreams import registry, service
from .shared import ACTOR, AMOUNT, command


@click.group()
def route():
    """Routes and prices: set."""


@command("set", click.argument("code"), click.option("--country", required=True, metavar="CODE", help="ISO 3166: UG."),
         click.option("--gateway", required=True, metavar="NAME",
                      help="The gateway that carries it (`wesend gateway list`)."),
         click.option("--price", type=AMOUNT, required=True, help="Price of one segment."),
         click.option("--currency", required=True, metavar="CODE", help="Of the price, ISO 4217: UGX."),
         click.option("--prefix", "prefixes", multiple=True, metavar="DIGITS",
                      help="Only numbers that start so, e.g. 25677; repeatable."),
         click.option("--priority", type=int, default=0, help="Lowest first among equal prefixes (0)."),
         click.option("--default-sender", default=None, metavar="NAME", help="Sender when a message names none."),
         click.option("--refund-failed-delivery", is_flag=True, help="Refund failures that a receipt reports."),
         group=route)
def set_route(code, country, gateway, price, currency, prefixes, priority, default_sender, refund_failed_delivery):
    """Create a route or replace it: which gateway carries a country's messages, at what price.

    The longest prefix that fits is tried first, then the lowest priority; the next when a gateway is down.
    """
    gateway = service.named(gateway)
    if registry.sms_gateway(gateway) is None:
        raise InvalidInput(f"There is no SMS gateway named {gateway}")
    info = routes.set_route(code=code, country=country, gateway=gateway, price_micros=price, currency=currency,
                            prefixes=list(prefixes), priority=priority, default_sender=default_sender,
                            refund_failed_delivery=refund_failed_delivery, actor=ACTOR)
    return ({"code": info.code, "name": info.name, "country": info.country, "gateway": info.gateway,
             "price": money.text(info.price_micros), "currency": info.currency,
             "prefixes": [prefix.lstrip("+") for prefix in info.prefixes], "priority": info.priority,
             "default_sender": info.default_sender, "refund_failed_delivery": info.refund_failed_delivery,
             "is_active": info.is_active},
            f"Route {info.code}: {info.country} by {info.gateway} at {money.text(info.price_micros)} {info.currency}.")


@click.group()
def rate():
    """Exchange rates: set."""


@command("set", click.argument("currency"), click.argument("per_usd", type=AMOUNT), group=rate)
def set_rate(currency, per_usd):
    """Set how many units of a currency one USD is."""
    currency = currency.upper()
    rates.set_rate(currency, per_usd, actor=ACTOR)
    return ({"currency": currency, "per_usd": money.number(per_usd)}, f"1 USD = {money.text(per_usd)} {currency}")


COMMANDS = (route, rate)
