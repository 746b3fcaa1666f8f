"""Operator: what the business brings in, by month, customer and route, and what is owed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...accounts.service import list_accounts
from ...core import clock, money
from ...messages.reporting import margins
from ...messages.reporting.margins import Margin
from ...routing.rates import list_rates
from ...wallets import service
from .. import charts
from ..csv_out import Figure, csv_file
from ..sessions import actor

blueprint = Blueprint("business", __name__, url_prefix="/operator/business")
MONTHS = 12
SHOWN = 5
COLUMNS = ("month", "messages", "segments", "delivered", "failed", "revenue", "cost", "margin", "margin_pct", "currency")


def _currency() -> str:
    asked = request.args.get("currency", "USD").strip().upper()
    return asked if money.is_currency(asked) else "USD"


def _first_day() -> str:
    """Of the twelve months that are shown."""
    month = margins.today()[:7]
    for _ in range(MONTHS - 1):
        month = clock.days_before(f"{month}-01", 1)[:7]
    return f"{month}-01"


def _by_month(currency: str) -> list[Margin]:
    """All twelve, those without a message too."""
    found = margins.report(since=_first_day(), by=["day"], currency=currency, months=True, actor=actor())
    known = {row.by[0]: row for row in found.rows}
    months = [_first_day()[:7]]
    while months[-1] < margins.today()[:7]:
        months.append(clock.days_before(f"{months[-1]}-28", -7)[:7])
    return [known.get(month, Margin((month,), 0, 0, 0, 0, 0, 0)) for month in months]


@blueprint.get("")
def index() -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    currency, since = _currency(), _first_day()
    months = _by_month(currency)
    customers = margins.report(since=since, by=["account"], currency=currency, actor=actor())
    routes = margins.report(since=since, by=["route"], currency=currency, actor=actor())
    return render_template(
        "business/index.html",
        currency=currency,
        currencies=sorted({"USD", currency, *(row["currency"] for row in list_rates())}),
        months=months,
        chart=charts.stacked([(row.by[0], _bars(row)) for row in months], labels=MONTHS),
        total=customers.total,
        missing=customers.missing,
        customers=_ends(customers.rows),
        routes=_ends(routes.rows),
        names={row["id"]: row["name"] for row in list_accounts(actor=actor())},
        owed=service.owed(actor=actor()),
    )


def _bars(row: Margin) -> dict[str, int]:
    """In hundredths of the currency: what the carriers take of the revenue and what is left, or what is lost."""
    cost, margin = row.cost_micros // 10_000, row.margin_micros // 10_000
    return {"cost": cost, "margin": margin} if margin >= 0 else {"cost": cost + margin, "loss": -margin}


def _ends(rows: list[Margin]) -> tuple[list[Margin], list[Margin]]:
    """The best, and the worst of the others, worst first."""
    return rows[:SHOWN], list(reversed(rows[SHOWN:][-SHOWN:]))


@blueprint.get("/months.csv")
def download() -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    currency = _currency()
    rows = [_cells(row, currency) for row in _by_month(currency)]

    def all_at_once(_place: None) -> tuple[list[list[Any]], None]:
        return rows, None

    return csv_file("business.csv", COLUMNS, all_at_once, of_everybody=True)


def _cells(row: Margin, currency: str) -> list[Any]:
    amounts = (Figure(money.text(micros)) for micros in (row.revenue_micros, row.cost_micros, row.margin_micros))
    return [row.by[0], row.messages, row.segments, row.delivered, row.failed, *amounts, row.margin_pct, currency]
