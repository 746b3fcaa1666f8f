"""Margins: what was sold and what it cost, from the roll-up (`state.margins`), in one currency at the rates of each day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...accounts import roles
from ...accounts.roles import OPERATE, Actor
from ...core import clock, money
from ...core.current_app import this_app
from ...core.errors import InvalidInput
from ...core.languages import sentence
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
    SELECT {columns} {rates_of} AS at_rates_of, w.purchase_currency, w.sms_rate_micros, d.cost_currency,
        sum(d.messages) AS messages, sum(d.segments) AS segments,
        sum(d.delivered) AS delivered, sum(d.failed) AS failed, sum(d.revenue_micros) AS revenue_micros,
        sum(d.cost_micros) AS cost_micros
    FROM margin_days d JOIN wallets w ON w.id = d.wallet_id WHERE d.day BETWEEN ? AND ?
    GROUP BY {groups} at_rates_of, w.purchase_currency, w.sms_rate_micros, d.cost_currency
"""
EACH = """
    SELECT {columns} d.day AS at_rates_of, w.purchase_currency, w.sms_rate_micros, d.cost_currency,
        d.messages, d.segments, d.delivered, d.failed, d.revenue_micros, d.cost_micros
    FROM margin_days d JOIN wallets w ON w.id = d.wallet_id WHERE d.day BETWEEN ? AND ? ORDER BY d.day, d.account_id
"""
"""The same where rows are told apart by everything: there is next to nothing to add up, and the database would sort for it."""
RATES_OF = "coalesce((SELECT max(r.day) FROM day_rates r WHERE r.day <= d.day), d.day)"
"""The day since which the rates of a row's day have held: what is added up before it is changed into another currency."""
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


def _in_money(micros: int, sms_rate_micros: int | None) -> int:
    """A wallet's micro-units in what it is bought with: credits are worth their rate."""
    return micros if sms_rate_micros is None else micros * sms_rate_micros // money.MICRO


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
        raise InvalidInput(
            sentence("%(currency)s is not an ISO 4217 currency", currency=currency), {"currency": ["Unknown currency"]}
        )
    unknown = [name for name in by if name not in DIMENSIONS]
    if unknown:
        raise InvalidInput(
            sentence(
                "%(unknown)s: margins are told by %(dimensions)s", unknown=", ".join(unknown), dimensions=", ".join(DIMENSIONS)
            ),
            {"by": ["Unknown"]},
        )
    first, last = (_day(text) if text else bound for text, bound in ((since, FIRST), (until, LAST)))
    if first > last:
        raise InvalidInput("A period ends on the day it begins or later", {"to": ["Before the first day"]})
    columns = "".join(f"{DIMENSIONS[name]} AS of_{name}, " for name in by)
    groups = "".join(f"{DIMENSIONS[name]}, " for name in by)
    statement = (EACH if set(by) == set(DIMENSIONS) else SUMS).format(
        columns=columns, groups=groups, rates_of="d.day" if "day" in by else RATES_OF
    )
    sums, missing = _added_up(query(statement, (first, last)), by, currency, months)
    rows = [Margin(key, *added) for key, added in sums.items()]
    if "day" in by:
        day = by.index("day")
        rows.sort(key=lambda row: (row.by[day], row.by))
    else:
        rows.sort(key=lambda row: (-row.margin_micros, tuple(map(str, row.by))))
    total = Margin((), *map(sum, zip(*sums.values(), strict=True))) if sums else Margin((), 0, 0, 0, 0, 0, 0)
    return Report(currency, rows, total, sorted(missing))


def _day(text: str) -> str:
    try:
        return clock.days_before(text.strip(), 0)
    except ValueError as error:
        raise InvalidInput(sentence("%(text)s is no day such as 2026-11-30", text=f"{text[:40]!r}"), {"day": ["No day"]}) from error


def _added_up(found: list[Any], by: Sequence[str], currency: str, months: bool) -> tuple[dict[tuple, list[int]], set[str]]:
    """Of each kind of row its sums, in the order of `Margin`. By places, not names: there may be a row a day for each of all."""
    rates = DayRates()
    day = by.index("day") if months and "day" in by else None
    sums: dict[tuple, list[int]] = {}
    for row in found:
        *key, at, bought_with, sms_rate, paid_in, messages, segments, delivered, failed, revenue, cost = row
        if day is not None:
            key[day] = key[day][:7]
        added = sums.setdefault(tuple(key), [0] * 6)
        added[0] += messages
        added[1] += segments
        added[2] += delivered
        added[3] += failed
        added[4] += rates.convert(_in_money(revenue, sms_rate), bought_with, currency, at) or 0
        added[5] += rates.convert(cost, paid_in, currency, at) or 0
    return {key: added for key, added in sums.items() if any(added)}, rates.missing


def today() -> str:
    """In the operator's zone."""
    return clock.day_of(clock.now_ms(), this_app().config["WESEND"].time_zone)
