"""Verifications: how many were started and approved, what they cost, and the latest; never a code."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ...accounts.sides import LIVE
from ...core import phones
from ...verification import reading
from ...verification.reading import Figures, Wanted
from ..current_account import account
from ..filters import WORDS
from ..paging import page
from ..query_args import choice, text
from ..sessions import actor

blueprint = Blueprint("verifications", __name__, url_prefix="/verifications")
PERIODS = (7, 30, 90)


@blueprint.get("")
def index() -> ResponseReturnValue:
    at, days = account(), _period()
    status, to = choice("status", reading.STATUSES), text("to", 40)
    phone = phones.normalise(to, at.country)
    wanted = Wanted(at.id, status=status or None, phone=(phone.e164 if phone else to) or None)
    figures = reading.figures_of_days(at, days, actor=actor())
    return render_template(
        "verifications/index.html",
        page=page(lambda before, limit: reading.newest(wanted, before, limit, actor=actor())),
        figures=figures,
        live=_together([each for each in figures if each.side == LIVE] or figures),
        days=days,
        periods=PERIODS,
        statuses={name: WORDS[name] for name in reading.STATUSES},
        status=status,
        to=to,
    )


def _period() -> int:
    given = request.args.get("days", "")
    return int(given) if given in map(str, PERIODS) else 30


def _together(figures: Sequence[Figures]) -> dict:
    """The sums of a side; costs by currency."""
    started, approved = sum(each.started for each in figures), sum(each.by_status[reading.APPROVED] for each in figures)
    costs: dict[str, int] = {}
    for each in figures:
        costs[each.currency] = costs.get(each.currency, 0) + each.cost_micros
    return {"started": started, "approved": approved, "rate": reading.rate(approved, started), "costs": costs}
