"""The overview: today, the last weeks, what the gateways did, what failed last."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ...accounts import preferences
from ...accounts.service import AccountInfo
from ...core.languages import marked
from ...database import Row
from ...gateways import registry
from ...guards import burst_alerts
from ...messages.reporting import reasons, reports
from ...operations import notices as operators
from ...operations import onboarding
from ...routing.pricing import home_price
from ...wallets.service import WalletInfo, list_wallets
from .. import current_account
from ..charts import stacked
from ..current_account import account
from ..filters import day
from ..sessions import actor

blueprint = Blueprint("overview", __name__)
PERIODS = (14, 30, 90)
LEGEND = (("delivered", marked("Delivered")), ("pending", marked("Under way")), ("failed", marked("Failed")))


@blueprint.get("/")
def index() -> ResponseReturnValue:
    at, days = account(), _period()
    volume = reports.volume(at, max(days, 2), actor=actor())
    today, yesterday = volume[-1], volume[-2]
    chosen = preferences.first_steps(actor(), at)
    delivered, failed = sum(row.delivered for row in volume), sum(row.failed for row in volume)
    return render_template(
        "overview/index.html",
        days=days,
        periods=PERIODS,
        volume=volume,
        today=today,
        yesterday=yesterday,
        change=reports.change(today.sent, yesterday.sent),
        rate=reports.delivery_rate(delivered, failed),
        delivered=delivered,
        failed=failed,
        sent=sum(row.sent for row in volume),
        legend=LEGEND,
        chart=stacked(
            [(day(row.date), {"delivered": row.delivered, "pending": row.pending, "failed": row.failed}) for row in volume]
        ),
        wallets=[_wallet(at, row) for row in list_wallets(at.id, actor=actor())],
        bursts=burst_alerts.recent(actor=actor()) if current_account.may_operate() else [],
        gateways=reports.gateway_health(at.id, actor=actor()) if current_account.may_operate() else [],
        known_gateways=_gateways_to_open(),
        failures=reports.last_failures(at.id, actor=actor()),
        reason=lambda row: reasons.of(row, actor=actor()),
        notices=operators.brief(actor=actor()) if current_account.may_operate() else [],
        steps=None if chosen.is_hidden else onboarding.steps_of(at, chosen.reader, actor=actor()),
        rate_of=reports.delivery_rate,
    )


def _gateways_to_open() -> frozenset[str]:
    """Those that have a page for whoever looks: none but an operator sees gateways."""
    return frozenset(registry.gateways()) if current_account.may_operate() else frozenset()


def _period() -> int:
    text = request.args.get("days", "")
    return int(text) if text in map(str, PERIODS) else PERIODS[0]


def _wallet(at: AccountInfo, row: Row) -> dict:
    """A wallet with about how many messages to the account's country it pays for."""
    price = home_price(at, WalletInfo.of(row))
    return {
        "uid": row["uid"],
        "name": row["name"],
        "currency": row["currency"],
        "balance_micros": row["balance_micros"],
        "is_sandbox": row["is_sandbox"],
        "left": (row["balance_micros"] + row["credit_limit_micros"]) // price if price else None,
    }
