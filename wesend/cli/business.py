"""`wesend report`: what the business brings in."""

from __future__ import annotations

import click

from ..core import money
from ..core.csv_cells import safe_cell
from ..messages.reporting import margins
from ..messages.reporting.margins import Margin
from .shared import ACTOR, Answer, command, write_csv

FIGURES = ("messages", "segments", "delivered", "failed", "revenue", "cost", "margin", "margin_pct", "currency")


@click.group()
def report() -> None:
    """Reports of the business: margin."""


@command(
    "margin",
    click.option("--from", "since", default=None, metavar="DAY", help="First day, as 2026-11-01 (all)."),
    click.option("--to", "until", default=None, metavar="DAY", help="Last day (today)."),
    click.option("--by", default="", metavar="LIST", help=f"Comma list of {','.join(margins.DIMENSIONS)} (one row)."),
    click.option("--currency", default="USD", metavar="CODE", help="In which amounts are told (USD)."),
    click.option("--csv", "path", default=None, metavar="FILE", help="Write it as CSV, too."),
    group=report,
)
def report_margin(since: str | None, until: str | None, by: str, currency: str, path: str | None) -> Answer:
    """Tell what was sold, what it cost at the carriers, and what is left, at the rates of each day."""
    names = tuple(dict.fromkeys(name.strip().lower() for name in by.split(",") if name.strip()))
    found = margins.report(since=since, until=until, by=names, currency=currency, actor=ACTOR)
    rows = [_row(names, row, found.currency) for row in found.rows]
    if path is not None:
        write_csv(path, (*names, *FIGURES), [_cells(row) for row in rows])
    if found.missing:
        click.echo(f"Note: there is no exchange rate for {', '.join(found.missing)}: its amounts are left out.", err=True)
    total = _row((), found.total, found.currency)
    lines = [_line(names, row) for row in rows]
    return (
        {"rows": rows, "total": total, "currency": found.currency, "from": since, "to": until, "by": list(names)},
        "\n".join([*lines, *([_line((), total)] if names or not rows else [])]),
    )


def _row(names: tuple[str, ...], row: Margin, currency: str) -> dict:
    return {
        **dict(zip(names, row.by, strict=True)),
        "messages": row.messages,
        "segments": row.segments,
        "delivered": row.delivered,
        "failed": row.failed,
        "revenue": money.text(row.revenue_micros),
        "cost": money.text(row.cost_micros),
        "margin": money.text(row.margin_micros),
        "margin_pct": row.margin_pct,
        "currency": currency,
    }


def _cells(row: dict) -> list[str]:
    """Figures of ours stay figures, a leading minus and all."""
    return [safe_cell(value) if name not in FIGURES else "" if value is None else str(value) for name, value in row.items()]


def _line(names: tuple[str, ...], row: dict) -> str:
    of = "  ".join(str(row[name]) or "none" for name in names) or "in all"
    pct = "–" if row["margin_pct"] is None else f"{row['margin_pct']} %"
    return (
        f"{of}: {row['messages']:,} messages, {row['segments']:,} segments, {row['delivered']:,} delivered, {row['failed']:,} failed;"
        f" revenue {row['revenue']}, cost {row['cost']}, margin {row['margin']} {row['currency']} ({pct})"
    )


COMMANDS = (report,)
