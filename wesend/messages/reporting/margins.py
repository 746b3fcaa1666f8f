"""Margins: what was sold and what it cost, from the roll-up (`state.margins`), in one currency at the rates of each day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...accounts import roles
from ...accounts.roles import OPERATE, Actor
from ...core import clock, money
from ...core.current_app import this_app
from ...core.errors import InvalidInput
from ...database import query
from ...routing.rates import DayRates

DIMENSIONS = {
    "account": "d.account_id",
    "route": "d.route",
    "gateway": "d.gateway",
    "country": "d.country",
    "network": "d.network",
    "day": "d.day",
}
"""What rows may be told apart by, and its column."""
SUMS = """
    SELECT {columns} d.day AS at_rates_of, d.wallet_id, d.cost_currency, sum(d.messages) AS messages, sum(d.segments) AS segments,
        sum(d.delivered) AS delivered, sum(d.failed) AS failed, sum(d.revenue_micros) AS revenue_micros,
        sum(d.cost_micros) AS cost_micros
    FROM margin_days d WHERE d.day BETWEEN ? AND ?
    GROUP BY {groups} d.day, d.wallet_id, d.cost_currency
"""
FIRST, LAST = "0001-01-01", "9999-12-31"


class Margin(NamedTuple):
    """``by``: what the row is of, as it was asked for; amounts in micro-units of the report's currency."""

    by: tuple[Any, ...]
    messages: int
    segments: int
    delivered: int
    failed: int
    revenue_micros: int
    cost_micros: int

    @property
    def margin_micros(self) -> int:
        return self.revenue_micros - self.cost_micros

    @property
    def margin_pct(self) -> float | None:
        """Of the revenue; None where there is none."""
        return round(100 * self.margin_micros / self.revenue_micros, 2) if self.revenue_micros else None


class Report(NamedTuple):
    """``missing``: currencies that no rate is set for, whose amounts are left out."""

    currency: str
    rows: list[Margin]
    total: Margin
    missing: list[str]


class _Money(NamedTuple):
    """What a wallet's micro-units are in money: of a credit wallet, its rate times as much of what credits are bought in."""

    currency: str
    rate_micros: int | None

    def of(self, micros: int) -> int:
        return micros if self.rate_micros is None else micros * self.rate_micros // money.MICRO


def report(
    *,
    since: str | None = None,
    until: str | None = None,
    by: Sequence[str] = (),
    currency: str = "USD",
    months: bool = False,
    actor: Actor,
) -> Report:
    """Days ``YYYY-MM-DD`` of the operator's zone, both inclusive; rows by ``by``, best margin first but for days, which are in
    their order. ``months``: days are added up to months. InvalidInput."""
    roles.require(actor, OPERATE)
    currency = currency.strip().upper()
    if not money.is_currency(currency):
        raise InvalidInput(f"{currency} is not an ISO 4217 currency", {"currency": ["Unknown currency"]})
    unknown = [name for name in by if name not in DIMENSIONS]
    if unknown:
        raise InvalidInput(f"{', '.join(unknown)}: margins are told by {', '.join(DIMENSIONS)}", {"by": ["Unknown"]})
    first, last = (_day(text) if text else bound for text, bound in ((since, FIRST), (until, LAST)))
    if first > last:
        raise InvalidInput("A period ends on the day it begins or later", {"to": ["Before the first day"]})
    columns = "".join(f"{DIMENSIONS[name]} AS of_{name}, " for name in by)
    groups = "".join(f"{DIMENSIONS[name]}, " for name in by)
    rows, missing = _added_up(query(SUMS.format(columns=columns, groups=groups), (first, last)), by, currency, months)
    if "day" in by:
        rows.sort(key=lambda row: (row.by[by.index("day")], row.by))
    else:
        rows.sort(key=lambda row: (-row.margin_micros, tuple(map(str, row.by))))
    total = Margin((), *(sum(row[place] for row in rows) for place in range(1, len(Margin._fields))))
    return Report(currency, rows, total, sorted(missing))


def _day(text: str) -> str:
    try:
        return clock.days_before(text.strip(), 0)
    except ValueError as error:
        raise InvalidInput(f"{text[:40]!r} is no day such as 2026-11-30", {"day": ["No day"]}) from error


def _added_up(found: list[Any], by: Sequence[str], currency: str, months: bool) -> tuple[list[Margin], set[str]]:
    rates, wallets = DayRates(), _wallets()
    sums: dict[tuple, list[int]] = {}
    missing: set[str] = set()
    for row in found:
        key = tuple(row[f"of_{name}"] for name in by)
        if months:
            key = tuple(value[:7] if name == "day" else value for name, value in zip(by, key, strict=True))
        wallet = wallets[row["wallet_id"]]
        added = sums.setdefault(key, [0] * 6)
        for place, name in enumerate(("messages", "segments", "delivered", "failed")):
            added[place] += row[name]
        amounts = ((wallet.of(row["revenue_micros"]), wallet.currency), (row["cost_micros"], row["cost_currency"]))
        for place, (micros, of_currency) in enumerate(amounts, 4):
            converted = rates.convert(micros, of_currency, currency, row["at_rates_of"])
            if converted is None:
                missing.add(of_currency if rates.on(of_currency, row["at_rates_of"]) is None else currency)
            added[place] += converted or 0
    return [Margin(key, *added) for key, added in sums.items() if any(added)], missing


def _wallets() -> dict[int, _Money]:
    rows = query("SELECT id, currency, purchase_currency, sms_rate_micros FROM wallets")
    return {row["id"]: _Money(row["purchase_currency"], row["sms_rate_micros"]) for row in rows}


def today() -> str:
    """In the operator's zone."""
    return clock.day_of(clock.now_ms(), this_app().config["WESEND"].time_zone)
